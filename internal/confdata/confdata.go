// Package confdata gives text that is data, such as a password, to the collector's resolver so that it arrives as it is.
package confdata

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// Retrieved has both the text, for fields that are strings, and what YAML makes of it, for others. A map or a list is a piece of
// configuration, whose own placeholders are expanded, unless scalar says that it cannot be one. All else is data, in which a
// dollar is nothing but a dollar.
func Retrieved(text string, scalar bool, options ...confmap.RetrievedOption) (*confmap.Retrieved, error) {
	data := strings.ReplaceAll(text, "$", "$$") // as the resolver reads it
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return confmap.NewRetrieved(data, options...)
	}
	switch value.(type) {
	case map[string]any, []any:
		if !scalar {
			if r, err := confmap.NewRetrievedFromYAML([]byte(text), options...); err == nil {
				return r, nil
			}
		}
		return confmap.NewRetrieved(data, options...)
	case nil:
		if !slices.Contains([]string{"null", "Null", "NULL", "~"}, strings.TrimSpace(text)) {
			break
		}
		return confmap.NewRetrievedFromYAML([]byte(text), options...)
	case bool, int, int64, float64:
		if r, err := confmap.NewRetrievedFromYAML([]byte(text), options...); err == nil {
			return r, nil
		}
	}
	// Strings; dates, which no field takes; comments and other nothings of YAML, which are something here.
	return confmap.NewRetrieved(data, options...)
}
