package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// targetsFunc is a Targets.
type targetsFunc func(context.Context, cwlogs.Target) error

func (f targetsFunc) Make(ctx context.Context, t cwlogs.Target) error { return f(ctx, t) }

var noTargets = targetsFunc(func(_ context.Context, t cwlogs.Target) error {
	return &cwlogs.Error{Class: cwlogs.Missing, Message: t.Stream}
})

// TestEveryEventArrivesOnceAndInOrder is the whole engine under random faults. Events are repeated only where
// an answer was lost.
func TestEveryEventArrivesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { exercise(t, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func exercise(t *testing.T, r *rand.Rand) {
	s, o := newService(t), newObserved()
	s.latency = []time.Duration{0, time.Millisecond, 50 * time.Millisecond}[r.IntN(3)]
	losing := r.IntN(2) == 0
	known := map[cwlogs.Target]bool{}
	var mu sync.Mutex // of r and known, from now on
	s.answer = func(c call) (*refusal, bool) {
		mu.Lock()
		defer mu.Unlock()
		if slices.ContainsFunc(c.LogEvents, func(e stored) bool { return strings.HasPrefix(e.Message, "poison") }) {
			return &refusal{code: "InvalidParameterException", status: 400}, false
		}
		switch n := r.IntN(100); {
		case !known[c.target()]:
			return &refusal{code: "ResourceNotFoundException", status: 400}, false
		case n < 10:
			return &refusal{code: "ThrottlingException", status: 400}, false
		case n < 20:
			return &refusal{status: 503}, false
		case n < 23:
			return &refusal{code: "ExpiredTokenException", status: 400}, false
		case n < 26:
			return &refusal{code: "AccessDeniedException", status: 400}, false
		case n < 28:
			known[c.target()] = false // deleted
		case n < 32:
			return &refusal{}, false // reset before
		case n < 36 && losing:
			return nil, true
		}
		return nil, false
	}
	targets := targetsFunc(func(_ context.Context, to cwlogs.Target) error {
		mu.Lock()
		defer mu.Unlock()
		if r.IntN(4) == 0 {
			return &cwlogs.Error{Class: []cwlogs.Class{cwlogs.Throttled, cwlogs.Denied}[r.IntN(2)]}
		}
		known[to] = true
		return nil
	})
	e := New(s.sender(), targets, o, Options{Backoff: patient, MaxParallel: 1 + r.IntN(16)})
	streams := 1 + r.IntN(8)
	want := map[cwlogs.Target][]stored{}
	poison, total := 0, 0
	var all sync.WaitGroup
	for range 40 {
		mu.Lock()
		var parts []Part
		for i := range streams {
			to := stream(fmt.Sprint(i))
			p := Part{Target: to}
			for range r.IntN(60) {
				ev := cwlogs.Event{Timestamp: unix(), Assigned: i%2 == 0}
				if !ev.Assigned {
					ev.Timestamp -= r.Int64N(50)
				}
				text := fmt.Sprint(total)
				if r.IntN(200) == 0 {
					text = "poison " + text
					poison++
				} else {
					text += strings.Repeat(" x", r.IntN(10)*r.IntN(10)*r.IntN(10)*r.IntN(8))
					want[to] = append(want[to], stored{ev.Timestamp, text})
				}
				total++
				ev.Message = []byte(text)
				p.Events = append(p.Events, ev)
			}
			parts = append(parts, p)
		}
		pause := time.Duration(r.IntN(2)*r.IntN(30)) * time.Millisecond
		mu.Unlock()
		d := e.Begin(parts)
		all.Go(func() { assert.NoError(t, d.Wait(t.Context())) })
		time.Sleep(pause)
	}
	all.Wait()
	for to, events := range want {
		slices.SortStableFunc(events, func(a, b stored) int { return int(a.Timestamp - b.Timestamp) })
		var texts []string
		for _, e := range events {
			texts = append(texts, e.Message)
		}
		got := s.view(to)
		if s.repeated > 0 { // only what had no answer may be there twice
			seen := map[string]bool{}
			got = slices.DeleteFunc(got, func(m string) bool { was := seen[m]; seen[m] = true; return was })
		}
		require.Equal(t, texts, got, to)
	}
	assert.Equal(t, poison, o.dropped[cwlogs.RejectedEvent])
	assert.Equal(t, total-poison, o.events)
	for to, n := range o.blocked {
		assert.Equal(t, n, o.unblocked[to])
	}
	stats := e.Stats()
	assert.Zero(t, stats.InFlight+stats.Pending+stats.PendingBytes+stats.Lanes)
	assert.Zero(t, stats.Oldest)
	e.Close()
}

// TestBusyStreamIsSentInFullRequestsAtOnce has an answer after a second: what comes meanwhile is put together,
// and full requests do not wait for it.
func TestBusyStreamIsSentInFullRequestsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.latency = time.Second
		e := New(s.sender(), noTargets, o, Options{})
		line := strings.Repeat("x", 10_000-cwlogs.EventOverhead)
		var all sync.WaitGroup
		start := time.Now()
		for range 80 { // 80 pieces of 50 kB: 4 MB
			p := Part{Target: stream("a")}
			for range 5 {
				p.Events = append(p.Events, cwlogs.Event{Timestamp: unix(), Assigned: true, Message: []byte(line)})
			}
			d := e.Begin([]Part{p})
			all.Go(func() { assert.NoError(t, d.Wait(t.Context())) })
		}
		all.Wait()
		assert.Equal(t, 2*time.Second, time.Since(start), "the last one waits for the others")
		assert.Equal(t, 400, o.events)
		require.Len(t, o.sent, 5) // the first piece, three full ones, the rest
		assert.Equal(t, 4, s.most)
	})
}

// TestLastPieceStaysBehindWhatWasMoved has two full requests, which go together with times a millisecond
// apart, and a rest that goes when both are answered.
func TestLastPieceStaysBehindWhatWasMoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		e := New(s.sender(), noTargets, newObserved(), Options{})
		full := strings.Repeat("x", cwlogs.MaxMessageBytes)
		p := assigned(part(stream("a"), unix(), "first", full, full, full, "last"))
		require.NoError(t, e.Deliver(t.Context(), []Part{p}))
		require.NoError(t, e.Deliver(t.Context(), []Part{assigned(part(stream("a"), p.Events[0].Timestamp, "later"))}))
		assert.Equal(t, []string{"first", full, full, full, "last", "later"}, s.view(stream("a")))
		assert.Equal(t, 4, s.most, "all but the rest go at once")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Empty(t, e.lanes)
	})
}

// TestHotStreamStarvesNobody has one slot.
func TestHotStreamStarvesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		e := New(s.sender(), noTargets, newObserved(), Options{MaxParallel: 1})
		hot := Part{Target: stream("hot")}
		for i := range int64(10) { // no two in one request
			hot.Events = append(hot.Events, cwlogs.Event{Timestamp: unix() - i*(cwlogs.MaxBatchSpan.Milliseconds()+1), Message: []byte("x")})
		}
		start := time.Now()
		d := e.Begin([]Part{hot}) // 10 requests
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("cold"), unix(), "x")}))
		assert.Equal(t, 3*s.latency, time.Since(start), "behind what is on its way, and the hot one's turn")
		require.NoError(t, d.Wait(t.Context()))
		assert.Equal(t, 11*s.latency, time.Since(start))
	})
}

func TestLimitFollowsThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		slow := false
		var mu sync.Mutex
		s.answer = func(call) (*refusal, bool) {
			mu.Lock()
			defer mu.Unlock()
			if slow {
				return &refusal{code: "ThrottlingException", status: 400}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient, MaxParallel: 32})
		load := func(n int) *sync.WaitGroup {
			all := new(sync.WaitGroup)
			for i := range n {
				d := e.Begin([]Part{part(stream(fmt.Sprint(i)), unix(), "x")})
				all.Go(func() { assert.NoError(t, d.Wait(t.Context())) })
			}
			return all
		}
		first := load(2000)
		first.Wait()
		assert.Equal(t, 32, e.Stats().Limit)
		mu.Lock()
		slow = true
		mu.Unlock()
		second := load(100)
		time.Sleep(time.Minute)
		assert.Equal(t, 1, e.Stats().Limit)
		before := s.count()
		time.Sleep(time.Minute)
		assert.LessOrEqual(t, s.count()-before, 60, "nobody hammers a service that refuses")
		mu.Lock()
		slow = false
		mu.Unlock()
		second.Wait()
		assert.Equal(t, 2100, o.events)
		e.Close()
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		first := true
		s.answer = func(call) (*refusal, bool) {
			defer func() { first = false }()
			if first {
				return &refusal{status: 503, retryAfter: "7"}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, newObserved(), Options{Backoff: patient})
		start := time.Now()
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("a"), unix(), "x")}))
		assert.Equal(t, 7*time.Second+2*s.latency, time.Since(start))
	})
}
