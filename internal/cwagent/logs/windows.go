package logs

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// eventText writes events as the agent's event_format text does.
const eventText = "transform/cwagent_event_text"

// levels are numbers of event levels. What programs of old write has the level 0.
var levels = map[string][]int{"CRITICAL": {1}, "ERROR": {2}, "WARNING": {3}, "INFORMATION": {4, 0}, "VERBOSE": {5}}

// twoWeeks is how old events may be, in milliseconds: CloudWatch takes none that are older.
const twoWeeks = 14 * 24 * 60 * 60 * 1000

// retry is how a receiver of events tries again, without an end.
func (v *converter) retry(receiver string) {
	v.l.Set(map[string]any{"enabled": true, "initial_interval": "100ms", "max_interval": "10s", "max_elapsed_time": 0}, "receivers", receiver, "retry_on_failure")
}

// windowsEvents converts the entries of windows_events.
func (v *converter) windowsEvents(list []agentjson.Node) {
	r := v.c.Report
	if v.c.OS != "windows" {
		for _, entry := range list {
			r.Different(entry.Path(), "", "the agent reads Windows event logs on Windows alone, so nothing is read here", "")
		}
		return
	}
	for i, entry := range list {
		s := &source{node: entry, kind: fromEvents, receiver: "windows_event_log/cwagent_" + strconv.Itoa(i)}
		set := func(value any, key string) { v.l.Set(value, "receivers", s.receiver, key) }
		place := func(key string) string { return v.to("receivers", s.receiver, key) }
		channel := entry.Get("event_name")
		set(layer.Expand(query(entry)), "query")
		set("beginning", "start_at")
		set(true, "raw")
		set(true, "ignore_channel_errors")
		if i == 0 {
			v.l.Comment("A log that is not there is told, and prevents no start.", "receivers", s.receiver, "ignore_channel_errors")
		}
		set(section.StateStorage, "storage")
		v.retry(s.receiver)
		r.Different(channel.Path(), place("query"), "its first start sends the events of the last 14 days, as the agent's first start does", "take over the agent's positions with --positions, or set start_at: end")
		for _, key := range []string{"event_levels", "event_ids"} {
			if n := entry.Get(key); n.There() {
				r.Converted(n.Path(), place("query"))
			}
		}
		format := entry.Get("event_format")
		if format.Text() == "text" {
			v.eventText()
			s.processors = append(s.processors, eventText)
		}
		if format.There() && format.Text() == "text" {
			r.Different(format.Path(), v.to("processors", eventText), "[Channel] [LEVEL] [ID] [Source] [Computer] [Message] as the agent writes it; a message that Windows cannot render keeps its placeholders, such as %1", "")
		} else if format.There() {
			r.Converted(format.Path(), place("raw"))
		}
		if entry.Get("filters").There() {
			v.filterProcessor(s)
		}
		v.target(s, v.group(channel.Text()), v.defaultStream())
		if entry.Get("log_group_name").Text() == "" {
			r.Different(channel.Path(), "", "an entry without a log group is sent to one that is called after the event log; the agent has none for it", "name one in log_group_name of its exporter")
		}
		v.unknown(entry, "event_name", "event_levels", "event_ids", "event_format", "filters", "log_group_name", "log_stream_name", "log_group_class", "retention_in_days")
	}
}

// query selects what an entry names, as XML of the Windows event log.
func query(entry agentjson.Node) string {
	var conditions []string
	either := func(conditions []string) string { return "(" + strings.Join(conditions, " or ") + ")" }
	var of []string
	for _, level := range entry.Get("event_levels").Texts() {
		for _, number := range levels[strings.ToUpper(level)] {
			of = append(of, "Level="+strconv.Itoa(number))
		}
	}
	if of != nil {
		conditions = append(conditions, either(of))
	}
	of = nil
	for _, id := range entry.Get("event_ids").Items() {
		of = append(of, "EventID="+strconv.Itoa(id.Int()))
	}
	if of != nil {
		conditions = append(conditions, either(of))
	}
	conditions = append(conditions, fmt.Sprintf("TimeCreated[timediff(@SystemTime) &lt;= %d]", twoWeeks))
	var channel strings.Builder
	_ = xml.EscapeText(&channel, []byte(entry.Get("event_name").Text())) // a Builder takes everything
	return fmt.Sprintf(`<QueryList><Query Id="0"><Select Path="%s">*[System[%s]]</Select></Query></QueryList>`, channel.String(), strings.Join(conditions, " and "))
}

func (v *converter) eventText() {
	if v.l.Has("processors", eventText) {
		return
	}
	statements := []string{
		`set(log.cache["message"], "")`,
		`set(log.cache["rendered"], ParseSimplifiedXML(GetXML(log.body, "/Event/RenderingInfo/Message"))) where IsMatch(log.body, "<Message>[^<]")`,
		`set(log.cache["message"], log.cache["rendered"]["Message"]) where log.cache["rendered"] != nil`,
		`set(log.cache["number"], GetXML(log.body, "/Event/System/Level/text()"))`,
		`set(log.cache["level"], "UNKNOWN")`,
	}
	for _, level := range []string{"CRITICAL", "ERROR", "WARNING", "INFORMATION", "VERBOSE"} {
		for _, number := range levels[level] {
			statements = append(statements, fmt.Sprintf(`set(log.cache["level"], "%s") where log.cache["number"] == "%d"`, level, number))
		}
	}
	statements = append(statements,
		`set(log.body, Concat(["[", GetXML(log.body, "/Event/System/Channel/text()"), "] [", log.cache["level"], "] [", GetXML(log.body, "/Event/System/EventID/text()"), "] [", GetXML(log.body, "/Event/System/Provider/@Name"), "] [", GetXML(log.body, "/Event/System/Computer/text()"), "] [", log.cache["message"], "]"], ""))`)
	v.l.Set("propagate", "processors", eventText, "error_mode")
	v.l.Set(statements, "processors", eventText, "log_statements")
	v.l.Comment("The agent's event_format text.", "processors", eventText)
}
