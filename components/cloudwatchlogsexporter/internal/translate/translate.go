package translate

import (
	"math"
	"sync"
	"time"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/delivery"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/message"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// Options are a Translator's.
type Options struct {
	// Group and Stream name the targets.
	Group, Stream *names.Namer
	Format        message.Format
	// Redirect sends a raw EMF document that names a group, or a group and a stream, there.
	Redirect bool
	// Entity tells CloudWatch whose events they are, where the resource's attributes say it.
	Entity bool
}

// Translator translates. It is safe for concurrent use.
type Translator struct {
	o    Options
	pool sync.Pool // of *Batch
}

// New makes a Translator.
func New(o Options) *Translator {
	o.Redirect = o.Redirect && o.Format == message.Raw
	t := &Translator{o: o}
	t.pool.New = func() any {
		return &Batch{translator: t, encoder: message.NewEncoder(o.Format), index: map[key]int{}}
	}
	return t
}

// key is what tells parts apart.
type key struct {
	group, stream string
	entity        *cwlogs.Entity
}

// Batch is what a plog.Logs has become.
type Batch struct {
	// Parts are valid until Release, and while the plog.Logs are as they were.
	Parts []delivery.Part
	// Undefined is how many records have a name in which something had no value.
	Undefined int

	translator *Translator
	encoder    *message.Encoder
	index      map[key]int
	// records are the numbers of the records that the events of a part were made of.
	records [][]int32
	arena   arena
	// last is the part of the record before.
	last    key
	lastAt  int
	source  names.Source
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
		b.entity = nil
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
	if b.translator.o.Format == message.Raw && r.Body().Type() == pcommon.ValueTypeStr {
		text := r.Body().Str()
		return unsafe.Slice(unsafe.StringData(text), len(text))
	}
	return b.arena.append(func(dst []byte) []byte { return b.encoder.Append(dst, r) })
}

// add puts an event into its part.
func (b *Batch) add(to name, e cwlogs.Event, number int32) {
	if !to.whole {
		b.Undefined++
	}
	k := key{to.group, to.stream, b.entity}
	if b.translator.o.Redirect {
		if group, stream, ok := message.Target(e.Message); ok {
			k.group = names.Clean(names.Group, group)
			if stream != "" {
				k.stream = names.Clean(names.Stream, stream)
			}
		}
	}
	if !b.lastKey || k != b.last {
		at, ok := b.index[k]
		if !ok {
			at = b.grow(k)
			b.index[k] = at
		}
		b.last, b.lastAt, b.lastKey = k, at, true
	}
	p := &b.Parts[b.lastAt]
	p.Events = append(p.Events, e)
	b.records[b.lastAt] = append(b.records[b.lastAt], number)
}

// grow adds a part, with the memory of one of an earlier batch if there is any.
func (b *Batch) grow(k key) int {
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
	b.Parts[n].Target = cwlogs.Target{Group: k.group, Stream: k.stream}
	b.Parts[n].Entity = k.entity
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
		b.Parts[i].Entity = nil
	}
	if kept > maxKept {
		b.Parts, b.records = nil, nil
	}
	b.Parts, b.records = b.Parts[:0], b.records[:0]
	clear(b.index)
	clear(b.known)
	b.known, b.Undefined, b.lastKey, b.entity, b.last = b.known[:0], 0, false, nil, key{}
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
