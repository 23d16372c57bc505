package translate

import "strings"

// Units are CloudWatch's (API Reference, MetricDatum).
var Units = map[string]bool{}

func init() {
	for _, unit := range []string{"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"} {
		Units[unit] = true
	}
	for _, prefix := range []string{"", "Kilo", "Mega", "Giga", "Tera"} {
		for _, unit := range []string{"Bytes", "Bits"} {
			name := prefix + unit
			if prefix != "" {
				name = prefix + strings.ToLower(unit)
			}
			Units[name], Units[name+"/Second"] = true, true
		}
	}
}

// ucum are units of the Unified Code for Units of Measure that are one of CloudWatch's. 1 and what is not in it
// has none: a metric whose unit is another would be refused.
var ucum = map[string]string{
	"s": "Seconds", "ms": "Milliseconds", "us": "Microseconds",
	"By": "Bytes", "kBy": "Kilobytes", "MBy": "Megabytes", "GBy": "Gigabytes", "TBy": "Terabytes",
	"bit": "Bits", "kbit": "Kilobits", "Mbit": "Megabits", "Gbit": "Gigabits", "Tbit": "Terabits",
	"%": "Percent",
}

// cloudWatchUnit is CloudWatch's unit for one of OpenTelemetry's, or empty where it has none.
func cloudWatchUnit(unit string) string {
	if name, ok := ucum[unit]; ok {
		return name
	}
	if Units[unit] {
		if unit == "None" {
			return ""
		}
		return unit
	}
	counted, perSecond := strings.CutSuffix(unit, "/s")
	if strings.HasPrefix(counted, "{") && strings.IndexByte(counted, '}') == len(counted)-1 { // an annotation: things
		counted = "Count"
	} else if name := ucum[counted]; perSecond && (strings.HasSuffix(counted, "By") || strings.HasSuffix(counted, "bit")) {
		counted = name
	} else if perSecond && counted == "1" {
		counted = "Count"
	} else {
		return ""
	}
	if perSecond {
		return counted + "/Second"
	}
	return counted
}
