package translate

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// label is an attribute of a data point, or what else tells it from others.
type label struct{ key, value string }

// resolutionAttribute is the attribute that asks for a resolution of 1 s. It is no label (awsemf has it).
const resolutionAttribute = "aws.emf.storage_resolution"

// search finds a label among sorted ones.
func search(labels []label, key string) (int, bool) {
	if len(labels) <= 8 {
		for i := range labels {
			if labels[i].key == key {
				return i, true
			}
		}
		return 0, false
	}
	return slices.BinarySearchFunc(labels, key, func(l label, key string) int { return cmp.Compare(l.key, key) })
}

// set gives a label a value.
func set(labels []label, key, value string) []label {
	for i := range labels {
		if labels[i].key == key {
			labels[i].value = value
			return labels
		}
	}
	return append(labels, label{key, value})
}

// order sorts labels, which nearly always are in order or few, and leaves the last of those that have one name.
func order(labels []label) []label {
	if len(labels) > 32 {
		slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(a.key, b.key) })
	} else {
		for i := 1; i < len(labels); i++ {
			for j := i; j > 0 && labels[j].key < labels[j-1].key; j-- {
				labels[j], labels[j-1] = labels[j-1], labels[j]
			}
		}
	}
	n := 0
	for i := range labels {
		if n > 0 && labels[n-1].key == labels[i].key {
			n--
		}
		labels[n] = labels[i]
		n++
	}
	return labels[:n]
}

// valid is a name as JSON has it: what differs in bytes that are not UTF-8 alone is one name there.
func valid(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}

func textOf(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}

// isService tells which attributes exclude_service_attributes is about.
func isService(key string) bool {
	return key == "service.name" || key == "service.instance.id" || key == "service.namespace"
}

// dimensionName tells whether a dimension may have a name.
func dimensionName(name string) bool {
	return name != "" && (len(name) <= MaxDimensionNameLength || utf8.RuneCountInString(name) <= MaxDimensionNameLength)
}

// blank tells whether a dimension may not have a value: it needs a character that is not a space (PutMetricData).
func blank(value string) bool {
	if value != "" && value[0] > ' ' && value[0] < utf8.RuneSelf {
		return false
	}
	return strings.TrimSpace(value) == ""
}

// shorten cuts a text after a number of characters.
func shorten(text string, most int) (string, bool) {
	if len(text) <= most {
		return text, false
	}
	n := 0
	for at := range text {
		if n == most {
			return text[:at], true
		}
		n++
	}
	return text, false
}

// kubernetes is the value of the label of that name: an object as Container Insights has it in its events.
func kubernetes(labels []label) string {
	get := func(key string) string {
		for i := range labels {
			if labels[i].key == key {
				return labels[i].value
			}
		}
		return ""
	}
	type object map[string]any
	add := func(o object, key, value string) {
		if value != "" {
			o[key] = value
		}
	}
	nest := func(o object, key string, inner object) {
		if len(inner) > 0 {
			o[key] = inner
		}
	}
	root, docker, tags, owner := object{}, object{}, object{}, object{}
	add(root, "container_name", get("container"))
	add(docker, "container_id", get("container_id"))
	add(root, "host", get("NodeName"))
	add(tags, "app", get("app"))
	add(tags, "pod-template-hash", get("pod-template-hash"))
	add(root, "namespace_name", get("Namespace"))
	add(root, "pod_id", get("PodId"))
	add(root, "pod_name", get("PodName"))
	add(owner, "owner_kind", get("owner_kind"))
	add(owner, "owner_name", get("owner_name"))
	add(root, "service_name", get("Service"))
	nest(root, "docker", docker)
	nest(root, "labels", tags)
	nest(root, "pod_owners", owner)
	text, _ := json.Marshal(root) // text alone
	return string(text)
}
