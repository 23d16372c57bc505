package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// guarded compares what local layers alone make with what all make: a remote layer may add to it, and neither change nor pass
// by the processors that stand behind a local receiver, nor remove an extension.
func (c *checker) guarded(all []layers.Layer) error {
	var local []layers.Layer
	for _, l := range all {
		if !l.Remote {
			local = append(local, l)
		}
	}
	alone, err := layers.MergePart(local)
	if err != nil {
		return err
	}
	c.routes(alone)
	if !c.policy.Allows(Credentials) {
		c.tokens()
	}
	if !c.policy.Allows(Override) {
		c.processors(alone)
		c.removed(alone)
		c.pipelines(alone)
		c.bounds(alone)
	}
	return nil
}

// tunable are the processors whose settings say how much, and not what, is sent.
var tunable = []string{"memory_limiter", "batch", "resource_detection", "resourcedetection"}

// processors refuses changes of local processors.
func (c *checker) processors(alone *layers.Merged) {
	for _, name := range alone.Keys("processors") {
		kind, _, _ := strings.Cut(name, "/")
		if !c.merged.Has("processors", name) {
			c.override([]string{"processors", name}, nil, "removes a processor of a local layer")
			continue
		}
		if slices.Contains(tunable, strings.TrimSpace(kind)) {
			continue
		}
		for _, leaf := range c.merged.Leaves("processors", name) {
			if leaf.Remote && len(leaf.Path) > 2 {
				c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Override, Why: "changes a processor of a local layer", Origin: leaf.Origin})
			}
		}
		for _, leaf := range alone.Leaves("processors", name) {
			if !c.merged.Has(leaf.Path...) {
				c.override(leaf.Path, nil, "removes a setting of a processor of a local layer")
			}
		}
	}
}

// routes refuses changes of a local route table, and a second one, which would be in its place.
func (c *checker) routes(alone *layers.Merged) {
	local := tables(alone)
	if len(local) == 0 || c.policy.Allows(Routes) {
		return
	}
	for _, name := range tables(c.merged) {
		if !slices.Contains(local, name) {
			path := []string{"extensions", name}
			c.refuse(Refusal{Path: path, Capability: Routes, Why: "has a route table beside that of a local layer", Origin: c.merged.Culprit(path)})
			continue
		}
		for _, leaf := range c.merged.Leaves("extensions", name) {
			if leaf.Remote && len(leaf.Path) > 2 {
				c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Routes, Why: does[Routes] + " of a local layer", Origin: leaf.Origin})
			}
		}
		for _, leaf := range alone.Leaves("extensions", name) {
			if !c.merged.Has(leaf.Path...) {
				c.refuse(Refusal{Path: leaf.Path, Capability: Routes, Why: "removes a setting of the route table of a local layer", Origin: c.merged.Culprit(leaf.Path)})
			}
		}
	}
}

// tables are the names of the route tables of a configuration.
func tables(m *layers.Merged) []string {
	return slices.DeleteFunc(m.Keys("extensions"), func(name string) bool {
		kind, _, _ := strings.Cut(name, "/")
		return tableKey("", strings.TrimSpace(kind)) != tableKey("", "endpoint_routing")
	})
}

// removed refuses that local extensions, and what local receivers leave out, go.
func (c *checker) removed(alone *layers.Merged) {
	kept := c.merged.List("service", "extensions")
	for _, name := range alone.List("service", "extensions") {
		if !slices.Contains(kept, name) {
			c.override([]string{"service", "extensions"}, name, "removes an extension of a local layer")
		}
	}
	for _, name := range alone.Keys("receivers") {
		for _, key := range excluding {
			path := []string{"receivers", name, key}
			if alone.Has(path...) && !c.merged.Has(path...) && c.merged.Has("receivers", name) {
				if need, why := c.exclude(path); need != "" && !c.policy.Allows(need) {
					c.override(path, nil, why)
				}
			}
		}
	}
	for _, leaf := range alone.Leaves() {
		if len(leaf.Path) < 3 || c.merged.Has(leaf.Path...) || !c.merged.Has(leaf.Path[:2]...) {
			continue
		}
		all, key := c.rulesOf(leaf.Path)
		word, _ := verdict(all, key)
		if need := Capability(word); (need == Credentials || need == Programs) && !c.policy.Allows(need) {
			c.override(leaf.Path, nil, "removes what a local layer says of credentials")
		}
	}
}

// bounds refuses changes of what a local layer says of the groups that records may name, and of what its receivers leave out or
// take out of a record.
func (c *checker) bounds(alone *layers.Merged) {
	bound := func(path []string) bool {
		if len(path) < 3 || path[0] == "service" {
			return false
		}
		if path[0] == "receivers" && slices.Contains([]string{"filters", "operators", "header"}, strings.ToLower(path[2])) {
			return true
		}
		all, key := c.rulesOf(path)
		word, _ := verdict(all, key)
		return word == "bound"
	}
	const why = "changes which groups records may name, or what is taken out of them, in a local layer"
	for _, leaf := range c.merged.Leaves() {
		if leaf.Remote && bound(leaf.Path) && leaf.Value != "ignore" && alone.Has(leaf.Path[:3]...) { // embedded_metrics: ignore is the narrower
			c.refuse(Refusal{Path: leaf.Path[:3], Capability: Override, Why: why, Origin: leaf.Origin})
		}
	}
	for _, leaf := range alone.Leaves() {
		if bound(leaf.Path) && !c.merged.Has(leaf.Path...) && c.merged.Has(leaf.Path[:2]...) {
			c.override(leaf.Path[:3], nil, why)
		}
	}
}

// pipelines refuses pipelines that take from a local receiver without its processors, and those of which placeholders say what
// they are: nobody sees then what they take.
func (c *checker) pipelines(alone *layers.Merged) {
	for _, leaf := range c.merged.Leaves("service", "pipelines") {
		if text, isText := leaf.Value.(string); isText && leaf.Remote && strings.Contains(text, "${") {
			c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Override, Why: "says by a placeholder what a pipeline is; write it out", Origin: leaf.Origin})
		}
	}
	for _, name := range c.merged.Keys("service", "pipelines") {
		for _, receiver := range c.merged.List("service", "pipelines", name, "receivers") {
			if missing, guarded := bypassed(alone, c.merged, name, receiver); guarded {
				path := []string{"service", "pipelines", name, "processors"}
				c.override(path, nil, fmt.Sprintf("sends what the local receiver %s has without the local processor %s", receiver, missing))
			}
		}
	}
}

// bypassed reports whether records reach an exporter from a receiver through a pipeline with fewer processors than on each way
// that local layers made for them.
func bypassed(alone, merged *layers.Merged, pipeline, receiver string) (missing string, yes bool) {
	var local [][]string
	for _, name := range pipelinesOf(alone, signal(pipeline), receiver) {
		local = append(local, ways(alone, name, nil)...)
	}
	for _, way := range ways(merged, pipeline, nil) {
		lacks, kept := "", len(local) == 0
		for _, want := range local {
			if lacks = lacking(want, way); lacks == "" {
				kept = true
				break
			}
		}
		if !kept {
			return lacks, true
		}
	}
	return "", false
}

// ways are the processors in front of each exporter that a pipeline leads to, through connectors too.
func ways(m *layers.Merged, pipeline string, passed []string) [][]string {
	processors := m.List("service", "pipelines", pipeline, "processors")
	if slices.Contains(passed, pipeline) { // a circle, which the collector refuses
		return [][]string{processors}
	}
	passed = append(slices.Clone(passed), pipeline)
	var all [][]string
	for _, exporter := range m.List("service", "pipelines", pipeline, "exporters") {
		next := pipelinesOf(m, signal(pipeline), exporter)
		if !slices.Contains(m.Keys("connectors"), exporter) || len(next) == 0 {
			all = append(all, processors)
			continue
		}
		for _, name := range next {
			for _, rest := range ways(m, name, passed) {
				all = append(all, append(slices.Clone(processors), rest...))
			}
		}
	}
	if len(all) == 0 {
		return [][]string{processors}
	}
	return all
}

// pipelinesOf are the pipelines of a signal that take from a receiver.
func pipelinesOf(m *layers.Merged, of, receiver string) []string {
	return slices.DeleteFunc(m.Keys("service", "pipelines"), func(name string) bool {
		return signal(name) != of || !slices.Contains(m.List("service", "pipelines", name, "receivers"), receiver)
	})
}

func signal(pipeline string) string {
	s, _, _ := strings.Cut(pipeline, "/")
	return strings.TrimSpace(s)
}

// lacking is the first processor of want that a way does not have in that order.
func lacking(want, way []string) string {
	at := 0
	for _, processor := range want {
		i := slices.Index(way[at:], processor)
		if i < 0 {
			return processor
		}
		at += i + 1
	}
	return ""
}

// override refuses what is not there any more. The layer that it names is the last remote one that wrote near it.
func (c *checker) override(path []string, value any, why string) {
	c.refuse(Refusal{Path: path, Value: layers.Show(path, value), Capability: Override, Why: why, Origin: c.merged.Culprit(path)})
}
