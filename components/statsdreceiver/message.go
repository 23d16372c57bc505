package statsdreceiver

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver/protocol"
)

// kinds are what a message's type stands for.
var kinds = map[string]protocol.TypeName{
	"c": protocol.CounterTypeName, "g": protocol.GaugeTypeName, "h": protocol.HistogramTypeName,
	"ms": protocol.TimingTypeName, "d": protocol.DistributionTypeName,
}

// message is a line: NAME:VALUE|TYPE, and then parts such as |@RATE and |#KEY:VALUE,…
type message struct {
	name string
	kind protocol.TypeName
	// attributes are sorted by their keys, each of which is there once.
	attributes []tag
	value      float64
	// relative says that the value has a sign, which changes a gauge instead of setting it.
	relative bool
	// count is how many values it stands for: the inverse of the sampling rate.
	count float64
	// time is in nanoseconds since 1970. 0: none was given.
	time uint64
}

// tag is an attribute.
type tag struct{ key, value string }

var (
	errFormat = errors.New("it is not NAME:VALUE|TYPE")
	errName   = errors.New("the name is empty")
)

// maxCount bounds what a value may stand for: integers above are not exact.
const maxCount = 1 << 53

// parse reads a line. withType adds the attribute metric_type; simpleTags takes tags without a value.
func parse(line string, withType, simpleTags bool) (message, error) {
	head, rest, ok := strings.Cut(line, "|")
	name, value, hasValue := strings.Cut(head, ":")
	if !ok || !hasValue {
		return message{}, errFormat
	}
	if name == "" {
		return message{}, errName
	}
	m := message{name: name, count: 1}
	kind, rest, _ := strings.Cut(rest, "|")
	if m.kind, ok = kinds[kind]; !ok {
		return message{}, fmt.Errorf("its type %q is none of c, g, h, ms and d", kind)
	}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "|")
		if err := m.part(part, simpleTags); err != nil {
			return message{}, err
		}
	}
	var err error
	if m.value, err = strconv.ParseFloat(value, 64); err != nil || math.IsNaN(m.value) || math.IsInf(m.value, 0) {
		return message{}, fmt.Errorf("its value %q is no finite number", value)
	}
	m.relative = value[0] == '-' || value[0] == '+'
	if withType {
		m.attributes = append(m.attributes, tag{"metric_type", string(m.kind)})
	}
	m.attributes = unique(m.attributes)
	return m, nil
}

// part takes in one of the parts that follow the type.
func (m *message) part(part string, simpleTags bool) error {
	switch {
	case part == "":
	case part[0] == '@':
		rate, err := strconv.ParseFloat(part[1:], 64)
		if err != nil {
			return fmt.Errorf("its sampling rate %q is no number", part[1:])
		}
		m.count = 1 // the last rate counts
		if rate > 0 && rate < 1 {
			if m.count = 1 / rate; m.count > maxCount {
				return fmt.Errorf("its sampling rate %q is too small", part[1:])
			}
		}
	case part[0] == '#':
		for tags := part[1:]; tags != ""; {
			var text string
			if text, tags, _ = strings.Cut(tags, ","); text == "" {
				continue
			}
			key, value, _ := strings.Cut(text, ":")
			if key == "" || value == "" && !simpleTags {
				return fmt.Errorf("its tag %q is not KEY:VALUE", text)
			}
			m.attributes = append(m.attributes, tag{key, value})
		}
	case strings.HasPrefix(part, "c:"): // DogStatsD 1.2
		if id := part[2:]; id != "" {
			m.attributes = append(m.attributes, tag{"container.id", id})
		}
	case part[0] == 'T': // DogStatsD 1.3
		seconds, err := strconv.ParseUint(part[1:], 10, 64)
		if err != nil || seconds > math.MaxInt64/uint64(time.Second) || m.kind != protocol.CounterTypeName && m.kind != protocol.GaugeTypeName {
			return fmt.Errorf("its time %q is not in seconds, or not of a counter or a gauge", part)
		}
		m.time = seconds * uint64(time.Second)
	default:
		return fmt.Errorf("its part %q is unknown", part)
	}
	return nil
}

// unique sorts attributes; of those with one key the last one stays.
func unique(all []tag) []tag {
	slices.SortStableFunc(all, func(a, b tag) int { return strings.Compare(a.key, b.key) })
	kept := all[:0]
	for i, a := range all {
		if i+1 == len(all) || all[i+1].key != a.key {
			kept = append(kept, a)
		}
	}
	return kept
}
