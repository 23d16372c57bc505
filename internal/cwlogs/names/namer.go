package names

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Undefined stands where no source of a placeholder has a value, unless Host says otherwise; it is
// awscloudwatchlogs' word.
const Undefined = "undefined"

// Host is what a template gets from the host that it runs on. It is asked by Bind, never later.
type Host struct {
	// Fact gives a fact of the host; empty where it is not known. nil knows none.
	Fact func(name string) string
	// LookupEnv gives an environment variable, as os.LookupEnv does. nil knows none.
	LookupEnv func(name string) (string, bool)
	// Undefined stands where no source of a placeholder has a value, and is the name of what would have
	// none. It is cleaned. Default: the constant Undefined.
	Undefined string
	// Slashes keeps the slashes of values, where something else bounds what a name can be. Otherwise they become _, so
	// that nobody gets out of the place that the template has for him. The path of a file keeps them in any case in the
	// name of a stream, which is where its template puts it.
	Slashes bool
}

// Overflow stands in Reduced for what a value would have said.
const Overflow = "overflow"

// paths are attributes whose slashes stay in the name of a stream (OpenTelemetry semantic conventions, log.file).
var paths = map[string]bool{"log.file.path": true, "log.file.path_resolved": true}

// Source is what a name is made of. Fields that the name does not depend on (Depends) are not looked at
// and may be left out; the others must be valid.
type Source struct {
	// Resource are the attributes of the resource.
	Resource pcommon.Map
	Scope    pcommon.InstrumentationScope
	// Record are the attributes of the log record, or of what else is named.
	Record pcommon.Map
	// Time is the event's, in milliseconds since 1970.
	Time int64
}

// Namer makes the names of a template on one host. It may be used by several goroutines at once.
type Namer struct {
	kind      Kind
	pieces    []piece
	undefined string
	slashes   bool
	depends   Depends

	// fixed is the name of a Namer that depends on nothing, and whole whether all of it was defined.
	fixed string
	whole bool
	known memory
}

// Bind looks up what the template takes from the host.
func (t *Template) Bind(host Host) *Namer {
	n := &Namer{kind: t.kind, undefined: Clean(t.kind, cmp.Or(host.Undefined, Undefined)), slashes: host.Slashes}
	for _, p := range t.pieces {
		if p.sources != nil {
			p.sources = bind(p.sources, host)
		}
		n.pieces = append(n.pieces, p)
	}
	n.depends = dependsOn(n.pieces)
	if n.depends == 0 {
		raw, whole := n.expand(nil, &Source{}, limits{})
		n.fixed, n.whole = n.clean(string(raw)), whole
	}
	return n
}

// bind replaces facts and variables with what they are, and leaves out what is then never looked at. The
// result is not nil.
func bind(sources []source, host Host) []source {
	bound := make([]source, 0, len(sources))
	for _, s := range sources {
		value := ""
		switch {
		case s.from == fromFact && host.Fact != nil:
			value = host.Fact(s.key)
		case s.from == fromEnvironment && host.LookupEnv != nil:
			value, _ = host.LookupEnv(s.key)
		}
		if s.from == fromFact || s.from == fromEnvironment {
			if value == "" {
				continue
			}
			s = source{fromText, value}
		}
		bound = append(bound, s)
		if s.always() {
			break
		}
	}
	return bound
}

// Depends says what the names depend on, once host and environment are known.
func (n *Namer) Depends() Depends { return n.depends }

// Name makes a name, which CloudWatch accepts. whole tells whether every placeholder had a value. A name
// that was made lately costs no allocation.
func (n *Namer) Name(s *Source) (name string, whole bool) {
	if n.depends == 0 {
		return n.fixed, n.whole
	}
	var stack [256]byte
	key, whole := n.expand(stack[:0], s, limits{})
	if name, ok := n.known.find(key); ok {
		return name, whole
	}
	raw := string(key)
	name = n.fit(raw, s, 0)
	n.known.keep(raw, name)
	return name, whole
}

// Reduced is the name with Overflow in each placeholder that depends on something of this kind: one name for all that
// such values tell apart.
func (n *Namer) Reduced(s *Source, of Depends) string {
	if n.depends&of == 0 {
		name, _ := n.Name(s)
		return name
	}
	raw, _ := n.expand(nil, s, limits{reduce: of})
	return n.fit(string(raw), s, of)
}

// fit makes a name of what was expanded. Where that is too long, each value gets an equal part of the room beside the
// template's own text, so that none can push that out.
func (n *Namer) fit(raw string, s *Source, reduce Depends) string {
	if len(raw) <= MaxLength {
		return n.clean(raw)
	}
	var of limits
	of.reduce = reduce
	own, values := 0, 0
	n.expand(nil, s, limits{reduce: reduce, count: func(value bool, size int) {
		if value {
			values++
		} else {
			own += size
		}
	}})
	if values > 0 {
		of.value = (MaxLength - own) / values
	}
	if of.value < shortest {
		return n.clean(raw) // there is no room
	}
	fitted, _ := n.expand(nil, s, of)
	return n.clean(string(fitted))
}

// limits are what expand makes of values. The zero value leaves them as they are.
type limits struct {
	reduce Depends // placeholders that depend on this say Overflow
	value  int     // bytes that a value may have; 0: any number
	count  func(value bool, size int)
}

// clean is Clean with a name for what has none.
func (n *Namer) clean(raw string) string {
	if raw == "" {
		return n.undefined
	}
	return Clean(n.kind, raw)
}

// expand appends the name as the values have it.
func (n *Namer) expand(dst []byte, s *Source, of limits) ([]byte, bool) {
	whole := true
	for i := range n.pieces {
		p := &n.pieces[i]
		before, value := len(dst), false
		dst = append(dst, p.text...)
		switch {
		case p.sources == nil:
		case of.reduce != 0 && dependsOn(n.pieces[i:i+1])&of.reduce != 0:
			if !bytes.HasSuffix(dst, []byte(Overflow)) { // values side by side are one
				dst = append(dst, Overflow...)
			}
		default:
			var defined bool
			if dst, value, defined = n.fill(dst, p, s, of.value); !defined {
				dst, whole = append(dst, n.undefined...), false
			}
		}
		if of.count != nil {
			of.count(value, len(dst)-before)
		}
	}
	return dst, whole
}

// fill appends the first source of a placeholder that has a value. value tells whether what is sent has chosen it.
func (n *Namer) fill(dst []byte, p *piece, s *Source, most int) (filled []byte, value, defined bool) {
	for j := range p.sources {
		o, before := &p.sources[j], len(dst)
		if dst, defined = o.append(dst, s); !defined {
			continue
		}
		switch o.from {
		case fromText, fromDate, fromFact, fromEnvironment:
			return dst, false, true
		}
		if !n.slashes && !(n.kind == Stream && paths[o.key]) {
			for k := before; k < len(dst); k++ {
				if dst[k] == '/' {
					dst[k] = replacement
				}
			}
		}
		if most > 0 && len(dst)-before > most {
			dst = append(dst[:before], shorten(slices.Clone(dst[before:before+most]), string(dst[before:]), most)...)
		}
		return dst, true, true
	}
	return dst, false, false
}

// append appends the source's value, and tells whether it has one.
func (o *source) append(dst []byte, s *Source) ([]byte, bool) {
	before := len(dst)
	switch o.from {
	case fromText:
		return append(dst, o.key...), true
	case fromDate:
		return appendDate(dst, o.key, s.Time), true
	case fromResource:
		dst = appendAttribute(dst, s.Resource, o.key)
	case fromScope:
		dst = appendAttribute(dst, s.Scope.Attributes(), o.key)
	case fromScopeName:
		dst = append(dst, s.Scope.Name()...)
	case fromScopeVersion:
		dst = append(dst, s.Scope.Version()...)
	case fromRecord:
		dst = appendAttribute(dst, s.Record, o.key)
	}
	return dst, len(dst) > before
}

func appendAttribute(dst []byte, attributes pcommon.Map, key string) []byte {
	v, ok := attributes.Get(key)
	if !ok {
		return dst
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return append(dst, v.Str()...)
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(dst, v.Bool())
	}
	return append(dst, v.AsString()...)
}
