package cwagent

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/config"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// shared is what the base layer takes from the shipped configuration of a host, as that has it.
var shared = [][]string{
	{"extensions", section.StateStorage},
	{"extensions", "healthcheckv2"},
	{"processors", section.MemoryLimiter},
	{"processors", section.ResourceDetection},
	{"service", "extensions"},
	{"service", "telemetry"},
}

// writeBase writes the base layer: state, health, limits and telemetry of the shipped configuration, and the detectors that
// the sections asked for. What the section agent set there before stays.
func writeBase(c *section.Context) error {
	name := "host.yaml"
	if c.OS == "windows" {
		name = "windows.yaml"
	}
	text, err := config.Files.ReadFile(name)
	if err != nil {
		return err
	}
	var recipe yaml.Node
	if err := yaml.Unmarshal(text, &recipe); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	base := c.Layer(section.Base)
	for _, path := range shared {
		key, value := find(recipe.Content[0], path)
		if value == nil {
			return fmt.Errorf("%s has no %s", name, strings.Join(path, "::"))
		}
		merge(c, key, value, path)
	}
	if detectors := c.Detectors(); len(detectors) > 0 {
		base.Set("${env:OTELCOL_CLOUDWATCH_DETECTORS:-[env, system, "+strings.Join(detectors, ", ")+"]}", "processors", section.ResourceDetection, "detectors")
	}
	return nil
}

// merge puts a value into the base layer, below what is there already.
func merge(c *section.Context, key, value *yaml.Node, path []string) {
	base := c.Layer(section.Base)
	if !base.Has(path...) {
		base.Set(value, path...)
		base.Comment(uncommented(key.HeadComment), path...)
		return
	}
	if value.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(value.Content); i += 2 {
			merge(c, value.Content[i], value.Content[i+1], append(path[:len(path):len(path)], value.Content[i].Value))
		}
	}
}

func find(node *yaml.Node, path []string) (key, value *yaml.Node) {
	value = node
	for _, name := range path {
		var next *yaml.Node
		for i := 0; i+1 < len(value.Content) && value.Kind == yaml.MappingNode; i += 2 {
			if value.Content[i].Value == name {
				key, next = value.Content[i], value.Content[i+1]
			}
		}
		if next == nil {
			return nil, nil
		}
		value = next
	}
	return key, value
}

func uncommented(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ")
	}
	return strings.Join(lines, "\n")
}
