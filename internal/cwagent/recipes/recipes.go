// Package recipes has how the CloudWatch agent's metrics are made of host_metrics': what config/layers/cwagent-metrics.yaml
// says, so that the two cannot drift apart.
package recipes

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/config"
)

// Recipes are those of one operating system.
type Recipes struct {
	transforms []transform
	rules      []rule
	// points and metrics are statements on each.
	points, metrics []string
}

// transform is one of the processor metrics_transform.
type transform struct {
	node    *yaml.Node
	Include string
	Action  string
	NewName string `yaml:"new_name"`
}

// rule is one of the processor metricsgeneration.
type rule struct {
	node             *yaml.Node
	Name             string
	Metric1, Metric2 string
}

// macOS is what a Mac counts otherwise: memory that nothing uses is free or inactive there.
var macOS = strings.NewReplacer(
	"'^(free|buffered|cached)$'", "'^(free|inactive)$'",
	"{include: system.linux.memory.available, action: insert, new_name: mem_available}",
	"{include: '^system[.]memory[.]usage$', match_type: regexp, experimental_match_labels: {state: '^(free|inactive)$'}, action: insert, new_name: mem_available}",
	"{state: buffered}, action: insert, new_name: mem_buffered}", "{state: inactive}, action: insert, new_name: mem_inactive}",
)

// Read reads the layer for an operating system: linux or darwin. It is part of the program, so that a mistake in it is a
// panic, which every test sees.
func Read(os string) *Recipes {
	bytes, err := config.Files.ReadFile("layers/cwagent-metrics.yaml")
	if err != nil {
		panic(err)
	}
	text := string(bytes)
	if os == "darwin" {
		text = macOS.Replace(text)
	}
	var file struct {
		Processors struct {
			Transform struct {
				Transforms []yaml.Node
			} `yaml:"metrics_transform/cwagent"`
			Generation struct {
				Rules []yaml.Node
			} `yaml:"metricsgeneration/cwagent"`
			Statements struct {
				Metrics []struct {
					Context    string
					Statements []string
				} `yaml:"metric_statements"`
			} `yaml:"transform/cwagent"`
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		panic(err)
	}
	r := &Recipes{}
	for i := range file.Processors.Transform.Transforms {
		t := transform{node: &file.Processors.Transform.Transforms[i]}
		if err := t.node.Decode(&t); err != nil {
			panic(err)
		}
		t.node.HeadComment = ""
		r.transforms = append(r.transforms, t)
	}
	for i := range file.Processors.Generation.Rules {
		one := rule{node: &file.Processors.Generation.Rules[i]}
		if err := one.node.Decode(&one); err != nil {
			panic(err)
		}
		one.node.HeadComment = ""
		r.rules = append(r.rules, one)
	}
	for _, block := range file.Processors.Statements.Metrics {
		switch block.Context {
		case "datapoint":
			r.points = append(r.points, block.Statements...)
		case "metric":
			r.metrics = append(r.metrics, block.Statements...)
		default:
			panic(fmt.Sprintf("config/layers/cwagent-metrics.yaml: transform/cwagent has the context %q", block.Context))
		}
	}
	return r
}

// Names are the agent's metrics that can be made.
func (r *Recipes) Names() map[string]bool {
	names := map[string]bool{}
	for _, t := range r.transforms {
		if t.NewName != "" && !strings.Contains(t.NewName, ".") {
			names[t.NewName] = true
		}
	}
	for _, one := range r.rules {
		names[one.Name] = true
	}
	return names
}

// pattern is what an include of metrics_transform matches.
func (t transform) pattern() *regexp.Regexp {
	if strings.HasPrefix(t.Include, "^") {
		return regexp.MustCompile(t.Include)
	}
	return regexp.MustCompile("^" + regexp.QuoteMeta(t.Include) + "$")
}

// source is the metric of host_metrics that an insertion takes.
func (t transform) source() string {
	return strings.NewReplacer("^", "", "$", "", "[.]", ".").Replace(t.Include)
}

// Chosen is what some metrics need.
type Chosen struct {
	// Transforms are those of a processor metrics_transform, and Rules of metricsgeneration, which comes after it.
	Transforms, Rules []*yaml.Node
	// Points and Metrics are statements of a processor transform after both, on data points and on metrics.
	Points, Metrics []string
	// Sources are the metrics of host_metrics that they are made of.
	Sources []string
}

// Choose is what the wanted metrics need, in the order of the layer. total says whether there is to be a cpu-total.
func (r *Recipes) Choose(wanted map[string]bool, total bool) Chosen {
	needed := maps.Clone(wanted)
	var s Chosen
	for _, one := range r.rules {
		if wanted[one.Name] {
			needed[one.Metric1], needed[one.Metric2] = true, true
			s.Rules = append(s.Rules, one.node)
		}
	}
	sources := map[string]bool{}
	for _, t := range r.transforms {
		if t.Action == "insert" && needed[t.NewName] {
			sources[t.source()] = true
		}
	}
	for _, t := range r.transforms {
		switch {
		case t.Action == "insert" && t.NewName == t.Include: // cpu-total beside the cores
			if sources[t.Include] && total {
				s.Transforms = append(s.Transforms, t.node)
			}
		case t.Action == "insert" && needed[t.NewName], t.Action == "update" && matchesAny(t.pattern(), needed):
			s.Transforms = append(s.Transforms, t.node)
		}
	}
	for _, text := range r.points {
		if concerns(text, wanted) {
			s.Points = append(s.Points, text)
		}
	}
	for _, text := range r.metrics {
		if concerns(text, wanted) {
			s.Metrics = append(s.Metrics, text)
		}
	}
	s.Sources = slices.Sorted(maps.Keys(sources))
	return s
}

func matchesAny(r *regexp.Regexp, names map[string]bool) bool {
	for name := range names {
		if r.MatchString(name) {
			return true
		}
	}
	return false
}

var named = regexp.MustCompile(`(not )?IsMatch\(metric\.name, "([^"]+)"\)|metric\.name == "([^"]+)"`)

// concerns tells whether a statement can be about any of some metrics: one that it names, or all but those that it names.
func concerns(statement string, wanted map[string]bool) bool {
	for _, match := range named.FindAllStringSubmatch(statement, -1) {
		switch {
		case match[3] != "":
			if wanted[match[3]] {
				return true
			}
		case match[1] != "":
			pattern := regexp.MustCompile(match[2])
			for name := range wanted {
				if !pattern.MatchString(name) {
					return true
				}
			}
		case matchesAny(regexp.MustCompile(match[2]), wanted):
			return true
		}
	}
	return false
}
