package comparison

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
)

// Log is where the lines of files go.
type Log struct {
	// File is a path or a pattern.
	File string `json:"file"`
	// Group and Stream are names, with placeholders. Stream is a beginning where each file has a stream of its own.
	Group  string `json:"group"`
	Stream string `json:"stream"`
	// Retention is in days; 0 is for ever.
	Retention int `json:"retention"`
	// Path is the agent's setting.
	Path string `json:"path,omitempty"`

	each bool // each file has a stream of its own
}

// LogFinding is what became of files that the agent's configuration names.
type LogFinding struct {
	Log
	Result Result `json:"result"`
	// Sent is where the collector's configuration sends them. Nil where no receiver reads them.
	Sent *Log `json:"sent,omitempty"`
}

// String says what differs.
func (f LogFinding) String() string {
	text := fmt.Sprintf("%s to %s, %s", f.File, f.Group, f.Stream)
	if f.Sent != nil {
		text += fmt.Sprintf("; sent to %s, %s", f.Sent.Group, f.Sent.Stream)
		if f.Retention != f.Sent.Retention {
			text += fmt.Sprintf(", kept for %d days and not %d", f.Sent.Retention, f.Retention)
		}
	}
	return text
}

// DeclaredLogs are the files of the section logs.
func DeclaredLogs(root agentjson.Node) []Log {
	section := root.Get("logs")
	stream := section.Get("log_stream_name").Text()
	var logs []Log
	for _, n := range section.Get("logs_collected", "files", "collect_list").Items() {
		l := Log{File: n.Get("file_path").Text(), Group: n.Get("log_group_name").Text(), Stream: n.Get("log_stream_name").Text(), Path: n.Path()}
		l.each = n.Get("publish_multi_logs").Bool() && l.Group != ""
		if l.Group == "" && !n.Get("publish_multi_logs").Bool() {
			l.Group = strings.TrimSuffix(l.File, path.Ext(l.File))
		}
		if l.Stream == "" {
			l.Stream = stream
		}
		l.Retention = max(n.Get("retention_in_days").Int(), 0)
		logs = append(logs, l)
	}
	return logs
}

// CompareLogs sets the files that the agent's configuration names beside those that a collector's configuration, with what
// its placeholders stand for, reads. A stream that the agent's does not name is not compared: it is the instance's or
// the host's.
func CompareLogs(root agentjson.Node, config map[string]any) []LogFinding {
	sent := sentLogs(config)
	var findings []LogFinding
	for _, l := range DeclaredLogs(root) {
		f := LogFinding{Log: l, Result: Missing}
		for _, s := range sent {
			if s.File != l.File || f.Result == Same {
				continue
			}
			f.Sent = &s
			group := l.Group == "" || s.Group == l.Group
			stream := l.Stream == "" || s.Stream == l.Stream || l.each && strings.HasPrefix(s.Stream, l.Stream)
			if group && stream && s.Retention == l.Retention {
				f.Result = Same
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// sentLogs are the files that pipelines from file_tail to cloudwatch_logs read.
func sentLogs(config map[string]any) []Log {
	receivers, _ := config["receivers"].(map[string]any)
	exporters, _ := config["exporters"].(map[string]any)
	service, _ := config["service"].(map[string]any)
	pipelines, _ := service["pipelines"].(map[string]any)
	var logs []Log
	for _, id := range slices.Sorted(maps.Keys(pipelines)) {
		pipeline, _ := pipelines[id].(map[string]any)
		for _, from := range names(pipeline["receivers"]) {
			if kind(from) != "file_tail" && kind(from) != "file_log" {
				continue
			}
			receiver, _ := receivers[from].(map[string]any)
			resource, _ := receiver["resource"].(map[string]any)
			for _, to := range names(pipeline["exporters"]) {
				exporter, _ := exporters[to].(map[string]any)
				if kind(to) != "cloudwatch_logs" {
					continue
				}
				for _, file := range names(receiver["include"]) {
					l := Log{File: file, Group: filled(exporter["log_group_name"], resource), Stream: filled(exporter["log_stream_name"], resource)}
					l.Retention, _ = exporter["log_retention"].(int)
					logs = append(logs, l)
				}
			}
		}
	}
	return logs
}

var fromResource = regexp.MustCompile(`\{resource:([^}|]+)(\|[^}]*)?\}`)

// filled is a template with what the resource of a receiver says.
func filled(template any, resource map[string]any) string {
	text, _ := template.(string)
	return fromResource.ReplaceAllStringFunc(text, func(placeholder string) string {
		if value, ok := resource[fromResource.FindStringSubmatch(placeholder)[1]].(string); ok {
			return value
		}
		return placeholder
	})
}
