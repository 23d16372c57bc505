package logs

import (
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type tagsOutput struct {
	Tags map[string]string `json:"tags"`
}

// reservedTags refuses keys that only AWS may set.
func reservedTags(tags map[string]string) error {
	for key := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return errInvalid("aws: prefixed tag key names are not allowed for external use.")
		}
	}
	return nil
}

// tag adds tags to a group, up to 50.
func (g *group) tag(tags map[string]string, arn string) error {
	if err := reservedTags(tags); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	all := maps.Clone(g.tags)
	maps.Copy(all, tags)
	if len(all) > maxTags {
		return &wire.Error{Code: "TooManyTagsException", Message: "A resource can have no more than 50 tags.",
			Fields: map[string]any{"resourceName": arn}}
	}
	g.tags = all
	return nil
}

func (g *group) untag(keys []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := maps.Clone(g.tags)
	for _, key := range keys {
		delete(all, key)
	}
	g.tags = all
}

// tagList is a snapshot: maps of tags are replaced, not changed.
func (g *group) tagList() map[string]string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.tags
}

// resource finds the group of a tagging operation. Its ARN is the one without ":*".
func (s *Service) resource(v *violations, arn *string) (*group, error) {
	v.text("resourceArn", arn, true, maxARN, arnPattern)
	if err := v.err(); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(*arn, "arn:") {
		return nil, errInvalid("The specified resource ARN is not valid: %s", *arn)
	}
	g, err := s.identified(*arn)
	if err != nil {
		return nil, wire.Errorf("ResourceNotFoundException", "The specified resource does not exist.")
	}
	return g, nil
}

func (v *violations) tagKeys(member string, keys []string, minimum, maximum int) {
	if keys == nil {
		v.Required(member)
		return
	}
	v.Length(member, keys, len(keys), minimum, maximum)
	for i, key := range keys {
		v.Length(fmt.Sprintf("%s.%d.member", member, i+1), key, utf8.RuneCountInString(key), 1, maxTagKey)
	}
}

func (s *Service) tagResource(c *wire.Call) (any, error) {
	var in struct {
		ResourceARN *string           `json:"resourceArn"`
		Tags        map[string]string `json:"tags"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	if in.Tags == nil {
		v.Required("tags")
	} else {
		v.tags(in.Tags)
	}
	g, err := s.resource(&v, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return nil, g.tag(in.Tags, *in.ResourceARN)
}

func (s *Service) untagResource(c *wire.Call) (any, error) {
	var in struct {
		ResourceARN *string  `json:"resourceArn"`
		TagKeys     []string `json:"tagKeys"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.tagKeys("tagKeys", in.TagKeys, 0, maxTags)
	g, err := s.resource(&v, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	g.untag(in.TagKeys)
	return nil, nil
}

func (s *Service) listTagsForResource(c *wire.Call) (any, error) {
	var in struct {
		ResourceARN *string `json:"resourceArn"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	g, err := s.resource(new(violations), in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &tagsOutput{g.tagList()}, nil
}

// The operations by name are deprecated, and still used.

func (s *Service) tagLogGroup(c *wire.Call) (any, error) {
	var in struct {
		LogGroupName *string           `json:"logGroupName"`
		Tags         map[string]string `json:"tags"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.logGroupName(in.LogGroupName, true)
	if in.Tags == nil {
		v.Required("tags")
	} else {
		v.tags(in.Tags)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	g, err := s.group(*in.LogGroupName)
	if err != nil {
		return nil, err
	}
	err = g.tag(in.Tags, g.name)
	if e, ok := err.(*wire.Error); ok && e.Code == "TooManyTagsException" {
		err = errInvalid("%s", e.Message) // this operation has no exception of its own for it
	}
	return nil, err
}

func (s *Service) untagLogGroup(c *wire.Call) (any, error) {
	var in struct {
		LogGroupName *string  `json:"logGroupName"`
		Tags         []string `json:"tags"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.logGroupName(in.LogGroupName, true)
	v.tagKeys("tags", in.Tags, 1, maxTags)
	if err := v.err(); err != nil {
		return nil, err
	}
	g, err := s.group(*in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.untag(in.Tags)
	return nil, nil
}

func (s *Service) listTagsLogGroup(c *wire.Call) (any, error) {
	g, err := s.onlyGroup(c)
	if err != nil {
		return nil, err
	}
	return &tagsOutput{g.tagList()}, nil
}
