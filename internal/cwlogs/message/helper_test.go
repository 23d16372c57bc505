package message

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// logged is the object that awscloudwatchlogs sends, as its README and tests show it, for encoding/json.
type logged struct {
	Body           any            `json:"body,omitempty"`
	SeverityNumber int32          `json:"severity_number,omitempty"`
	SeverityText   string         `json:"severity_text,omitempty"`
	Dropped        uint32         `json:"dropped_attributes_count,omitempty"`
	Flags          uint32         `json:"flags,omitempty"`
	TraceID        string         `json:"trace_id,omitempty"`
	SpanID         string         `json:"span_id,omitempty"`
	Attributes     map[string]any `json:"attributes,omitempty"`
	Scope          *loggedScope   `json:"scope,omitempty"`
	Resource       map[string]any `json:"resource,omitempty"`
}

type loggedScope struct {
	Name       string         `json:"name,omitempty"`
	Version    string         `json:"version,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// reference is the message in JSON by encoding/json; numbers that it has not are strings.
func reference(ld plog.Logs) ([]byte, error) {
	rl := ld.ResourceLogs().At(0)
	sl := rl.ScopeLogs().At(0)
	r := sl.LogRecords().At(0)
	l := logged{
		Body: numbers(r.Body().AsRaw()), SeverityNumber: int32(r.SeverityNumber()), SeverityText: r.SeverityText(),
		Dropped: r.DroppedAttributesCount(), Flags: uint32(r.Flags()),
		Attributes: numbers(r.Attributes().AsRaw()).(map[string]any), Resource: numbers(rl.Resource().Attributes().AsRaw()).(map[string]any),
	}
	if id := r.TraceID(); !id.IsEmpty() {
		l.TraceID = hex.EncodeToString(id[:])
	}
	if id := r.SpanID(); !id.IsEmpty() {
		l.SpanID = hex.EncodeToString(id[:])
	}
	if s := sl.Scope(); s.Name() != "" {
		l.Scope = &loggedScope{s.Name(), s.Version(), numbers(s.Attributes().AsRaw()).(map[string]any)}
	}
	return json.Marshal(l)
}

// numbers replaces what JSON has no number for.
func numbers(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return pcommon.NewValueDouble(v).AsString()
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// encode writes the first record.
func encode(f Format, ld plog.Logs) []byte {
	e := NewEncoder(f)
	rl := ld.ResourceLogs().At(0)
	e.Resource(rl)
	e.Scope(rl.ScopeLogs().At(0))
	return e.Append(nil, rl.ScopeLogs().At(0).LogRecords().At(0))
}

// maker makes logs of random numbers and a few strings, of which each is likely somewhere.
type maker struct {
	*rand.Rand
	texts []string
}

var floats = []float64{0, math.Copysign(0, -1), 1, -1.5, 1e20, 1e21, 1e-6, 9.9e-7, 1e-9, 1e-10, -1e-300, 1e100, math.MaxFloat64,
	math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1), math.Inf(-1), math.Pi}

func (m *maker) text() string {
	if m.IntN(4) > 0 {
		return m.texts[m.IntN(len(m.texts))]
	}
	text := make([]byte, m.IntN(40))
	for i := range text {
		text[i] = byte(m.UintN(256))
	}
	return string(text)
}

func (m *maker) number() float64 {
	switch m.IntN(3) {
	case 0:
		return math.Float64frombits(m.Uint64())
	case 1:
		return m.NormFloat64() * math.Pow10(m.IntN(60)-30)
	}
	return floats[m.IntN(len(floats))]
}

func (m *maker) value(v pcommon.Value, depth int) {
	kinds := 8
	if depth == 0 {
		kinds = 6
	}
	switch m.IntN(kinds) {
	case 0:
	case 1:
		v.SetBool(m.IntN(2) > 0)
	case 2:
		v.SetInt(m.Int64() >> m.UintN(64) * int64(1-2*m.IntN(2)))
	case 3:
		v.SetDouble(m.number())
	case 4:
		v.SetEmptyBytes().FromRaw([]byte(m.text()))
	case 5:
		v.SetStr(m.text())
	case 6:
		m.fill(v.SetEmptyMap(), depth-1)
	case 7:
		list := v.SetEmptySlice()
		for range m.IntN(5) {
			m.value(list.AppendEmpty(), depth-1)
		}
	}
}

func (m *maker) fill(attributes pcommon.Map, depth int) {
	n := m.IntN(6)
	if m.IntN(16) == 0 {
		n = 2 * smallMap
	}
	for range n {
		m.value(attributes.PutEmpty(m.text()), depth)
	}
}

// logs is one record.
func (m *maker) logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	m.fill(rl.Resource().Attributes(), 2)
	sl := rl.ScopeLogs().AppendEmpty()
	r := sl.LogRecords().AppendEmpty()
	m.value(r.Body(), 4)
	m.fill(r.Attributes(), 3)
	if m.IntN(2) > 0 {
		rl.SetSchemaUrl(m.text())
		rl.Resource().SetDroppedAttributesCount(m.Uint32())
		sl.SetSchemaUrl(m.text())
		sl.Scope().SetName(m.text())
		sl.Scope().SetVersion(m.text())
		sl.Scope().SetDroppedAttributesCount(m.Uint32())
		m.fill(sl.Scope().Attributes(), 2)
	}
	if m.IntN(2) > 0 {
		r.SetSeverityNumber(plog.SeverityNumber(m.IntN(26) - 1))
		r.SetSeverityText(m.text())
		r.SetDroppedAttributesCount(m.Uint32())
		r.SetFlags(plog.LogRecordFlags(m.Uint32()))
		r.SetTraceID([16]byte{0, 1, 15: byte(m.UintN(256))})
		r.SetSpanID([8]byte{7: byte(m.UintN(2))})
		r.SetTimestamp(pcommon.Timestamp(m.Uint64()))
		r.SetObservedTimestamp(pcommon.Timestamp(m.Uint64()))
		r.SetEventName(m.text())
	}
	return ld
}

// odd are strings with what has to be escaped, at different places in 8 bytes.
var odd = []string{"", "a", "key", "k\"ey", "<a href=\"x\">&amp;</a>", "1234567<", "12345678>", "&1234567", "tab\tline\nreturn\r\b\f\x00\x1f\x7f",
	"größe", "日本語のログ", "\u2028 and \u2029", "\xff", "abc\xed\xa0\x80def", "\U0001F600", "\xf0\x9f", "a long line of a log without anything in it that is of interest"}
