package ssm

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const maxLabelLength = 100 // characters (service model)

var labelPattern = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]*$`)

// validLabel applies the rules for labels: letters, digits, period, hyphen and underscore, and
// neither a digit nor "aws" or "ssm" at the start.
func validLabel(label string) bool {
	lower := strings.ToLower(label)
	return len(label) <= maxLabelLength && labelPattern.MatchString(label) &&
		!strings.HasPrefix(lower, "aws") && !strings.HasPrefix(lower, "ssm")
}

type labelInput struct {
	Name             *string
	ParameterVersion *int64
	Labels           []string
}

func (in *labelInput) check(versionRequired bool) error {
	var c wire.Constraints
	checkName(&c, "name", in.Name)
	if in.ParameterVersion == nil && versionRequired {
		c.Required("parameterVersion")
	}
	if in.Labels == nil {
		c.Required("labels")
	} else {
		c.Length("labels", in.Labels, len(in.Labels), 1, MaxLabels)
	}
	for _, label := range in.Labels {
		if n := utf8.RuneCountInString(label); n < 1 || n > maxLabelLength {
			c.Add("labels", in.Labels, "Member must satisfy constraint: [Member must have length less than or equal to 100, Member must have length greater than or equal to 1]")
			break
		}
	}
	return c.Err("ValidationException")
}

// named finds a parameter by its plain name: no ARN, version or label.
func (s *Service) named(c *wire.Call, text string) (*parameter, error) {
	name := trim(text)
	if !namePattern.MatchString(name) || strings.Contains(name, "/") && name[0] != '/' {
		return nil, errNameForm
	}
	p := s.find(name, c.Now)
	if p == nil {
		return nil, errNotFound
	}
	return p, nil
}

func (s *Service) labelParameterVersion(c *wire.Call) (any, error) {
	return s.changeLabels(c, false, func(p *parameter, v *version, texts []string) (any, error) {
		out := struct {
			InvalidLabels    []string
			ParameterVersion int64
		}{[]string{}, v.number}
		labels := slices.Clone(v.labels)
		for _, label := range texts {
			switch {
			case !validLabel(label):
				out.InvalidLabels = append(out.InvalidLabels, label)
			case !slices.Contains(labels, label):
				labels = append(labels, label)
			}
		}
		if len(labels) > MaxLabels {
			return nil, wire.Errorf("ParameterVersionLabelLimitExceeded", "A parameter version can have maximum %d labels. Move one or more labels to another version and try again.", MaxLabels)
		}
		for _, other := range p.versions {
			if other != v { // a label moves
				other.labels = slices.DeleteFunc(other.labels, func(label string) bool { return slices.Contains(labels, label) })
			}
		}
		v.labels = labels
		return &out, nil
	})
}

func (s *Service) unlabelParameterVersion(c *wire.Call) (any, error) {
	return s.changeLabels(c, true, func(_ *parameter, v *version, texts []string) (any, error) {
		out := struct{ RemovedLabels, InvalidLabels []string }{[]string{}, []string{}}
		for _, label := range texts {
			if at := slices.Index(v.labels, label); at >= 0 {
				v.labels = slices.Delete(v.labels, at, at+1)
				out.RemovedLabels = append(out.RemovedLabels, label)
			} else {
				out.InvalidLabels = append(out.InvalidLabels, label)
			}
		}
		return &out, nil
	})
}

// changeLabels lets change see the version that a label request names; without a number, which only
// unlabelling requires, that is the latest.
func (s *Service) changeLabels(c *wire.Call, numbered bool, change func(*parameter, *version, []string) (any, error)) (any, error) {
	var in labelInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(numbered); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.named(c, *in.Name)
	if err != nil {
		return nil, err
	}
	v := p.latest()
	if in.ParameterVersion != nil {
		if v = p.numbered(*in.ParameterVersion); v == nil {
			return nil, versionNotFound(*in.ParameterVersion, p.name)
		}
	}
	return change(p, v, in.Labels)
}
