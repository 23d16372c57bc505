package logs

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// name is the name of a log group or a log stream.
type name struct {
	// template is for the exporter, in the language of internal/cwlogs/names.
	template string
	// value is the name itself where it has no placeholder but environment variables: a receiver's resource can have it.
	value string
	// differs is what differs from the agent's name.
	differs []string
}

// instanceOrHost is the agent's stream where none is named: on premises, where there is no instance, the host's name.
var instanceOrHost = name{template: `{instance_id|hostname}`}

// placeholders are the agent's, with what it writes where a value is not known.
var placeholders = map[string]string{
	"{instance_id}":    `{instance_id|"i-UNKNOWN"}`,
	"{hostname}":       `{hostname}`,
	"{local_hostname}": `{local_hostname}`,
	"{ip_address}":     `{ip_address|"UNKNOWN-IP"}`,
	"{aws_region}":     `{aws_region|"UNKNOWN-REGION"}`,
	"{account_id}":     `{account_id|"UNKNOWN-ACCOUNT"}`,
	"{date}":           `{date}`,
}

// part is a placeholder of the agent, or an environment variable.
var part = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}|\{(?:instance_id|hostname|local_hostname|ip_address|aws_region|account_id|date)\}`)

func (v *converter) group(text string) name  { return v.name(names.Group, text) }
func (v *converter) stream(text string) name { return v.name(names.Stream, text) }

// name reads a name of the agent's configuration.
func (v *converter) name(kind names.Kind, text string) name {
	if text == "" {
		return name{}
	}
	n := name{value: layer.Expand(text)}
	var out strings.Builder
	end, cleaned := 0, false
	plain := func(text string) {
		if out.Len() == 0 && kind == names.Group && strings.HasPrefix(text, "aws/") {
			text, cleaned = "aws_"+text[len("aws/"):], true
		}
		for _, c := range text {
			clean := names.Clean(kind, string(c))
			cleaned = cleaned || clean != string(c)
			switch clean {
			case "{", "}":
				clean = `{"` + clean + `"}`
			case "$":
				clean = "$$"
			}
			out.WriteString(clean)
		}
	}
	for _, at := range part.FindAllStringIndex(text, -1) {
		plain(text[end:at[0]])
		placeholder := text[at[0]:at[1]]
		end = at[1]
		if placeholder[0] == '$' {
			out.WriteString(layer.Expand(placeholder))
			continue
		}
		if region := v.c.Root.Get("agent", "region").Text(); placeholder == "{aws_region}" && region != "" {
			n.value = strings.ReplaceAll(n.value, placeholder, layer.Expand(region))
			out.WriteString(layer.Expand(region))
			continue
		}
		n.value = ""
		out.WriteString(placeholders[placeholder])
		if placeholder == "{date}" {
			n.differs = append(n.differs, "{date} is the day of the event in UTC; the agent's is the day on which it was started, in local time")
		}
	}
	plain(text[end:])
	n.template = out.String()
	if cleaned {
		n.differs = append(n.differs, fmt.Sprintf("what CloudWatch takes in no name of a %s became _; the agent's requests with it are refused", kind))
	}
	return n
}
