package ssm

import (
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// deleteParameter removes a parameter at once. A name may be used again directly, where AWS advises
// to wait for 30 seconds.
func (s *Service) deleteParameter(c *wire.Call) (any, error) {
	var in struct{ Name *string }
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	checkName(&constraints, "name", in.Name)
	if err := constraints.Err("ValidationException"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.named(c, *in.Name)
	if err != nil {
		return nil, err
	}
	s.remove(p.name)
	return &struct{}{}, nil
}

func (s *Service) deleteParameters(c *wire.Call) (any, error) {
	var in struct{ Names []string }
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	out := struct{ DeletedParameters, InvalidParameters []string }{[]string{}, []string{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range in.Names {
		p, err := s.named(c, name)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		s.remove(p.name)
		out.DeletedParameters = append(out.DeletedParameters, p.name)
	}
	return &out, nil
}
