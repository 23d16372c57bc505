package metrics

import (
	"fmt"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
)

// measurement is a metric that a plugin is to send.
type measurement struct {
	node agentjson.Node
	// name is the metric's, with its plugin's: cpu_usage_idle.
	name string
	// rename is another name that it is to have, and unit CloudWatch's unit. Both may be empty.
	rename, unit string
}

// sent is the name that CloudWatch knows.
func (m measurement) sent() string {
	if m.rename != "" {
		return m.rename
	}
	return m.name
}

// measurements are what a plugin's configuration names. Its names may have the plugin's before them, except on Windows.
func (v *converter) measurements(plugin string, n agentjson.Node, separator string) []measurement {
	var all []measurement
	for _, item := range n.Get("measurement").Items() {
		m := measurement{node: item}
		text := item.Text()
		if item.IsObject() {
			text = item.Get("name").Text()
			m.rename = strings.TrimSpace(item.Get("rename").Text())
			if unit := item.Get("unit"); unit.There() {
				m.unit = v.unit(unit)
			}
			for _, key := range item.Keys() {
				if key != "name" && key != "rename" && key != "unit" {
					v.Report.Different(item.Get(key).Path(), "", "the agent takes no notice of it", "")
				}
			}
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if separator == "_" {
			text = strings.TrimPrefix(text, plugin+"_")
		}
		m.name = plugin + separator + text
		all = append(all, m)
	}
	return all
}

// unit is CloudWatch's spelling of a unit, of which the agent takes any letter case, and units of UCUM.
func (v *converter) unit(n agentjson.Node) string {
	text := strings.ToLower(strings.TrimSpace(n.Text()))
	for _, unit := range units {
		if strings.EqualFold(unit, text) {
			return unit
		}
	}
	if unit, ok := ucum[text]; ok {
		return unit
	}
	v.Report.Different(n.Path(), "", fmt.Sprintf("%q is no unit of CloudWatch's: as with the agent, the metric has none", n.Text()), "use one such as Percent, Bytes, Count, Seconds or Bytes/Second")
	return "None"
}

// units are CloudWatch's.
var units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits",
	"Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

// ucum are the units of UCUM that the agent takes, in small letters, as far as it does not calculate with them.
var ucum = map[string]string{
	"": "None", "1": "None", "%": "Percent", "s": "Seconds", "us": "Microseconds", "ms": "Milliseconds",
	"b": "Bytes", "by": "Bytes", "bi": "Bits", "b/s": "Bytes/Second", "by/s": "Bytes/Second", "bi/s": "Bits/Second",
}

func init() {
	for prefix, name := range map[string]string{"k": "Kilo", "m": "Mega", "g": "Giga", "t": "Tera"} {
		for _, base := range []string{"b", "by", "bi", "b/s", "by/s", "bi/s"} {
			ucum[prefix+base] = name + strings.ToLower(ucum[base][:1]) + ucum[base][1:]
		}
	}
}

// decorations are the statements that give metrics their units and names.
func decorations(all []measurement) []string {
	var texts []string
	for _, m := range all {
		if m.unit != "" {
			texts = append(texts, fmt.Sprintf("set(metric.unit, %s) where metric.name == %s", quoted(m.unit), quoted(m.name)))
		}
	}
	for _, m := range all {
		if m.rename != "" {
			texts = append(texts, fmt.Sprintf("set(metric.name, %s) where metric.name == %s", quoted(m.rename), quoted(m.name)))
		}
	}
	return texts
}
