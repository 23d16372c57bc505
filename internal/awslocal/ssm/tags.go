package ssm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// tag is the Tag shape.
type tag struct {
	Key   *string
	Value *string
}

var (
	tagPattern = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

	errTooManyTags = wire.Errorf("TooManyTagsError", "The Targets parameter includes too many tags. Remove one or more tags and try the command again.")

	resourceTypes = []string{"Document", "ManagedInstance", "MaintenanceWindow", "Parameter", "PatchBaseline", "OpsItem", "OpsMetadata", "Automation", "Association"}
)

func checkTags(c *wire.Constraints, tags []tag) {
	const pattern = `Member must satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`
	for i, t := range tags {
		member := fmt.Sprintf("tags.%d.member.", i+1)
		if t.Key == nil {
			c.Required(member + "key")
		} else {
			c.Length(member+"key", *t.Key, utf8.RuneCountInString(*t.Key), 1, 128)
			if !tagPattern.MatchString(*t.Key) {
				c.Add(member+"key", *t.Key, pattern)
			}
		}
		if t.Value == nil {
			c.Required(member + "value")
		} else {
			c.Length(member+"value", *t.Value, utf8.RuneCountInString(*t.Value), 0, 256)
			if !tagPattern.MatchString(*t.Value) {
				c.Add(member+"value", *t.Value, pattern)
			}
		}
	}
}

type tagInput struct {
	ResourceType *string
	ResourceId   *string // the wire name
	Tags         []tag
	TagKeys      []string
}

// decodeTags decodes a tag request and checks what all three have in common.
func decodeTags(c *wire.Call, required string) (tagInput, error) {
	var in tagInput
	if err := c.Decode(&in); err != nil {
		return in, err
	}
	var constraints wire.Constraints
	switch {
	case in.ResourceType == nil:
		constraints.Required("resourceType")
	case !slices.Contains(resourceTypes, *in.ResourceType):
		constraints.Add("resourceType", *in.ResourceType, fmt.Sprintf("Member must satisfy enum value set: %v", resourceTypes))
	}
	if in.ResourceId == nil {
		constraints.Required("resourceId")
	}
	if required == "tags" && in.Tags == nil || required == "tagKeys" && in.TagKeys == nil {
		constraints.Required(required)
	}
	checkTags(&constraints, in.Tags)
	return in, constraints.Err("ValidationException")
}

// tagged finds the parameter of a tag request.
func (s *Service) tagged(c *wire.Call, in tagInput) (*parameter, error) {
	if *in.ResourceType != "Parameter" {
		return nil, wire.Errorf("InvalidResourceType", "The resource type %s is not known to cloudwatch-local, which has parameters only.", *in.ResourceType)
	}
	p := s.find(trim(*in.ResourceId), c.Now)
	if p == nil {
		return nil, wire.Errorf("InvalidResourceId", "The resource ID %q isn't valid. Verify that you entered the correct ID and try again.", *in.ResourceId)
	}
	return p, nil
}

func (s *Service) addTagsToResource(c *wire.Call) (any, error) {
	return s.changeTags(c, "tags", func(p *parameter, in tagInput) error {
		tags := maps.Clone(p.tags)
		for _, t := range in.Tags {
			tags[*t.Key] = *t.Value
		}
		if len(tags) > MaxTags {
			return errTooManyTags
		}
		p.tags = tags
		return nil
	})
}

func (s *Service) removeTagsFromResource(c *wire.Call) (any, error) {
	return s.changeTags(c, "tagKeys", func(p *parameter, in tagInput) error {
		for _, key := range in.TagKeys {
			delete(p.tags, key)
		}
		return nil
	})
}

// changeTags lets change see the parameter of a tag request, in which the member required must stand.
func (s *Service) changeTags(c *wire.Call, required string, change func(*parameter, tagInput) error) (any, error) {
	in, err := decodeTags(c, required)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.tagged(c, in)
	if err != nil {
		return nil, err
	}
	if err := change(p, in); err != nil {
		return nil, err
	}
	return &struct{}{}, nil
}

func (s *Service) listTagsForResource(c *wire.Call) (any, error) {
	in, err := decodeTags(c, "")
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.tagged(c, in)
	if err != nil {
		return nil, err
	}
	out := struct{ TagList []tag }{[]tag{}}
	for _, key := range slices.Sorted(maps.Keys(p.tags)) {
		value := p.tags[key]
		out.TagList = append(out.TagList, tag{&key, &value})
	}
	return &out, nil
}
