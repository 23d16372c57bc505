package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// TestDivertedEventsArriveOnce is the engine under random faults with targets that events name, of which some
// can never be written to, some for a while, and some are of others that have no fallback, too. Each event is in its
// target or its fallback, or comes back to a caller that goes.
func TestDivertedEventsArriveOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { exerciseDiversion(t, rand.New(rand.NewPCG(seed, 11))) })
		})
	}
}

// sometimes are refusals of a moment.
var sometimes = []*refusal{
	{code: "ThrottlingException", status: http.StatusBadRequest}, {status: http.StatusServiceUnavailable}, {},
	{code: "AccessDeniedException", status: http.StatusBadRequest}, {code: "InvalidParameterException", status: http.StatusBadRequest},
	{code: "ResourceNotFoundException", status: http.StatusBadRequest},
}

func exerciseDiversion(t *testing.T, r *rand.Rand) {
	s, o := newService(t), newObserved()
	s.latency = []time.Duration{0, time.Millisecond, 50 * time.Millisecond}[r.IntN(3)]
	losing, leaving := r.IntN(2) == 0, r.IntN(3) == 0
	const targets = 5
	// What the named ones answer: nothing wrong, or always the same, or that until a while has passed.
	always, until := map[string]*refusal{}, map[string]time.Time{}
	for i := range targets {
		if n := r.IntN(2 * len(sometimes)); n < len(sometimes) {
			always[fmt.Sprint("named", i)] = sometimes[n]
			if r.IntN(2) == 0 {
				until[fmt.Sprint("named", i)] = time.Now().Add(time.Duration(r.IntN(1200)) * time.Second)
			}
		}
	}
	made := map[cwlogs.Target]bool{}
	var mu sync.Mutex // of r and made, from now on
	s.answer = func(c call) (*refusal, bool) {
		mu.Lock()
		defer mu.Unlock()
		if end, ok := until[c.LogStreamName]; always[c.LogStreamName] != nil && (!ok || time.Now().Before(end)) {
			return always[c.LogStreamName], false
		}
		own := strings.HasPrefix(c.LogStreamName, "own")
		switch n := r.IntN(100); {
		case !made[c.target()]:
			return &refusal{code: "ResourceNotFoundException", status: http.StatusBadRequest}, false
		case n < 12:
			no := sometimes[n/2]
			if own && no.code == "InvalidParameterException" { // which drops there
				return nil, false
			}
			return no, false
		case n < 16 && losing:
			return nil, true
		}
		return nil, false
	}
	maker := making(func(to cwlogs.Target) error {
		mu.Lock()
		defer mu.Unlock()
		if r.IntN(4) == 0 {
			return &cwlogs.Error{Class: []cwlogs.Class{cwlogs.Throttled, cwlogs.Denied, cwlogs.Retryable}[r.IntN(3)]}
		}
		made[to] = true
		return nil
	})
	e := New(s.sender(), maker, o, Options{Backoff: patient, MaxParallel: 1 + r.IntN(16)})
	total := 0
	returned := map[string]bool{}
	var all sync.WaitGroup
	for range 60 {
		mu.Lock()
		var parts []Part
		for range 1 + r.IntN(6) {
			to, fallback := stream(fmt.Sprint("named", r.IntN(targets))), stream(fmt.Sprint("own", r.IntN(2)))
			p := Part{Target: fallback}
			if r.IntN(3) > 0 {
				p.Target, p.Fallback = to, &fallback
			}
			for range 1 + r.IntN(40) {
				ev := cwlogs.Event{Timestamp: unix(), Assigned: true}
				if r.IntN(10) == 0 {
					ev.Assigned, ev.Timestamp = false, ev.Timestamp-r.Int64N(50)
				}
				ev.Message = []byte(fmt.Sprint(total) + strings.Repeat(" x", r.IntN(10)*r.IntN(10)*r.IntN(10)*r.IntN(8)))
				total++
				p.Events = append(p.Events, ev)
			}
			parts = append(parts, p)
		}
		pause := time.Duration(r.IntN(2)*r.IntN(20_000)) * time.Millisecond
		ctx, cancel := t.Context(), context.CancelFunc(func() {})
		if leaving && r.IntN(3) == 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(20_000))*time.Millisecond)
		}
		mu.Unlock()
		d := e.Begin(parts)
		all.Go(func() {
			defer cancel()
			err := d.Wait(ctx)
			if err == nil {
				return
			}
			assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded, "only a caller that goes gets something back")
			mu.Lock()
			defer mu.Unlock()
			for _, rest := range err.(*Error).Remainder {
				for _, i := range rest.Events {
					text := string(parts[rest.Part].Events[i].Message)
					assert.False(t, returned[text], "twice: %.10s", text)
					returned[text] = true
				}
			}
		})
		time.Sleep(pause)
	}
	all.Wait()
	seen := map[string]int{}
	for _, events := range s.streams {
		for _, ev := range events {
			seen[ev.Message]++
		}
	}
	for text, n := range seen {
		if s.repeated == 0 {
			require.Equal(t, 1, n, "%.10s", text)
			require.False(t, returned[text], "%.10s arrived, and came back", text)
		}
		delete(returned, text)
	}
	require.Equal(t, total, len(seen)+len(returned))
	require.Empty(t, o.drops())
	stats := e.Stats()
	assert.Zero(t, stats.InFlight+stats.Pending+stats.PendingBytes)
	if !leaving { // a blocked target whose callers have gone is remembered
		assert.Zero(t, stats.Lanes)
		for to, n := range o.blocked {
			assert.Equal(t, n, o.unblocked[to])
		}
	}
	assert.Empty(t, e.waiting)
	for _, l := range e.lanes {
		assert.Zero(t, l.live)
	}
	e.Close()
}
