package ssm

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type describeInput struct {
	Filters []struct { // the deprecated form
		Key    *string
		Values []string
	}
	ParameterFilters []filterInput
	MaxResults       *int64
	NextToken        *string
	Shared           bool
}

// metadataOutput is the ParameterMetadata shape.
type metadataOutput struct {
	Name             string
	ARN              string
	Type             string
	KeyId            string `json:",omitempty"` // the wire name
	LastModifiedDate *wire.Time
	LastModifiedUser string
	Description      string `json:",omitempty"`
	AllowedPattern   string `json:",omitempty"`
	Version          int64
	Tier             string
	Policies         []policyOutput
	DataType         string
}

func (s *Service) describeParameters(c *wire.Call) (any, error) {
	var in describeInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	limit := pageSize(&constraints, in.MaxResults, MaxPage)
	checkFilterShapes(&constraints, in.ParameterFilters)
	in.checkOldFilters(&constraints)
	if err := constraints.Err("ValidationException"); err != nil {
		return nil, err
	}
	if len(in.Filters) > 0 && len(in.ParameterFilters) > 0 {
		return nil, wire.Errorf("ValidationException", "You can use either Filters or ParameterFilters in a single request.")
	}
	fs, err := parseFilters(in.ParameterFilters, describeFilters)
	if err != nil {
		return nil, err
	}
	for _, f := range in.Filters {
		option := "Equals"
		if *f.Key == "Name" {
			option = "BeginsWith"
		}
		fs = append(fs, filter{*f.Key, option, f.Values})
	}
	question := in.question()
	at, err := s.readToken(in.NextToken, c.Operation, question)
	if err != nil {
		return nil, err
	}
	out := struct {
		Parameters []metadataOutput
		NextToken  *string `json:",omitempty"`
	}{Parameters: []metadataOutput{}}
	if in.Shared {
		return &out, nil // nothing is shared with this account
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out.NextToken = s.page(s.under("", at.After), at, limit, c.Operation, question, func(name string, add bool) bool {
		p := s.find(name, c.Now)
		if p == nil {
			return false
		}
		v, _ := fs.version(p)
		if v != nil && add {
			out.Parameters = append(out.Parameters, metadataOutput{
				Name: p.name, ARN: s.arn(p.name), Type: v.kind, KeyId: v.keyID,
				LastModifiedDate: wire.NewTime(v.modified), LastModifiedUser: v.user,
				Description: v.description, AllowedPattern: v.pattern, Version: v.number, Tier: v.tier,
				Policies: policyOutputs(v.policies), DataType: v.dataType,
			})
		}
		return v != nil
	})
	return &out, nil
}

func (in describeInput) checkOldFilters(c *wire.Constraints) {
	for i, f := range in.Filters {
		member := fmt.Sprintf("filters.%d.member.", i+1)
		switch {
		case f.Key == nil:
			c.Required(member + "key")
		case !slices.Contains([]string{"Name", "Type", "KeyId"}, *f.Key):
			c.Add(member+"key", *f.Key, "Member must satisfy enum value set: [Type, KeyId, Name]")
		}
		if f.Values == nil {
			c.Required(member + "values")
		} else {
			c.Length(member+"values", f.Values, len(f.Values), 1, 50)
		}
	}
}

// question is what a token belongs to: everything asked for but the page.
func (in describeInput) question() string {
	in.NextToken, in.MaxResults = nil, nil
	b, err := json.Marshal(in)
	if err != nil {
		panic(err) // a struct of plain fields always encodes
	}
	return string(b)
}
