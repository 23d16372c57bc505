package ssm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// filterInput is the ParameterStringFilter shape.
type filterInput struct {
	Key    *string
	Option *string
	Values []string
}

var filterKeyPattern = regexp.MustCompile(`^(tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType)$`)

// filterSet says which keys an operation takes, and how its refusal lists them.
type filterSet struct {
	keys   []string
	listed string
	tags   bool
}

var (
	byPathFilters   = filterSet{keys: []string{"Type", "KeyId", "Label"}, listed: "[Type, KeyId, Label]"}
	describeFilters = filterSet{keys: []string{"Path", "Name", "Type", "KeyId", "Tier", "DataType"}, listed: "[Path, Name, Type, KeyId, Tier]", tags: true}

	// filterValues are the values of keys that have a closed set.
	filterValues = map[string][]string{
		"Type": {typeString, typeStringList, typeSecureString},
		"Tier": {tierStandard, tierAdvanced, tierIntelligent},
	}
)

// filter is one condition of a search.
type filter struct {
	key, option string
	values      []string
}

type filters []filter

func checkFilterShapes(c *wire.Constraints, in []filterInput) {
	for i, f := range in {
		member := fmt.Sprintf("parameterFilters.%d.member.", i+1)
		if f.Key == nil {
			c.Required(member + "key")
			continue
		}
		c.Length(member+"key", *f.Key, len([]rune(*f.Key)), 1, 132)
		if !filterKeyPattern.MatchString(*f.Key) {
			c.Add(member+"key", *f.Key, "Member must satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType")
		}
		if f.Option != nil {
			c.Length(member+"option", *f.Option, len([]rune(*f.Option)), 1, 10)
		}
		if f.Values != nil {
			c.Length(member+"values", f.Values, len(f.Values), 1, 50)
		}
		for _, v := range f.Values {
			c.Length(member+"values", v, len([]rune(v)), 1, 1024)
		}
	}
}

func parseFilters(in []filterInput, allowed filterSet) (filters, error) {
	var out filters
	for _, f := range in {
		key, option := *f.Key, "Equals"
		isTag := strings.HasPrefix(key, "tag:")
		if isTag && !allowed.tags || !isTag && !slices.Contains(allowed.keys, key) {
			return nil, wire.Errorf("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: %s.", key, allowed.listed)
		}
		if slices.ContainsFunc(out, func(seen filter) bool { return seen.key == key }) {
			return nil, wire.Errorf("InvalidFilterKey", "The following filter is duplicated in the request: %s. A request can contain only one occurrence of a specific filter.", key)
		}
		if len(f.Values) == 0 && !isTag { // a tag filter without values asks whether the tag is there
			return nil, wire.Errorf("InvalidFilterValue", "The following filter values are missing : null for filter key %s.", key)
		}
		if key == "Path" {
			option = "OneLevel"
		}
		if f.Option != nil {
			option = *f.Option
		}
		if valid := filterOptions(key); !slices.Contains(valid, option) {
			return nil, wire.Errorf("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: [%s].", option, strings.Join(valid, ", "))
		}
		if err := checkFilterValues(key, option, f.Values); err != nil {
			return nil, err
		}
		out = append(out, filter{key, option, f.Values})
	}
	return out, nil
}

func filterOptions(key string) []string {
	switch key {
	case "Path":
		return []string{"Recursive", "OneLevel"}
	case "Name":
		return []string{"BeginsWith", "Equals", "Contains"}
	case "Label":
		return []string{"Equals"}
	}
	return []string{"BeginsWith", "Equals"}
}

func checkFilterValues(key, option string, values []string) error {
	for _, value := range values {
		if valid := filterValues[key]; valid != nil && option == "Equals" && !slices.Contains(valid, value) {
			return wire.Errorf("InvalidFilterValue", "The following filter value is not valid: %s. Valid values include: [%s].", value, strings.Join(valid, ", "))
		}
		if key == "Path" && !validPath(value) {
			return errPathForm
		}
	}
	if key == "Path" {
		for _, value := range values {
			lower := strings.ToLower(strings.TrimPrefix(value, "/"))
			if strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm") {
				return wire.Errorf("ValidationException", `Filters for common parameters can't be prefixed with "aws" or "ssm" (case-insensitive). When using global parameters, please specify within a global namespace.`)
			}
		}
	}
	return nil
}

// version is the version of a parameter that all filters accept, with the selector that named it, or
// nil.
func (fs filters) version(p *parameter) (*version, string) {
	v, selector := p.latest(), ""
	for _, f := range fs {
		if f.key != "Label" {
			continue
		}
		v = nil
		for _, label := range f.values {
			if v = p.labelled(label); v != nil {
				selector = label
				break
			}
		}
		if v == nil {
			return nil, ""
		}
	}
	for _, f := range fs {
		if !f.accepts(p, v) {
			return nil, ""
		}
	}
	return v, selector
}

func (f filter) accepts(p *parameter, v *version) bool {
	switch f.key {
	case "Label":
		return true // chosen already
	case "Name":
		// A leading slash makes no difference to a search by name.
		return f.any(strings.TrimPrefix(p.name, "/"), func(s string) string { return strings.TrimPrefix(s, "/") })
	case "Type":
		return f.any(v.kind, nil)
	case "KeyId":
		return f.any(v.keyID, nil)
	case "Tier":
		return f.any(v.tier, nil)
	case "DataType":
		return f.any(v.dataType, nil)
	case "Path":
		return slices.ContainsFunc(f.values, func(path string) bool {
			rest, ok := strings.CutPrefix(p.name, pathPrefix(path))
			return ok && (f.option == "Recursive" || !strings.Contains(strings.TrimPrefix(rest, "/"), "/"))
		})
	}
	value, ok := p.tags[strings.TrimPrefix(f.key, "tag:")]
	return ok && (len(f.values) == 0 || f.any(value, nil))
}

// any tells whether a text meets one of the filter's values.
func (f filter) any(text string, normal func(string) string) bool {
	return slices.ContainsFunc(f.values, func(value string) bool {
		if normal != nil {
			value = normal(value)
		}
		switch f.option {
		case "BeginsWith":
			return strings.HasPrefix(text, value)
		case "Contains":
			return strings.Contains(text, value)
		}
		return text == value
	})
}
