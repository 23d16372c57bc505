package admission

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// Reason is why events do not go where their contents ask.
type Reason string

// The reasons.
const (
	NotAllowed Reason = "not_allowed"      // no pattern has the name
	TooMany    Reason = "too_many_targets" // the limits are reached
	Refused    Reason = "refused"          // CloudWatch Logs does not take events there, or cannot make it
)

// Limits are of the targets that contents name in an hour. 0: no bound.
type Limits struct {
	// PerSource is how many one source, such as a file, can name by what stands in its records.
	PerSource int `mapstructure:"per_source"`
	// Groups and Streams are how many log groups and log streams all of them can name.
	Groups  int `mapstructure:"groups"`
	Streams int `mapstructure:"streams"`
}

// DefaultLimits leave room for what a large host has.
func DefaultLimits() Limits { return Limits{PerSource: 100, Groups: 500, Streams: 30_000} }

// Check returns the first mistake. Errors name the keys.
func (l Limits) Check() error {
	for _, one := range []struct {
		key   string
		value int
	}{{"per_source", l.PerSource}, {"groups", l.Groups}, {"streams", l.Streams}} {
		if one.value < 0 {
			return fmt.Errorf("max_targets::%s: %d is below 0, which is no bound; use 1 or more", one.key, one.value)
		}
	}
	return nil
}

// Options are an Admission's.
type Options struct {
	// Reduce is the target of the template with names.Overflow for what depends on something of this kind.
	Reduce func(s *names.Source, of names.Depends) cwlogs.Target
	// GroupDepends and StreamDepends say what the name of the group and that of the stream depend on.
	GroupDepends, StreamDepends names.Depends
	// Groups and Streams are what names that depend on something can be. Empty: any.
	Groups, Streams names.Patterns
	Limits          Limits
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Admission is safe for concurrent use.
type Admission struct {
	o       Options
	depends names.Depends

	mu sync.Mutex
	// targets and groups are those that were named, and when they last were. They are forgotten an hour later.
	targets map[cwlogs.Target]time.Time
	groups  map[string]time.Time
	// sources are how many targets each has named since begun.
	sources map[uint64]int
	begun   time.Time
	swept   time.Time
}

const (
	remembered = time.Hour
	// sweepEvery is how often it is looked for what can be forgotten while there is no room.
	sweepEvery = time.Minute
)

// New makes an Admission.
func New(o Options) *Admission {
	depends := o.GroupDepends | o.StreamDepends
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Admission{o: o, depends: depends, targets: map[cwlogs.Target]time.Time{}, groups: map[string]time.Time{}, sources: map[uint64]int{}, begun: o.Now()}
}

// PerRecord is what differs among the records of one source.
const PerRecord = names.OnScope | names.OnRecord | names.OnDate

// everything is all that is sent.
const everything = PerRecord | names.OnResource

// Template admits the target that the template gives, which s was used for, or gives a reduced one. source identifies who
// sent; it is called where that matters.
func (a *Admission) Template(to cwlogs.Target, s *names.Source, source func() uint64) (cwlogs.Target, Reason) {
	if a.depends == 0 {
		return to, ""
	}
	reason := a.check(to)
	if reason == "" {
		if a.depends&PerRecord == 0 {
			source = nil
		}
		if reason = a.admit(to, source, false); reason == "" {
			return to, ""
		}
	}
	group := to.Group
	if a.depends&PerRecord != 0 {
		reduced := a.o.Reduce(s, PerRecord)
		if a.check(reduced) == "" && a.admit(reduced, nil, false) == "" {
			return reduced, reason
		}
		group = reduced.Group
	}
	last := a.o.Reduce(s, everything)
	if kept := (cwlogs.Target{Group: group, Stream: last.Stream}); a.checkGroup(group) == "" && a.admit(kept, nil, true) == "" {
		return kept, reason
	}
	return last, reason
}

// Fallback is where events go if the group that their records have named cannot be written to; nil where it is not the
// records that name it. to is what Template gave.
func (a *Admission) Fallback(to cwlogs.Target, s *names.Source) *cwlogs.Target {
	const named = names.OnScope | names.OnRecord
	if a.o.GroupDepends&named == 0 {
		return nil
	}
	reduced := a.o.Reduce(s, PerRecord)
	if reduced == to || a.check(reduced) != "" {
		if reduced = a.o.Reduce(s, everything); reduced == to {
			return nil
		}
	}
	return &reduced
}

// Chosen admits a target that a record has chosen in place of the template's.
func (a *Admission) Chosen(to cwlogs.Target, source func() uint64) Reason {
	if reason := a.check(to); reason != "" {
		return reason
	}
	return a.admit(to, source, false)
}

// Named admits a target that a document names, which has patterns of its own.
func (a *Admission) Named(to cwlogs.Target, source func() uint64) Reason {
	return a.admit(to, source, false)
}

func (a *Admission) check(t cwlogs.Target) Reason {
	if a.o.StreamDepends != 0 && !a.o.Streams.Empty() && !a.o.Streams.Match(t.Stream) {
		return NotAllowed
	}
	return a.checkGroup(t.Group)
}

func (a *Admission) checkGroup(group string) Reason {
	if a.o.GroupDepends != 0 && !a.o.Groups.Empty() && !a.o.Groups.Match(group) {
		return NotAllowed
	}
	return ""
}

// admit finds room for a target. overflow says that it is the one of its group for what exceeds the limit of streams.
func (a *Admission) admit(t cwlogs.Target, source func() uint64, overflow bool) Reason {
	now := a.o.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.targets[t]; ok {
		a.targets[t] = now
		a.groups[t.Group] = now
		return ""
	}
	if now.Sub(a.begun) >= remembered {
		a.begun = now
		clear(a.sources)
	}
	l := a.o.Limits
	_, known := a.groups[t.Group]
	room := func() bool {
		return (overflow || l.Streams == 0 || len(a.targets) < l.Streams) && (l.Groups == 0 || known || len(a.groups) < l.Groups)
	}
	if !room() {
		if a.sweep(now); !room() {
			return TooMany
		}
	}
	if source != nil && l.PerSource > 0 {
		id := source()
		if a.sources[id] >= l.PerSource {
			return TooMany
		}
		a.sources[id]++
	}
	a.targets[t] = now
	a.groups[t.Group] = now
	return ""
}

// sweep forgets what was not named for an hour.
func (a *Admission) sweep(now time.Time) {
	if now.Sub(a.swept) < sweepEvery {
		return
	}
	a.swept = now
	maps.DeleteFunc(a.targets, func(_ cwlogs.Target, at time.Time) bool { return now.Sub(at) >= remembered })
	maps.DeleteFunc(a.groups, func(_ string, at time.Time) bool { return now.Sub(at) >= remembered })
}
