// Package logs converts the section logs of the CloudWatch agent's configuration, but for its metrics_collected: files
// become receivers file_tail, Windows events windows_event_log, the journal journald, and what sends them are as few
// exporters cloudwatch_logs as their groups' class and retention and the templates of their names allow.
//
//	collect_list ─▶ sources (files.go, windows.go, journald.go) ─▶ exporters and pipelines (plan.go) ─▶ layer
package logs

import (
	"fmt"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// Convert converts /logs, but for /logs/metrics_collected, and the lists of files and events under /opentelemetry, which go
// the same way.
func Convert(c *section.Context) {
	root, otel := c.Root.Get("logs"), c.Root.Get("opentelemetry", "collect")
	if !root.IsObject() && !otel.Get("files").There() && !otel.Get("windows_events").There() {
		return
	}
	v := &converter{c: c, root: root, l: c.Layer(section.Logs)}
	collected := root.Get("logs_collected")
	files := append(entries(collected.Get("files")), entries(otel.Get("files"))...)
	events := append(entries(collected.Get("windows_events")), entries(otel.Get("windows_events"))...)
	journal := entries(collected.Get("journald"))
	v.agree(files)
	v.agree(events)
	v.remember(files, events, journal)
	for i, entry := range files {
		v.file(entry, i, len(files))
	}
	v.windowsEvents(events)
	v.journald(journal)
	v.write()
	v.settings()
	v.others(collected)
	for _, key := range []string{"files", "windows_events"} {
		if n := otel.Get(key); n.There() {
			c.Report.Different(n.Path(), "", "records are sent as log events and not by OTLP, to groups and streams as those of the section logs, also where an entry names none", "name log_group_name and log_stream_name")
		}
	}
	for _, n := range []agentjson.Node{root, collected} {
		if n.There() && len(n.Keys()) == 0 {
			c.Report.Converted(n.Path(), "") // it says nothing
		}
	}
	if v.count(fromFiles) > 0 {
		message := "the first start reads files from their beginning, as the agent's first start does; a record above 1,048,550 bytes becomes several events, and nothing of it is lost, while the agent cuts it off at 256 KiB or, since 2025, 1 MiB, and appends [Truncated...]"
		if v.timed {
			message += "; a time is looked for in the first 1,000 bytes of a record"
		}
		at := collected.Get("files")
		if !at.There() {
			at = otel.Get("files")
		}
		c.Report.Different(at.Path(), "", message, "take over the agent's positions with --positions before the first start, so that nothing comes again")
	}
}

// entries are those of a collect_list.
func entries(n agentjson.Node) []agentjson.Node { return n.Get("collect_list").Items() }

// converter is one conversion.
type converter struct {
	c       *section.Context
	root    agentjson.Node
	l       *layer.Layer
	sources []*source
	timed   bool // some records have times that file_tail looks for

	// retention and class are what one entry says of a group, which is so for all that write to it. By name, in lower case.
	retention map[string]int
	class     map[string]string
}

// kind is where a source has its records from.
type kind string

// The kinds, which are also parts of names.
const (
	fromFiles   kind = "file_tail"
	fromEvents  kind = "windows_event_log"
	fromJournal kind = "journald"
)

// source is an entry of a collect_list.
type source struct {
	node     agentjson.Node
	kind     kind
	receiver string

	group, stream name
	class         string
	retention     int
	// processors are its own, after those that all have.
	processors []string
	// told are the outcomes of its settings that are told when its exporter is known.
	told []func(exporter string)
}

func (v *converter) count(k kind) (n int) {
	for _, s := range v.sources {
		if s.kind == k {
			n++
		}
	}
	return n
}

// to is a place in the layer.
func (v *converter) to(path ...string) string {
	return v.l.Name() + ": " + strings.Join(path, "::")
}

// agree refuses different retentions or classes of one group in one list, as the agent does: it compares names in lower case.
func (v *converter) agree(list []agentjson.Node) {
	for _, key := range []string{"retention_in_days", "log_group_class"} {
		first := map[string]agentjson.Node{}
		for _, entry := range list {
			group, value := strings.ToLower(entry.Get("log_group_name").Text()), entry.Get(key)
			if group == "" || !value.There() || key == "retention_in_days" && value.Int() < 1 {
				continue
			}
			before, known := first[group]
			if !known {
				first[group] = value
			} else if fmt.Sprint(before.Value()) != fmt.Sprint(value.Value()) {
				v.c.Report.Invalid(value.Path(), fmt.Sprintf("the log group %q has %s %v here and %v at %s", group, key, value.Value(), before.Value(), before.Path()), "write the same in both")
			}
		}
	}
}

// remember notes the retention and the class of each group. A group is made by whoever is first, so all have to know them.
func (v *converter) remember(lists ...[]agentjson.Node) {
	v.retention, v.class = map[string]int{}, map[string]string{}
	for _, list := range lists {
		for _, entry := range list {
			group := strings.ToLower(entry.Get("log_group_name").Text())
			if group == "" {
				continue
			}
			if days := entry.Get("retention_in_days").Int(); days > 0 && v.retention[group] == 0 {
				v.retention[group] = days
			}
			if class := entry.Get("log_group_class").Text(); class != "" && v.class[group] == "" {
				v.class[group] = class
			}
		}
	}
}

// target takes the settings of group and stream, which all kinds have. fallback is the group of an entry without one.
func (v *converter) target(s *source, fallback, stream name) {
	entry, r := s.node, v.c.Report
	named := func(key string, to *name, otherwise name, exporterKey string, parse func(string) name) {
		*to = otherwise
		n := entry.Get(key)
		if n.Text() == "" {
			if n.There() {
				r.Converted(n.Path(), "")
			}
			return
		}
		*to = parse(n.Text())
		s.told = append(s.told, func(exporter string) {
			place := v.to("exporters", exporter, exporterKey)
			if len(to.differs) > 0 {
				r.Different(n.Path(), place, strings.Join(to.differs, "; "), "")
			} else {
				r.Converted(n.Path(), place)
			}
		})
	}
	named("log_group_name", &s.group, fallback, "log_group_name", v.group)
	named("log_stream_name", &s.stream, stream, "log_stream_name", v.stream)

	key := strings.ToLower(entry.Get("log_group_name").Text())
	s.retention, s.class = v.retention[key], v.class[key]
	if n := entry.Get("retention_in_days"); n.There() {
		if key == "" {
			s.retention = max(n.Int(), 0)
		}
		s.told = append(s.told, func(exporter string) {
			switch place := v.to("exporters", exporter, "log_retention"); {
			case s.retention > 0 && n.Int() > 0 && n.Int() != s.retention:
				r.Different(n.Path(), place, fmt.Sprintf("another list says %d days of the same log group, which is taken", s.retention), "write the same in both")
			case n.Int() < 1 && s.retention > 0:
				r.Different(n.Path(), place, fmt.Sprintf("another entry says %d days of the same log group, which is taken", s.retention), "")
			default:
				r.Converted(n.Path(), place)
			}
		})
	}
	if n := entry.Get("log_group_class"); n.There() {
		if key == "" {
			s.class = n.Text()
		}
		class := strings.ToUpper(n.Text())
		if class != "STANDARD" && class != "INFREQUENT_ACCESS" && class != "DELIVERY" {
			r.Invalid(n.Path(), fmt.Sprintf("%q is no class of a log group", n.Text()), "use STANDARD or INFREQUENT_ACCESS")
		}
		s.told = append(s.told, func(exporter string) { r.Converted(n.Path(), v.to("exporters", exporter, "log_group_class")) })
	}
	if s.class = strings.ToUpper(s.class); s.class == "STANDARD" {
		s.class = ""
	}
	v.sources = append(v.sources, s)
}

// defaultStream is the stream of an entry that names none.
func (v *converter) defaultStream() name {
	if n := v.root.Get("log_stream_name"); n.Text() != "" {
		return v.stream(n.Text())
	}
	return instanceOrHost
}

// entity are the attributes of the resource by which CloudWatch knows the service. An entry's own go before those of the
// section, and these before the agent's.
func (v *converter) entity(entry agentjson.Node) map[string]string {
	attributes := map[string]string{}
	for key, attribute := range map[string]string{"service.name": "service.name", "deployment.environment": "deployment.environment.name"} {
		for _, n := range []agentjson.Node{entry.Get(key), v.root.Get(key), v.c.Root.Get("agent", key)} {
			if n.Text() != "" {
				attributes[attribute] = layer.Expand(n.Text())
				break
			}
		}
	}
	return attributes
}

// unknown tells of keys that nothing here knows.
func (v *converter) unknown(entry agentjson.Node, known ...string) {
	for _, key := range entry.Keys() {
		if n := entry.Get(key); !has(known, key) {
			v.c.Report.Lost(n.Path(), "this setting is not known to this version", "see the README of "+string(fromFiles)+" and of cloudwatch_logs for one like it")
		}
	}
}

func has(list []string, text string) bool {
	for _, one := range list {
		if one == text {
			return true
		}
	}
	return false
}

// settings are those of the section itself.
func (v *converter) settings() {
	r := v.c.Report
	say := func(n agentjson.Node, to, differs string) {
		switch {
		case !n.There():
		case len(v.sources) == 0:
			r.Different(n.Path(), "", "nothing under logs_collected is sent, so nothing of this section uses it; what is under metrics_collected has its own exporters", "")
		case differs != "":
			r.Different(n.Path(), to, differs, "")
		default:
			r.Converted(n.Path(), to)
		}
	}
	exporters := "exporters::cloudwatch_logs/cwagent_*::"
	place := func(key string) string { return v.l.Name() + ": " + exporters + key }
	stream := v.root.Get("log_stream_name")
	say(stream, place("log_stream_name"), strings.Join(v.stream(stream.Text()).differs, "; "))
	say(v.root.Get("credentials"), place("role_arn"), "")
	say(v.root.Get("endpoint_override"), place("endpoint"), "")
	differs := ""
	if v.count(fromFiles) != len(v.sources) {
		differs = "it is the pace at which files are read; other events are sent after 1 s"
	}
	say(v.root.Get("force_flush_interval"), v.l.Name()+": receivers::file_tail/cwagent_*::flush_interval", differs)
	differs = ""
	if v.exporters() > 1 {
		differs = "each exporter has so many requests on their way at once"
	}
	say(v.root.Get("concurrency"), place("num_workers"), differs)
	resource := v.l.Name() + ": receivers::file_tail/cwagent_*::resource"
	for _, key := range []string{"service.name", "deployment.environment"} {
		if n := v.root.Get(key); len(v.sources) > 0 && v.count(fromFiles) == 0 && n.There() {
			r.Different(n.Path(), "", "it is said of log files alone, by the agent as here, and there are none", "")
		} else {
			say(n, resource, "")
		}
	}
}

// others are parts that this package does not convert.
func (v *converter) others(collected agentjson.Node) {
	signals := collected.Get("application_signals")
	switch {
	case !signals.There():
	case signals.Get("disabled").Bool():
		v.c.Report.Converted(signals.Path(), "")
	default:
		v.c.Report.Lost(signals.Path(), "the agent takes the logs of instrumented programs by OTLP and sends them here", "add the layer config/layers/otlp.yaml, whose receiver otlp takes logs, and set OTELCOL_CLOUDWATCH_OTLP_LOG_GROUP and OTELCOL_CLOUDWATCH_OTLP_LOG_STREAM")
	}
	for _, n := range []agentjson.Node{collected.Get("files"), collected.Get("windows_events"), collected.Get("journald")} {
		if list := n.Get("collect_list"); n.There() && len(list.Items()) == 0 {
			v.c.Report.Converted(list.Path(), "") // it names nothing
		}
		v.unknown(n, "collect_list")
	}
	v.unknown(collected, "files", "windows_events", "journald", "application_signals")
	v.unknown(v.root, "logs_collected", "metrics_collected", "log_stream_name", "credentials", "endpoint_override", "force_flush_interval", "concurrency", "service.name", "deployment.environment")
}
