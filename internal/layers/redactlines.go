package layers

import (
	"regexp"
	"strings"
)

var (
	lineKey   = regexp.MustCompile(`^(\s*(?:- +)*)["']?([^\s"':{}\[\],#]+(?:::[^\s"':{}\[\],#]+)*)["']?\s*:(?:\s|$)`)
	inlineKey = regexp.MustCompile(`([\w.:-]+)["']?\s*[:=]`)
)

// redactLines hides secrets in what is no YAML: whatever follows the name of a secret on its line, and
// the lines that are indented below it.
func redactLines(text string) string {
	type level struct {
		indent int
		key    string
	}
	var above []level
	var out strings.Builder
	key := false // of a PEM block
	for line := range strings.Lines(text) {
		body := strings.TrimRight(line, "\r\n")
		end := line[len(body):]
		content := strings.TrimLeft(body, " \t-")
		switch {
		case content == "":
			out.WriteString(line)
			continue
		case key || privateKey.MatchString(body):
			key = !strings.Contains(body, "-----END ")
			out.WriteString(Redacted + end)
			continue
		}
		depth := len(body) - len(content)
		for len(above) > 0 && above[len(above)-1].indent >= depth {
			above = above[:len(above)-1]
		}
		var path []string
		for _, l := range above {
			path = append(path, l.key)
		}
		if m := lineKey.FindStringSubmatch(body); m != nil {
			above = append(above, level{depth, m[2]})
			path = append(path, strings.Split(m[2], delimiter)...)
		}
		switch {
		case lineKey.MatchString(body) && Secret(path):
			at := lineKey.FindStringIndex(body)[1]
			body = strings.TrimRight(body[:at], " \t") + maskIf(body[at:])
		case len(path) > 0 && Secret(path):
			body = body[:depth] + Redacted
		default:
			for _, m := range inlineKey.FindAllStringSubmatchIndex(body, -1) {
				if Secret([]string{body[m[2]:m[3]]}) {
					body = body[:m[1]] + maskIf(body[m[1]:])
					break
				}
			}
			if s, ok := shown(nil, nil, body).(string); ok {
				body = s
			}
		}
		out.WriteString(body + end)
	}
	return out.String()
}

func maskIf(value string) string {
	if strings.TrimSpace(value) == "" {
		return value
	}
	return " " + maskText(strings.TrimSpace(value))
}
