package translate

import (
	"math"
	"sync"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// Options are a Translator's.
type Options struct {
	// Group and Stream name the targets.
	Group, Stream *names.Namer
	Format        message.Format
	// Admission bounds the targets.
	Admission *admission.Admission
	// Redirect sends raw EMF documents where they say, if that is listed.
	Redirect admission.Redirect
	// WithoutMetrics makes raw messages such that CloudWatch makes no metrics of them.
	WithoutMetrics bool
	// Entity tells CloudWatch whose events they are, where the resource's attributes say it.
	Entity bool
}

// Translator translates. It is safe for concurrent use.
type Translator struct {
	o        Options
	redirect bool
	pool     sync.Pool // of *Batch
}

// New makes a Translator.
func New(o Options) *Translator {
	o.WithoutMetrics = o.WithoutMetrics && o.Format == message.Raw
	t := &Translator{o: o, redirect: o.Redirect.On() && o.Format == message.Raw}
	t.pool.New = func() any {
		return &Batch{translator: t, encoder: message.NewEncoder(o.Format), index: map[key]place{}, parts: map[part]int{}, entities: map[cwlogs.Target]int{}, Elsewhere: map[admission.Reason]Elsewhere{}}
	}
	return t
}

// key is what tells apart where events ask to go.
type key struct {
	group, stream string
	entity        *cwlogs.Entity
	// named is what a document asks for; empty for others.
	named cwlogs.Target
}

// part is what tells parts apart.
type part struct {
	target, fallback cwlogs.Target
	entity           *cwlogs.Entity
}

// place is where the events of a key go: the index of a part, and why it is not the one that they ask for.
type place struct {
	at     int
	reason admission.Reason
	asked  cwlogs.Target
}

// Elsewhere are events that do not go where their contents ask.
type Elsewhere struct {
	Events int
	// Asked is one of the targets that were asked for.
	Asked cwlogs.Target
}

// Batch is what a plog.Logs has become.
type Batch struct {
	// Parts are valid until Release, and while the plog.Logs are as they were.
	Parts []delivery.Part
	// Undefined is how many records have a name in which something had no value.
	Undefined int
	// Elsewhere are events that do not go where their contents ask, by why, and Changed how many messages are other ones, so
	// that no metrics are made of them.
	Elsewhere map[admission.Reason]Elsewhere
	Changed   int

	translator *Translator
	encoder    *message.Encoder
	index      map[key]place
	parts      map[part]int
	entities   map[cwlogs.Target]int // how many each target has
	// records are the numbers of the records that the events of a part were made of.
	records [][]int32
	arena   arena
	// last is the part of the record before.
	last    key
	lastIn  place
	source  names.Source
	hash    uint64 // of the resource; 0: not known
	entity  *cwlogs.Entity
	known   []*cwlogs.Entity // of this batch
	lastKey bool
}

const (
	perRecord = names.OnRecord | names.OnDate
	perScope  = names.OnScope
)

// name is a target's name for the records of a resource, scope or both.
type name struct {
	group, stream string
	whole         bool
}

func (t *Translator) name(s *names.Source) name {
	group, whole := t.o.Group.Name(s)
	stream, also := t.o.Stream.Name(s)
	return name{group, stream, whole && also}
}

// Translate makes events. The Batch is to be released.
func (t *Translator) Translate(ld plog.Logs) *Batch {
	b := t.pool.Get().(*Batch)
	depends := t.o.Group.Depends() | t.o.Stream.Depends()
	now := time.Now().UnixMilli()
	number := int32(0)
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		b.encoder.Resource(rl)
		b.source = names.Source{Resource: rl.Resource().Attributes()}
		b.entity, b.hash = nil, 0
		if t.o.Entity {
			b.entity = b.intern(entityOf(rl.Resource().Attributes()))
		}
		var to name
		if depends&(perRecord|perScope) == 0 {
			to = t.name(&b.source)
		}
		for j := range rl.ScopeLogs().Len() {
			sl := rl.ScopeLogs().At(j)
			b.encoder.Scope(sl)
			b.source.Scope = sl.Scope()
			if depends&perScope != 0 && depends&perRecord == 0 {
				to = t.name(&b.source)
			}
			for k := range sl.LogRecords().Len() {
				r := sl.LogRecords().At(k)
				e := cwlogs.Event{}
				e.Timestamp, e.Assigned = timeOf(r, now)
				if depends&perRecord != 0 {
					b.source.Record, b.source.Time = r.Attributes(), e.Timestamp
					to = t.name(&b.source)
				}
				e.Message = b.message(r)
				b.add(to, e, number)
				number++
			}
		}
	}
	return b
}

// timeOf is an event's time in milliseconds, and whether it is none of its own.
func timeOf(r plog.LogRecord, now int64) (int64, bool) {
	if t := milliseconds(r.Timestamp()); t != 0 {
		return t, false
	}
	if t := milliseconds(r.ObservedTimestamp()); t != 0 {
		return t, true
	}
	return now, true
}

func milliseconds(t pcommon.Timestamp) int64 {
	return int64(uint64(t) / uint64(time.Millisecond)) // far below MaxInt64
}

// message is a record's. A raw one of text is the record's own bytes: pdata never writes to a string, and the
// record lives until the delivery is over.
func (b *Batch) message(r plog.LogRecord) []byte {
	var text []byte
	if b.translator.o.Format == message.Raw && r.Body().Type() == pcommon.ValueTypeStr {
		s := r.Body().Str()
		text = unsafe.Slice(unsafe.StringData(s), len(s))
	} else {
		text = b.arena.append(func(dst []byte) []byte { return b.encoder.Append(dst, r) })
	}
	if b.translator.o.WithoutMetrics && message.MayHaveMetrics(text) {
		changed := false
		text = b.arena.append(func(dst []byte) []byte {
			dst, changed = message.AppendWithoutMetrics(dst, text)
			return dst
		})
		if changed {
			b.Changed++
		}
	}
	return text
}

// add puts an event into its part.
func (b *Batch) add(to name, e cwlogs.Event, number int32) {
	if !to.whole {
		b.Undefined++
	}
	k := key{group: to.group, stream: to.stream, entity: b.entity}
	if b.translator.redirect {
		k.named.Group, k.named.Stream, _ = message.Target(e.Message)
	}
	if !b.lastKey || k != b.last {
		in, ok := b.index[k]
		if !ok {
			in = b.find(k)
			b.index[k] = in
		}
		b.last, b.lastIn, b.lastKey = k, in, true
	}
	if in := &b.lastIn; in.reason != "" {
		b.Elsewhere[in.reason] = Elsewhere{b.Elsewhere[in.reason].Events + 1, in.asked}
	}
	at := b.lastIn.at
	p := &b.Parts[at]
	p.Events = append(p.Events, e)
	b.records[at] = append(b.records[at], number)
}

// find decides where the events of a key go. b.source is that of one of them.
func (b *Batch) find(k key) place {
	o := &b.translator.o
	asked := cwlogs.Target{Group: k.group, Stream: k.stream}
	own, reason := o.Admission.Template(asked, &b.source, b.sourceHash)
	p := part{target: own, entity: k.entity}
	if fallback := o.Admission.Fallback(own, &b.source); fallback != nil {
		p.fallback = *fallback
	}
	if k.named.Group != "" {
		asked = k.named
		var named cwlogs.Target
		if named, reason = o.Redirect.Target(k.named.Group, k.named.Stream, own); reason == "" && named != own {
			if reason = o.Admission.Named(named, b.sourceHash); reason == "" {
				p.target, p.fallback = named, own
			}
		}
	}
	at, ok := b.parts[p]
	if !ok && p.entity != nil && b.entities[p.target] >= maxEntities {
		p.entity = nil
		at, ok = b.parts[p]
	}
	if !ok {
		at = b.grow(p)
		b.parts[p] = at
		if p.entity != nil {
			b.entities[p.target]++
		}
	}
	return place{at, reason, asked}
}

// maxEntities is how many entities the events of one stream have in a batch. A request has one, so that each further one of
// what somebody sends would cost the stream a request; the events beyond have none.
const maxEntities = 16

// ofFile are attributes by which records of one file are known where its resource does not say it.
var ofFile = []string{"log.file.path", "log.file.name"}

// sourceHash identifies the resource, which a tailed file has of its own, or the file.
func (b *Batch) sourceHash() uint64 {
	if b.hash == 0 {
		for k, v := range b.source.Resource.All() {
			b.hash ^= xxhash.Sum64String(k) + 31*xxhash.Sum64String(v.AsString()) // in any order
		}
		b.hash |= 1
	}
	hash := b.hash
	if b.source.Record != (pcommon.Map{}) { // a name depends on it
		for _, key := range ofFile {
			if v, ok := b.source.Record.Get(key); ok {
				hash = 31*hash + xxhash.Sum64String(v.AsString())
			}
		}
	}
	return hash
}

// grow adds a part, with the memory of one of an earlier batch if there is any.
func (b *Batch) grow(p part) int {
	n := len(b.Parts)
	if n < cap(b.Parts) {
		b.Parts = b.Parts[:n+1]
		b.Parts[n] = delivery.Part{Events: b.Parts[n].Events[:0]}
		b.records = b.records[:n+1]
		b.records[n] = b.records[n][:0]
	} else {
		b.Parts = append(b.Parts, delivery.Part{})
		b.records = append(b.records, nil)
		// both have the same capacity, so that one index serves both
		if cap(b.records) < cap(b.Parts) {
			grown := make([][]int32, len(b.records), cap(b.Parts))
			copy(grown, b.records)
			b.records = grown
		}
	}
	b.Parts[n].Target, b.Parts[n].Entity = p.target, p.entity
	if p.fallback != (cwlogs.Target{}) {
		fallback := p.fallback
		b.Parts[n].Fallback = &fallback
	}
	return n
}

// maxKept is how many events a Batch keeps memory for.
const maxKept = 64 << 10

// Release gives the memory to later batches. Nothing of the Batch may be used after it.
func (b *Batch) Release() {
	kept := 0
	for i := range b.Parts {
		clear(b.Parts[i].Events) // they hold the messages
		kept += cap(b.Parts[i].Events)
		b.Parts[i].Entity, b.Parts[i].Fallback = nil, nil
	}
	if kept > maxKept {
		b.Parts, b.records = nil, nil
	}
	b.Parts, b.records = b.Parts[:0], b.records[:0]
	clear(b.index)
	clear(b.parts)
	clear(b.entities)
	clear(b.known)
	clear(b.Elsewhere)
	b.Changed = 0
	b.known, b.Undefined, b.lastKey, b.entity, b.last, b.lastIn = b.known[:0], 0, false, nil, key{}, place{}
	b.source = names.Source{}
	b.arena.reset()
	b.translator.pool.Put(b)
}

// Remainder are the records of what was not delivered, under copies of their resources and scopes. ld is what
// the Batch was made of.
func (b *Batch) Remainder(ld plog.Logs, lost []delivery.Remainder) plog.Logs {
	wanted := map[int32]bool{}
	for _, r := range lost {
		for _, e := range r.Events {
			wanted[b.records[r.Part][e]] = true
		}
	}
	out := plog.NewLogs()
	number := int32(0)
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		var resource plog.ResourceLogs
		for j, begun := 0, false; j < rl.ScopeLogs().Len(); j++ {
			sl := rl.ScopeLogs().At(j)
			var scope plog.ScopeLogs
			for k, in := 0, false; k < sl.LogRecords().Len(); k++ {
				if wanted[number] {
					if !begun {
						begun = true
						resource = out.ResourceLogs().AppendEmpty()
						rl.Resource().CopyTo(resource.Resource())
						resource.SetSchemaUrl(rl.SchemaUrl())
					}
					if !in {
						in = true
						scope = resource.ScopeLogs().AppendEmpty()
						sl.Scope().CopyTo(scope.Scope())
						scope.SetSchemaUrl(sl.SchemaUrl())
					}
					sl.LogRecords().At(k).CopyTo(scope.LogRecords().AppendEmpty())
				}
				if number < math.MaxInt32 {
					number++
				}
			}
		}
	}
	return out
}
