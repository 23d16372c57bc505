package ssm

import (
	"slices"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func checkName(c *wire.Constraints, member string, name *string) {
	if name == nil {
		c.Required(member)
		return
	}
	c.Length(member, *name, utf8.RuneCountInString(*name), 1, maxNameParameter)
}

func (s *Service) getParameter(c *wire.Call) (any, error) {
	var in struct {
		Name           *string
		WithDecryption bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	checkName(&constraints, "name", in.Name)
	if err := constraints.Err("ValidationException"); err != nil {
		return nil, err
	}
	r, err := s.parseReference(c, *in.Name)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, v, err := s.resolve(r, c.Now)
	if err != nil {
		return nil, err
	}
	return &struct{ Parameter parameterOutput }{s.output(p, v, r.selector, in.WithDecryption)}, nil
}

func (s *Service) getParameters(c *wire.Call) (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	out := struct {
		Parameters        []parameterOutput
		InvalidParameters []string
	}{[]parameterOutput{}, []string{}}
	// The answer is in alphabetical order, and a name that was asked for twice is answered once.
	names := slices.Clone(in.Names)
	slices.Sort(names)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, name := range slices.Compact(names) {
		r, err := s.parseReference(c, name)
		if err == errNameForm { // this very error
			return nil, err
		}
		var p *parameter
		var v *version
		if err == nil {
			p, v, err = s.resolve(r, c.Now)
		}
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		out.Parameters = append(out.Parameters, s.output(p, v, r.selector, in.WithDecryption))
	}
	return &out, nil
}

func checkNames(names []string) error {
	var constraints wire.Constraints
	if names == nil {
		constraints.Required("names")
	} else {
		constraints.Length("names", names, len(names), 1, MaxNames)
	}
	for _, name := range names {
		checkName(&constraints, "names", &name)
	}
	return constraints.Err("ValidationException")
}

// historyOutput is the ParameterHistory shape.
type historyOutput struct {
	Name             string
	Type             string
	KeyId            string `json:",omitempty"` // the wire name
	LastModifiedDate *wire.Time
	LastModifiedUser string
	Description      string `json:",omitempty"`
	Value            string
	AllowedPattern   string `json:",omitempty"`
	Version          int64
	Labels           []string
	Tier             string
	Policies         []policyOutput
	DataType         string
}

func (s *Service) getParameterHistory(c *wire.Call) (any, error) {
	var in struct {
		Name           *string
		WithDecryption bool
		MaxResults     *int64
		NextToken      *string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	checkName(&constraints, "name", in.Name)
	limit := pageSize(&constraints, in.MaxResults, MaxPage)
	if err := constraints.Err("ValidationException"); err != nil {
		return nil, err
	}
	r, err := s.parseReference(c, *in.Name)
	if err != nil {
		return nil, err
	}
	at, err := s.readToken(in.NextToken, c.Operation, *in.Name)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, _, err := s.resolve(reference{names: r.names}, c.Now)
	if err != nil {
		return nil, err
	}
	out := struct {
		Parameters []historyOutput
		NextToken  *string `json:",omitempty"`
	}{Parameters: []historyOutput{}}
	for _, v := range p.versions {
		if v.number <= at.Version {
			continue
		}
		if len(out.Parameters) == limit {
			out.NextToken = s.writeToken(c.Operation, *in.Name, walkPosition{Version: out.Parameters[limit-1].Version})
			break
		}
		out.Parameters = append(out.Parameters, historyOutput{
			Name: p.name, Type: v.kind, KeyId: v.keyID, LastModifiedDate: wire.NewTime(v.modified), LastModifiedUser: v.user,
			Description: v.description, Value: s.value(p, v, in.WithDecryption), AllowedPattern: v.pattern, Version: v.number,
			Labels: append([]string{}, v.labels...), Tier: v.tier, Policies: policyOutputs(v.policies), DataType: v.dataType,
		})
	}
	return &out, nil
}
