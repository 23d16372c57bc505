package logs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// Attributes of the resource that bring names to an exporter which several receivers share.
const (
	groupAttribute  = "cwagent.log_group"
	streamAttribute = "cwagent.log_stream"
)

// queueBytes is the room of a queue on disk for what cannot be read again, as in config/windows.yaml.
const queueBytes = 256 << 20

// plan is an exporter, with the sources that send by it.
type plan struct {
	name    string
	sources []*source
}

// plans divides the sources among as few exporters as possible: what a group is made with and a template are an exporter's.
func (v *converter) plans() []*plan {
	var plans []*plan
	known := map[string]*plan{}
	for _, s := range v.sources {
		key := fmt.Sprint(s.kind == fromFiles, s.kind == fromJournal, s.class, s.retention, "\n", v.shared(s, s.group), "\n", v.shared(s, s.stream))
		p := known[key]
		if p == nil {
			p = &plan{name: "cloudwatch_logs/cwagent_" + strconv.Itoa(len(plans))}
			plans, known[key] = append(plans, p), p
		}
		p.sources = append(p.sources, s)
	}
	return plans
}

func (v *converter) exporters() int { return len(v.plans()) }

// shared is what sources of one exporter have in common in a name: a plain name may differ. Events of the journal are JSON with
// their resource, in which a name has no business.
func (v *converter) shared(s *source, n name) string {
	if n.value != "" && s.kind != fromJournal {
		return ""
	}
	return n.template
}

// common is the template of a name, and whether the receivers' resources have to bring it.
func common(p *plan, of func(*source) name, attribute string) (template string, brought bool) {
	first := of(p.sources[0]).template
	for _, s := range p.sources {
		if of(s).template != first {
			return "{resource:" + attribute + "}", true
		}
	}
	return first, false
}

// write writes exporters and pipelines.
func (v *converter) write() {
	flow := map[string]string{} // pipelines by what they are of
	for _, p := range v.plans() {
		v.exporter(p)
		for _, s := range p.sources {
			key := fmt.Sprint(p.name, s.processors)
			pipeline := flow[key]
			if pipeline == "" {
				pipeline = "logs/cwagent_" + strconv.Itoa(len(flow))
				flow[key] = pipeline
				processors := []string{}   // files and events wait where they are, so that nothing has to be refused
				if s.kind != fromJournal { // its events have their resource with them, and the agent's has no host
					processors = append(processors, section.ResourceDetection)
				}
				v.l.Set([]string{}, "service", "pipelines", pipeline, "receivers")
				v.l.Set(append(processors, s.processors...), "service", "pipelines", pipeline, "processors")
				v.l.Set([]string{p.name}, "service", "pipelines", pipeline, "exporters")
			}
			v.l.Add(s.receiver, "service", "pipelines", pipeline, "receivers")
			for _, tell := range s.told {
				tell(p.name)
			}
		}
	}
}

// allowed are patterns of what a name can become that a resource has: the names of the receivers, or the paths of the files.
func allowed(p *plan, of func(*source) name, template string, brought bool) []string {
	if !brought && template != "{resource:"+filePath+"}" && template != "{resource:"+fileGroup+"}" {
		return nil // it begins with text, and values stay in their place
	}
	var patterns []string
	for _, s := range p.sources {
		pattern := of(s).value
		if !brought {
			pattern = layer.Expand(strings.ReplaceAll(starred(s.node.Get("file_path").Text()), `\`, "/"))
		}
		if !slices.Contains(patterns, pattern) {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

// starred is a path of files with a star for each part that stands for something else. Environment variables stay.
func starred(path string) string {
	return glob.ReplaceAllStringFunc(path, func(text string) string {
		if strings.HasPrefix(text, "$") {
			return text
		}
		return "*"
	})
}

var glob = regexp.MustCompile(`\$\{[^}]*\}|\*+|\?|\[[^]]*\]|\{[^}]*\}`)

func (v *converter) exporter(p *plan) {
	at := []string{"exporters", p.name}
	set := func(value any, key ...string) { v.l.Set(value, append(slices.Clone(at), key...)...) }
	v.c.Exporter(v.l, "logs", p.name)
	if n := v.root.Get("endpoint_override"); n.Text() != "" {
		set(layer.Expand(n.Text()), "endpoint")
	}
	for _, one := range []struct {
		key, attribute, allowed string
		of                      func(*source) name
	}{
		{"log_group_name", groupAttribute, "allowed_groups", func(s *source) name { return s.group }},
		{"log_stream_name", streamAttribute, "allowed_streams", func(s *source) name { return s.stream }},
	} {
		template, brought := common(p, one.of, one.attribute)
		set(template, one.key)
		if allowed := allowed(p, one.of, template, brought); len(allowed) > 0 {
			set(allowed, one.allowed)
		}
		for _, s := range p.sources {
			if brought {
				v.l.Set(one.of(s).value, "receivers", s.receiver, "resource", one.attribute)
			}
		}
	}
	first := p.sources[0]
	if first.class != "" {
		set(first.class, "log_group_class")
	}
	if first.retention > 0 {
		set(first.retention, "log_retention")
	}
	if first.kind != fromJournal {
		set("raw", "format")
	}
	if n := v.root.Get("concurrency"); n.Int() > 0 {
		set(n.Int(), "num_workers")
	}
	if first.kind == fromFiles {
		set(map[string]any{"enabled": false}, "sending_queue")
		v.l.Comment("The files are the queue: file_tail remembers what CloudWatch has taken, and reads the rest again.", "exporters", p.name, "sending_queue")
		return
	}
	set(section.StateStorage, "sending_queue", "storage")
	set("bytes", "sending_queue", "sizer")
	set(queueBytes, "sending_queue", "queue_size")
	v.l.Comment("What cannot be sent waits on disk; when that is full, the receivers wait.", "exporters", p.name, "sending_queue")
}
