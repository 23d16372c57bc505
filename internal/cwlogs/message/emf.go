package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Limits of the Embedded Metric Format (CloudWatch User Guide, "Specification: Embedded metric format").
const (
	maxDirectiveMetrics = 100
	maxSetDimensions    = 30
	maxNameCharacters   = 1024
)

// members are those of a JSON object. Its keys count in their own letter case, as in the format, and the last of equal ones does.
type members map[string]json.RawMessage

// directive is a member of CloudWatchMetrics.
type directive struct {
	Namespace  *string
	Dimensions *[][]string
	Metrics    *[]members
}

// metricsKey is the member without which no document has metrics.
const metricsKey = "CloudWatchMetrics"

// Target is the group, and the stream if any, that a raw message names because it is an EMF document: version 1 names them
// within _aws, version 0 (awsemf's, and older agents') beside its metrics. ok is false for what names no group, and for
// what CloudWatch would make no metric of: such a message is a line like others, whatever stands in it. The names are as
// the document has them.
func Target(message []byte) (group, stream string, ok bool) {
	if !mayBeEMF(message) {
		return "", "", false
	}
	var root members
	if json.Unmarshal(message, &root) != nil {
		return "", "", false
	}
	meta, names := root, [2]string{"log_group_name", "log_stream_name"}
	if aws, ok := root["_aws"]; ok {
		meta, names = nil, [2]string{"LogGroupName", "LogStreamName"}
		if json.Unmarshal(aws, &meta) != nil {
			return "", "", false
		}
	} else if root.text("Version") != "0" {
		return "", "", false
	}
	if group = meta.text(names[0]); group == "" || !meta.timed() || !root.measured(meta[metricsKey]) {
		return "", "", false
	}
	return group, meta.text(names[1]), true
}

// text is a member that is a string; empty where there is none.
func (o members) text(key string) string {
	var s *string
	if json.Unmarshal(o[key], &s) != nil || s == nil {
		return ""
	}
	return *s
}

// timed reports whether the object has a time: whole milliseconds, which version 0 has as text.
func (o members) timed() bool {
	text := o["Timestamp"]
	if s := o.text("Timestamp"); s != "" {
		text = json.RawMessage(s)
	}
	var ms *float64
	return json.Unmarshal(text, &ms) == nil && ms != nil && *ms >= 0 && *ms == math.Trunc(*ms)
}

// measured reports whether directives are valid, and one of their metrics has a value in the root.
func (o members) measured(text json.RawMessage) bool {
	var elements []members
	if json.Unmarshal(text, &elements) != nil {
		return false
	}
	found := false
	for _, e := range elements {
		d := directive{}
		if e.into("Namespace", &d.Namespace) != nil || e.into("Dimensions", &d.Dimensions) != nil || e.into("Metrics", &d.Metrics) != nil ||
			!d.valid() {
			return false
		}
		for _, m := range *d.Metrics {
			found = found || o.value(m.text("Name"))
		}
	}
	return found
}

func (o members) into(key string, to any) error { return json.Unmarshal(o[key], to) }

func (d *directive) valid() bool {
	if d.Namespace == nil || !named(*d.Namespace) || d.Dimensions == nil || len(*d.Dimensions) == 0 || d.Metrics == nil || len(*d.Metrics) > maxDirectiveMetrics {
		return false
	}
	for _, set := range *d.Dimensions {
		if set == nil || len(set) > maxSetDimensions {
			return false
		}
	}
	for _, m := range *d.Metrics {
		if !named(m.text("Name")) {
			return false
		}
	}
	return true
}

func named(name string) bool {
	return name != "" && (len(name) <= maxNameCharacters || utf8.RuneCountInString(name) <= maxNameCharacters)
}

// value reports whether a member is what a metric may be: a number, numbers, or statistics.
func (o members) value(key string) bool {
	text := bytes.TrimSpace(o[key])
	if len(text) == 0 {
		return false
	}
	switch c := text[0]; {
	case c == '[':
		var numbers []float64
		return json.Unmarshal(text, &numbers) == nil && len(numbers) > 0
	case c == '{':
		return true
	default:
		return c == '-' || c >= '0' && c <= '9'
	}
}

// AppendWithoutMetrics appends a message of which CloudWatch makes no metrics, and reports whether it differs from the one
// that was given. Where that has the key CloudWatchMetrics, its first letter becomes small: the text stays JSON and keeps
// its length, and as keys count in their letter case it is no EMF document. It is looked for wherever it stands, as the
// message may be divided later.
func AppendWithoutMetrics(dst, message []byte) ([]byte, bool) {
	at, changed := len(dst), false
	dst = append(dst, message...)
	for text := dst[at:]; ; {
		quote := bytes.IndexByte(text, '"')
		if quote < 0 {
			return dst, changed
		}
		text = text[quote+1:]
		if isMetricsKey(text) {
			changed = true
			if text[0] == '\\' {
				text[len(`\u00`)] = '6' // of 63, which is c
			} else {
				text[0] = 'c'
			}
		}
	}
}

// MayHaveMetrics reports, at little cost, whether AppendWithoutMetrics may change a message.
func MayHaveMetrics(message []byte) bool {
	return bytes.Contains(message, []byte(metricsKey[1:])) || bytes.Contains(message, []byte(`\u00`))
}

// isMetricsKey reports whether text, which follows a quote, is the rest of the key CloudWatchMetrics and its colon.
func isMetricsKey(text []byte) bool {
	for i := range len(metricsKey) {
		switch {
		case len(text) > 0 && text[0] == metricsKey[i]:
			text = text[1:]
		case len(text) >= 6 && text[0] == '\\' && strings.EqualFold(string(text[1:6]), fmt.Sprintf("u%04x", metricsKey[i])):
			text = text[6:]
		default:
			return false
		}
	}
	if len(text) == 0 || text[0] != '"' {
		return false
	}
	text = bytes.TrimLeft(text[1:], " \t\r\n")
	return len(text) > 0 && text[0] == ':'
}

// mayBeEMF reports, without parsing, whether a message may be an object with metrics.
func mayBeEMF(message []byte) bool {
	for i, c := range message {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return bytes.Contains(message[i:], []byte(metricsKey+`"`))
		}
		return false
	}
	return false
}
