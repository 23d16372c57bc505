package names

import (
	"cmp"
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
}

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
	depends   Depends

	// fixed is the name of a Namer that depends on nothing, and whole whether all of it was defined.
	fixed string
	whole bool
	known memory
}

// Bind looks up what the template takes from the host.
func (t *Template) Bind(host Host) *Namer {
	n := &Namer{kind: t.kind, undefined: Clean(t.kind, cmp.Or(host.Undefined, Undefined))}
	for _, p := range t.pieces {
		if p.sources != nil {
			p.sources = bind(p.sources, host)
		}
		n.pieces = append(n.pieces, p)
	}
	n.depends = dependsOn(n.pieces)
	if n.depends == 0 {
		raw, whole := n.expand(nil, &Source{})
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
	key, whole := n.expand(stack[:0], s)
	if name, ok := n.known.find(key); ok {
		return name, whole
	}
	raw := string(key)
	name = n.clean(raw)
	n.known.keep(raw, name)
	return name, whole
}

// clean is Clean with a name for what has none.
func (n *Namer) clean(raw string) string {
	if raw == "" {
		return n.undefined
	}
	return Clean(n.kind, raw)
}

// expand appends the name as the values have it.
func (n *Namer) expand(dst []byte, s *Source) ([]byte, bool) {
	whole := true
	for i := range n.pieces {
		p := &n.pieces[i]
		dst = append(dst, p.text...)
		if p.sources == nil {
			continue
		}
		defined := false
		for j := range p.sources {
			if dst, defined = p.sources[j].append(dst, s); defined {
				break
			}
		}
		if !defined {
			dst, whole = append(dst, n.undefined...), false
		}
	}
	return dst, whole
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
