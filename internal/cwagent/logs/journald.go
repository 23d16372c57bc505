package logs

import (
	"strconv"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// journald converts the entries of journald. The agent has the same receiver behind its own configuration, and sends records as
// awscloudwatchlogs does.
func (v *converter) journald(list []agentjson.Node) {
	r := v.c.Report
	if v.c.OS != "linux" {
		for _, entry := range list {
			r.Different(entry.Path(), "", "the agent reads the journal on Linux alone, so nothing is read here", "")
		}
		return
	}
	for i, entry := range list {
		s := &source{node: entry, kind: fromJournal, receiver: "journald/cwagent_" + strconv.Itoa(i)}
		set := func(value any, key string) { v.l.Set(value, "receivers", s.receiver, key) }
		place := func(key string) string { return v.to("receivers", s.receiver, key) }
		for _, key := range []string{"units", "priority", "matches"} {
			n := entry.Get(key)
			if !n.There() {
				continue
			}
			r.Converted(n.Path(), place(key))
			switch key {
			case "units":
				var units []string
				for _, unit := range n.Texts() {
					units = append(units, layer.Expand(unit))
				}
				set(units, key)
			case "priority":
				set(layer.Expand(n.Text()), key)
			case "matches":
				var matches []map[string]string
				for _, item := range n.Items() {
					match := map[string]string{}
					for _, field := range item.Keys() {
						match[field] = layer.Expand(item.Get(field).Text())
					}
					matches = append(matches, match)
				}
				set(matches, key)
			}
		}
		set("end", "start_at")
		set(section.StateStorage, "storage")
		if i == 0 {
			v.l.Comment("journalctl has to be there, as for the agent. What was read is remembered, which the agent does not do.", "receivers", s.receiver, "start_at")
		}
		v.retry(s.receiver)
		if entry.Get("filters").There() {
			v.filterProcessor(s)
		}
		v.target(s, v.group("journald-logs"), instanceOrHost) // the section's log_stream_name is not asked
		v.unknown(entry, "units", "priority", "matches", "filters", "log_group_name", "log_stream_name", "log_group_class", "retention_in_days")
	}
}
