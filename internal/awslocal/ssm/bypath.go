package ssm

import (
	"encoding/json"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type byPathInput struct {
	Path             *string
	Recursive        bool
	ParameterFilters []filterInput
	WithDecryption   bool
	MaxResults       *int64
	NextToken        *string `json:",omitempty"`
}

func (s *Service) getParametersByPath(c *wire.Call) (any, error) {
	var in byPathInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	checkName(&constraints, "path", in.Path)
	limit := pageSize(&constraints, in.MaxResults, MaxPageByPath)
	checkFilterShapes(&constraints, in.ParameterFilters)
	if err := constraints.Err("ValidationException"); err != nil {
		return nil, err
	}
	path := trim(*in.Path)
	if !validPath(path) {
		return nil, errPathForm
	}
	filters, err := parseFilters(in.ParameterFilters, byPathFilters)
	if err != nil {
		return nil, err
	}
	question := in.question()
	at, err := s.readToken(in.NextToken, c.Operation, question)
	if err != nil {
		return nil, err
	}
	out := struct {
		Parameters []parameterOutput
		NextToken  *string `json:",omitempty"`
	}{Parameters: []parameterOutput{}}
	s.mu.RLock()
	defer s.mu.RUnlock()
	prefix := pathPrefix(path)
	out.NextToken = s.page(s.under(prefix, at.After), at, limit, c.Operation, question, func(name string, add bool) bool {
		p := s.find(name, c.Now)
		if p == nil || !in.Recursive && strings.Contains(strings.TrimPrefix(name[len(prefix):], "/"), "/") {
			return false
		}
		v, selector := filters.version(p)
		if v != nil && add {
			out.Parameters = append(out.Parameters, s.output(p, v, selector, in.WithDecryption))
		}
		return v != nil
	})
	return &out, nil
}

// question is what a token belongs to: everything asked for but the page.
func (in byPathInput) question() string {
	in.NextToken, in.MaxResults = nil, nil
	b, err := json.Marshal(in)
	if err != nil {
		panic(err) // a struct of plain fields always encodes
	}
	return string(b)
}

// validPath tells whether a hierarchy is well formed; reserved prefixes may be read.
func validPath(path string) bool {
	if !strings.HasPrefix(path, "/") {
		return false
	}
	return path == "/" || namePattern.MatchString(strings.TrimSuffix(path, "/"))
}

// pathPrefix is how the names below a path begin. Names without any hierarchy belong to the root.
func pathPrefix(path string) string {
	if path == "/" {
		return ""
	}
	return strings.TrimSuffix(path, "/") + "/"
}
