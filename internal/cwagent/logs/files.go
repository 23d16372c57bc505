package logs

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// The processors that make names of the paths of files, for publish_multi_logs.
const (
	streamsOfFiles = "transform/cwagent_streams"
	groupsOfFiles  = "transform/cwagent_groups"
	fileStream     = "cwagent.file_stream"
	fileGroup      = "cwagent.file_group"
	filePath       = "log.file.path"
)

// lineStart is the agent's pattern where none is given: a line that begins with a blank, or is empty, belongs to the record
// before.
const lineStart = `^\S`

// file converts an entry of files.
func (v *converter) file(entry agentjson.Node, number, of int) {
	r := v.c.Report
	where := entry.Get("file_path")
	given := where.Text()
	if given == "" {
		r.Lost(entry.Path(), "the entry names no file", "name one in file_path")
		return
	}
	if !hasMeta(given) && isCompressed(given) {
		r.Different(entry.Path(), "", "the agent never reads a file of this name, since it may be compressed; nothing reads it here", "to read it, write a receiver file_tail with compression: gzip")
		return
	}
	s := &source{node: entry, kind: fromFiles, receiver: "file_tail/cwagent_" + strconv.Itoa(number)}
	at := func(key ...string) []string { return append([]string{"receivers", s.receiver}, key...) }
	set := func(value any, key ...string) { v.l.Set(value, at(key...)...) }
	place := func(key ...string) string { return v.to(at(key...)...) }

	include := pattern(v.c.OS, given)
	set([]string{layer.Expand(include)}, "include")
	r.Converted(where.Path(), place("include"))
	multi := entry.Get("publish_multi_logs")
	if hasMeta(given) {
		var exclude []string
		for _, end := range compressed {
			exclude = append(exclude, "**/*"+end)
		}
		if mayMatchState(v.c.OS, include) {
			exclude = append(exclude, stateFolder(v.c.OS)+"/**")
		}
		set(exclude, "exclude")
		if n := entry.Get("blacklist"); n.Text() != "" {
			set([]string{layer.Expand(n.Text())}, "exclude_names")
		}
		if !multi.Bool() {
			set(true, "newest_only")
		}
	} else if n := entry.Get("blacklist"); n.Text() != "" {
		set([]string{layer.Expand(n.Text())}, "exclude_names")
	}
	if n := entry.Get("blacklist"); n.There() {
		if _, err := regexp.Compile(n.Text()); err != nil {
			r.Invalid(n.Path(), fmt.Sprintf("%q is no regular expression: %v", n.Text(), err), "correct it")
		} else {
			r.Converted(n.Path(), place("exclude_names"))
		}
	}
	set("beginning", "start_at")
	set("500ms", "poll_interval")
	if n := v.root.Get("force_flush_interval"); n.Int() > 0 {
		set(strconv.Itoa(n.Int())+"s", "flush_interval")
	}

	f := v.timestamp(entry, set, place)
	v.multiline(entry, f, set, place)
	v.encoding(entry, set, place)
	v.filters(s, set, place)
	for _, key := range []string{"auto_removal", "backpressure_mode"} {
		n := entry.Get(key)
		switch {
		case key == "auto_removal" && n.Bool() && multi.Bool():
			r.Different(n.Path(), place(key), "each file that was delivered is removed but the newest; with publish_multi_logs the agent is done with a file as soon as it finds another", "")
		case n.There():
			r.Converted(n.Path(), place(key))
		}
		if n.Bool() || n.Text() == "fd_release" {
			set(n.Value(), key)
		}
	}

	set(1048550, "max_log_size")
	set(true, "preserve_leading_whitespaces")
	set(true, "preserve_trailing_whitespaces")
	set(false, "include_file_name")
	fallback, stream := v.group(withoutExtension(v.c.OS, given)), v.defaultStream()
	if multi.Bool() {
		set(true, "include_file_path")
		set("resource", "file_attributes")
		fallback = name{template: "{resource:" + filePath + "}"}
		if v.c.OS == "windows" {
			fallback = name{template: "{resource:" + fileGroup + "}"}
			v.groupsOfFiles(s, entry)
		}
	}
	for _, key := range []string{"service.name", "deployment.environment"} {
		if n := entry.Get(key); n.There() {
			r.Converted(n.Path(), place("resource"))
		}
	}
	if entity := v.entity(entry); len(entity) > 0 {
		for _, key := range []string{"service.name", "deployment.environment.name"} {
			if entity[key] != "" {
				set(entity[key], "resource", key)
			}
		}
	}
	set(section.StateStorage, "storage")
	if of > 2 { // so much of all files may be in memory while nothing can be sent
		set(strconv.Itoa(max(64/of, 1))+"MiB", "max_in_flight")
	}
	if number == 0 {
		v.l.Comment("The agent sends a record at the latest 5 s after its last line.", at("force_flush_period")...)
	}

	v.target(s, fallback, stream)
	if entry.Get("log_group_name").Text() == "" {
		if len(s.group.differs) > 0 {
			r.Different(where.Path(), "", "the log group, which the agent calls after the path: "+strings.Join(s.group.differs, "; "), "")
		}
	} else if multi.Bool() {
		v.streamOfFile(s)
	}
	if multi.There() {
		r.Converted(multi.Path(), place("newest_only"))
	}
	if n := entry.Get("timezone"); n.There() {
		r.Converted(n.Path(), place("timestamp", "location"))
	}
	v.unknown(entry, "file_path", "log_group_name", "log_stream_name", "log_group_class", "retention_in_days", "multi_line_start_pattern", "timestamp_format", "timezone", "trim_timestamp", "encoding",
		"auto_removal", "backpressure_mode", "blacklist", "publish_multi_logs", "filters", "service.name", "deployment.environment")
}

// streamOfFile is a stream for each file: the given one, and the path in which what a group cannot have, and slashes, are _.
func (v *converter) streamOfFile(s *source) {
	prefix := name{}
	if n := s.node.Get("log_stream_name"); n.Text() != "" { // the section's is not asked
		prefix = s.stream
	}
	s.stream = name{template: prefix.template + "_{resource:" + fileStream + "}", differs: prefix.differs}
	s.processors = append(s.processors, streamsOfFiles)
	if !v.l.Has("processors", streamsOfFiles) {
		v.l.Set("propagate", "processors", streamsOfFiles, "error_mode")
		v.l.Set([]string{
			`set(resource.attributes["` + fileStream + `"], resource.attributes["` + filePath + `"])`,
			`replace_pattern(resource.attributes["` + fileStream + `"], "[^-._#A-Za-z0-9]", "_")`,
		}, "processors", streamsOfFiles, "log_statements")
		v.l.Comment("The stream of a file is called after its path.", "processors", streamsOfFiles)
	}
}

// groupsOfFiles makes the group of a file on Windows, where a path has backslashes.
func (v *converter) groupsOfFiles(s *source, entry agentjson.Node) {
	if entry.Get("log_group_name").Text() != "" {
		return
	}
	s.processors = append(s.processors, groupsOfFiles)
	if !v.l.Has("processors", groupsOfFiles) {
		v.l.Set("propagate", "processors", groupsOfFiles, "error_mode")
		v.l.Set([]string{
			`set(resource.attributes["` + fileGroup + `"], resource.attributes["` + filePath + `"])`,
			`replace_pattern(resource.attributes["` + fileGroup + `"], "\\\\", "/")`,
		}, "processors", groupsOfFiles, "log_statements")
		v.l.Comment("The group of a file is its path, with slashes.", "processors", groupsOfFiles)
	}
}

// timestamp converts timestamp_format and what belongs to it; nil where the records have no time.
func (v *converter) timestamp(entry agentjson.Node, set func(any, ...string), place func(...string) string) *format {
	r := v.c.Report
	n, trim := entry.Get("timestamp_format"), entry.Get("trim_timestamp")
	if trim.There() {
		r.Converted(trim.Path(), place("timestamp", "trim"))
	}
	if n.Text() == "" {
		if n.There() {
			r.Converted(n.Path(), "")
		}
		return nil
	}
	if own := v.ownLog(); strings.EqualFold(strings.ReplaceAll(entry.Get("file_path").Text(), `\`, "/"), own) {
		r.Different(n.Path(), "", "the agent takes no times from its own log, nor does file_tail here", "")
		return nil
	}
	f := parseFormat(n.Text())
	if err := f.valid(); err != nil {
		r.Different(n.Path(), "", "lines have the time at which they are read, as with the agent, which finds no time by this format", "")
		return nil
	}
	set(layer.Expand(f.layout), "timestamp", "layout")
	v.timed = v.timed || !f.pattern
	if f.pattern {
		set(layer.Expand("("+f.regexp+")"), "timestamp", "pattern")
	} else { // the agent takes the first text of a line that fits
		set(true, "timestamp", "search")
	}
	if entry.Get("timezone").Text() == "UTC" {
		set("UTC", "timestamp", "location")
	}
	if trim.Bool() {
		set(true, "timestamp", "trim")
	}
	if len(f.differs) > 0 {
		r.Different(n.Path(), place("timestamp"), strings.Join(f.differs, "; "), "")
	} else {
		r.Converted(n.Path(), place("timestamp"))
	}
	return &f
}

// ownLog is the agent's own log file, with slashes.
func (v *converter) ownLog() string {
	own := v.c.Root.Get("agent", "logfile").Text()
	if own == "" && v.c.OS == "windows" {
		own = `C:\ProgramData\Amazon\AmazonCloudWatchAgent\Logs\amazon-cloudwatch-agent.log`
	} else if own == "" {
		own = "/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log"
	}
	return strings.ReplaceAll(own, `\`, "/")
}

// multiline converts multi_line_start_pattern.
func (v *converter) multiline(entry agentjson.Node, f *format, set func(any, ...string), place func(...string) string) {
	r := v.c.Report
	n := entry.Get("multi_line_start_pattern")
	start, differs := lineStart, ""
	switch text := n.Text(); {
	case text == "":
	case text == "{timestamp_format}" || text == "{timestamp_regex}":
		if f == nil {
			differs = "without timestamp_format the agent has no pattern, and joins all lines that come within 5 s; here a record begins with a line that does not begin with a blank"
		} else {
			start = anchored(f.regexp)
		}
	default:
		if _, err := regexp.Compile(text); err != nil {
			r.Invalid(n.Path(), fmt.Sprintf("%q is no regular expression: %v", text, err), "correct it")
			return
		}
		start = anchored(text)
		if regexp.MustCompile("(?m)" + start).MatchString("") {
			start, differs = "", "the pattern matches a line of nothing; here every line is a record"
		}
	}
	if start != "" {
		set(layer.Expand(start), "multiline", "line_start_pattern")
	}
	set("5s", "force_flush_period")
	switch {
	case !n.There():
	case differs != "":
		r.Different(n.Path(), place("multiline"), differs, "")
	default:
		r.Converted(n.Path(), place("multiline", "line_start_pattern"))
	}
}

// anchored is a pattern that matches at the beginning of lines alone. The agent looks for its own anywhere in a line, and a
// line that has it begins a record; file_tail would divide the line there.
func anchored(pattern string) string {
	if tree, err := syntax.Parse("(?m)"+pattern, syntax.Perl); err == nil && atLineStart(tree) {
		return pattern
	}
	return "^.*?(?:" + pattern + ")"
}

func atLineStart(tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpBeginLine:
		return true
	case syntax.OpConcat, syntax.OpCapture:
		return atLineStart(tree.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range tree.Sub {
			if !atLineStart(sub) {
				return false
			}
		}
		return true
	}
	return false
}

// encoding converts the name of an encoding, which the agent looks up as browsers do, and then as IANA has it.
func (v *converter) encoding(entry agentjson.Node, set func(any, ...string), place func(...string) string) {
	n := entry.Get("encoding")
	if !n.There() {
		return
	}
	label := strings.ToLower(strings.TrimSpace(n.Text()))
	switch label {
	case "", "utf_8", "utf-8", "utf8", "ascii":
		v.c.Report.Converted(n.Path(), place("encoding"))
		return
	case "utf-16", "utf-16le", "utf-16be":
		set(label, "encoding")
		v.c.Report.Converted(n.Path(), place("encoding"))
		return
	}
	if e, err := htmlindex.Get(label); err == nil {
		if known, err := htmlindex.Name(e); err == nil {
			label = known
		}
	}
	e, err := ianaindex.IANA.Encoding(label)
	if err != nil || e == nil {
		v.c.Report.Different(n.Path(), "", fmt.Sprintf("file_tail has no encoding %q: lines are sent as they are, and what is no UTF-8 in them becomes U+FFFD", n.Text()), "use file_log for this file")
		return
	}
	if line, err := e.NewEncoder().Bytes([]byte("a\n")); label != "utf-16le" && label != "utf-16be" && (err != nil || !bytes.Equal(line, []byte("a\n"))) {
		v.c.Report.Different(n.Path(), "", fmt.Sprintf("file_tail cannot divide files in %q into lines: they are sent as they are, and what is no UTF-8 in them becomes U+FFFD", n.Text()), "use file_log for this file")
		return
	}
	set(label, "encoding")
	v.c.Report.Converted(n.Path(), place("encoding"))
}

// filters converts filters. Where the time is removed from a record, the agent's see what is left: then a processor has them.
func (v *converter) filters(s *source, set func(any, ...string), place func(...string) string) {
	n := s.node.Get("filters")
	if !n.There() {
		return
	}
	if s.node.Get("trim_timestamp").Bool() && s.node.Get("timestamp_format").Text() != "" {
		v.filterProcessor(s)
		return
	}
	var all []map[string]string
	for _, f := range v.expressions(n) {
		all = append(all, map[string]string{"type": f.kind, "expression": layer.Expand(f.expression)})
	}
	if len(all) > 0 {
		set(all, "filters")
	}
	v.c.Report.Converted(n.Path(), place("filters"))
}

// expression is a filter.
type expression struct{ kind, expression string }

func (v *converter) expressions(n agentjson.Node) (all []expression) {
	for _, item := range n.Items() {
		f := expression{item.Get("type").Text(), item.Get("expression").Text()}
		if _, err := regexp.Compile(f.expression); err != nil {
			v.c.Report.Invalid(item.Get("expression").Path(), fmt.Sprintf("%q is no regular expression: %v", f.expression, err), "correct it")
			continue
		}
		if f.kind != "include" && f.kind != "exclude" {
			v.c.Report.Invalid(item.Path(), fmt.Sprintf("the type %q is neither include nor exclude", f.kind), "correct it")
			continue
		}
		all = append(all, f)
	}
	return all
}

// filterProcessor makes a processor of filters.
func (v *converter) filterProcessor(s *source) {
	n := s.node.Get("filters")
	var drop []string
	for _, f := range v.expressions(n) {
		condition := `IsMatch(log.body, ` + quoted(layer.Expand(f.expression)) + `)`
		if f.kind == "include" {
			condition = "not " + condition
		}
		drop = append(drop, condition)
	}
	if len(drop) == 0 {
		v.c.Report.Converted(n.Path(), "")
		return
	}
	_, receiver, _ := strings.Cut(s.receiver, "/cwagent_")
	processor := "filter/cwagent_" + string(s.kind) + "_" + receiver
	v.l.Set("propagate", "processors", processor, "error_mode")
	v.l.Set(drop, "processors", processor, "log_conditions")
	v.l.Comment("What is to be left out.", "processors", processor)
	s.processors = append(s.processors, processor)
	v.c.Report.Converted(n.Path(), v.to("processors", processor))
}

// quoted is a text in OTTL.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}
