package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

func denied(streams ...string) func(call) (*refusal, bool) {
	return func(c call) (*refusal, bool) {
		for _, s := range streams {
			if c.LogStreamName == s {
				return &refusal{code: "AccessDeniedException", status: 400}, false
			}
		}
		return nil, false
	}
}

// TestDeniedTargetDelaysNoOther has a policy that is mended after an hour.
func TestDeniedTargetDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		var mended sync.Mutex
		bad := true
		s.answer = func(c call) (*refusal, bool) {
			mended.Lock()
			defer mended.Unlock()
			if bad {
				return denied("bad")(c)
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient, MaxBlocked: 3})
		var waiting sync.WaitGroup
		for i := range 10 {
			d := e.Begin([]Part{part(stream("bad"), unix(), fmt.Sprint(i)), part(stream("good"), unix(), fmt.Sprint(i))})
			waiting.Go(func() {
				if err := d.Wait(t.Context()); err != nil {
					failure := err.(*Error)
					assert.True(t, failure.Permanent)
					assert.Equal(t, []Remainder{{Part: 0, Events: []int{0}}}, failure.Remainder)
				}
			})
			time.Sleep(time.Second)
		}
		synctest.Wait()
		assert.Len(t, s.view(stream("good")), 10, "nobody waits")
		assert.Equal(t, 1, o.blocked[stream("bad")])
		time.Sleep(time.Hour)
		synctest.Wait() // what the engine has told can be read now
		probes := o.failed[cwlogs.Denied]
		assert.Less(t, probes, 1500, "about one in 5 s")
		assert.Equal(t, map[cwlogs.Reason]int{cwlogs.Blocked: 7}, o.drops())
		assert.Equal(t, 1, o.blocked[stream("bad")], "told once")
		mended.Lock()
		bad = false
		mended.Unlock()
		waiting.Wait()
		assert.Equal(t, []string{"0", "1", "2"}, s.view(stream("bad")))
		assert.Equal(t, 1, o.unblocked[stream("bad")])
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("bad"), unix(), "more")}))
		assert.Zero(t, e.Stats().Lanes)
		e.Close()
	})
}

// TestWhereAllIsDeniedEverythingWaits has a policy that lets nobody write: dropping would help no one.
func TestWhereAllIsDeniedEverythingWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		var mu sync.Mutex
		bad := true
		s.answer = func(c call) (*refusal, bool) {
			mu.Lock()
			defer mu.Unlock()
			if bad || c.LogStreamName == "b" {
				return &refusal{code: "AccessDeniedException", status: 400}, false
			}
			return nil, false
		}
		steady := patient
		steady.Randomization = 0 // with the half second below, the two are never tried again at the same moment
		e := New(s.sender(), noTargets, o, Options{Backoff: steady, MaxBlocked: 2})
		var a, b []*Delivery
		for i := range 6 {
			a = append(a, e.Begin([]Part{part(stream("a"), unix(), fmt.Sprint(i))}))
			time.Sleep(500 * time.Millisecond)
			b = append(b, e.Begin([]Part{part(stream("b"), unix(), fmt.Sprint(i))}))
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Empty(t, o.drops())
		mu.Lock()
		bad = false
		mu.Unlock()
		for _, d := range a {
			require.NoError(t, d.Wait(t.Context()))
		}
		synctest.Wait()
		assert.Equal(t, []string{"0", "1", "2", "3", "4", "5"}, s.view(stream("a")))
		assert.Empty(t, o.drops(), "the policy may be mended for all")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, map[cwlogs.Reason]int{cwlogs.Blocked: 4}, o.drops(), "it was refused again, and others need the room")
		for _, d := range b[2:] {
			require.Error(t, d.Wait(t.Context()), "the latest")
		}
		e.Close()
		for _, d := range b[:2] {
			require.Error(t, d.Wait(t.Context()))
		}
	})
}

// TestDeniedBacklogLetsOthersThrough has a denied target take every caller before another one is written to again.
func TestDeniedBacklogLetsOthersThrough(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]bool{"one is denied": false, "all are": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, o := newService(t), newObserved()
				var deny atomic.Bool
				s.answer = func(c call) (*refusal, bool) {
					if c.LogStreamName == "bad" || all && deny.Load() {
						return &refusal{code: "AccessDeniedException", status: 400}, false
					}
					return nil, false
				}
				e := New(s.sender(), noTargets, o, Options{Backoff: patient, MaxBlocked: 2, Callers: 6})
				require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("good"), unix(), "0")}))
				deny.Store(true)
				ctx, cancel := context.WithCancel(t.Context())
				free := make(chan struct{}, 6) // the callers
				var callers sync.WaitGroup
				hand := func(to string, message string) {
					free <- struct{}{}
					d := e.Begin([]Part{part(stream(to), unix(), message)})
					callers.Go(func() {
						defer func() { <-free }()
						if err := d.Wait(ctx); to == "good" && ctx.Err() == nil {
							assert.NoError(t, err)
						}
					})
				}
				queue := make(chan struct{})
				go func() {
					defer close(queue)
					if all {
						hand("good", "1")
						time.Sleep(time.Second)
					}
					for i := range 10 {
						if all && i == 5 {
							return
						}
						hand("bad", fmt.Sprint(i))
					}
					hand("good", "1")
				}()
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if all {
					assert.Empty(t, o.drops(), "the policy may be mended for all")
				} else {
					assert.Equal(t, []string{"0", "1"}, s.view(stream("good")))
					assert.Equal(t, map[cwlogs.Reason]int{cwlogs.Blocked: 8}, o.drops())
				}
				cancel()
				callers.Wait()
				<-queue
				e.Close()
			})
		})
	}
}

// TestBlockedTargetsAreForgotten has no one who waits for them.
func TestBlockedTargetsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = denied("bad")
		e := New(s.sender(), noTargets, o, Options{Backoff: Backoff{Initial: time.Second, MaxElapsed: time.Minute}})
		err := e.Deliver(t.Context(), []Part{part(stream("bad"), unix(), "x", "y")})
		require.ErrorContains(t, err, "AccessDeniedException")
		assert.True(t, err.(*Error).Permanent)
		assert.Equal(t, []Remainder{{Events: []int{0, 1}}}, err.(*Error).Remainder)
		assert.Equal(t, map[cwlogs.Reason]int{cwlogs.Exhausted: 2}, o.drops())
		assert.Equal(t, 1, e.Stats().Lanes)
		time.Sleep(2 * time.Hour)
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("good"), unix(), "x")}))
		assert.Zero(t, e.Stats().Lanes)
		assert.Equal(t, 1, o.unblocked[stream("bad")])
		e.Close()
	})
}

func TestMissingTargetsAreMadeAndComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		var mu sync.Mutex
		there, made := map[cwlogs.Target]bool{}, 0
		s.answer = func(c call) (*refusal, bool) {
			mu.Lock()
			defer mu.Unlock()
			if !there[c.target()] {
				return &refusal{code: "ResourceNotFoundException", status: 400}, false
			}
			return nil, false
		}
		e := New(s.sender(), targetsFunc(func(_ context.Context, to cwlogs.Target) error {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			made++
			there[to] = true
			return nil
		}), o, Options{Backoff: patient})
		for range 3 {
			start := time.Now()
			require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("a"), unix(), "x"), part(stream("b"), unix(), "x")}))
			assert.Equal(t, time.Second+2*s.latency, time.Since(start), "side by side")
			mu.Lock()
			clear(there)
			mu.Unlock()
		}
		assert.Equal(t, 6, made)
		assert.Equal(t, 6, o.events)

		e = New(s.sender(), noTargets, o, Options{Backoff: patient}) // nothing is made, until somebody makes it
		d := e.Begin([]Part{part(stream("a"), unix(), "x")})
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, 1, o.blocked[stream("a")])
		mu.Lock()
		there[stream("a")] = true
		mu.Unlock()
		require.NoError(t, d.Wait(t.Context()))
		assert.Equal(t, 1, o.unblocked[stream("a")])
		e.Close()
	})
}

// TestPoisonIsFoundAmongManyEvents refuses requests that hold one of some events.
func TestPoisonIsFoundAmongManyEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(c call) (*refusal, bool) {
			for _, e := range c.LogEvents {
				if strings.HasPrefix(e.Message, "poison") {
					return &refusal{code: "InvalidParameterException", status: 400}, false
				}
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient})
		p := Part{Target: stream("a")}
		var want []string
		for i := range 9000 {
			text := fmt.Sprint(i)
			if i%3000 == 1234 {
				text = "poison " + text
			} else {
				want = append(want, text)
			}
			p.Events = append(p.Events, cwlogs.Event{Timestamp: unix(), Message: []byte(text)}) // all of one time
		}
		d := e.Begin([]Part{p})
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("b"), unix(), "x")}))
		require.NoError(t, d.Wait(t.Context()))
		assert.Equal(t, want, s.view(stream("a")))
		assert.Equal(t, map[cwlogs.Reason]int{cwlogs.RejectedEvent: 3}, o.drops())
		assert.Less(t, s.requests, 100)

		s.answer = func(call) (*refusal, bool) { return &refusal{code: "ValidationException", status: 400}, false }
		s.requests = 0
		require.NoError(t, e.Deliver(t.Context(), []Part{p}), "it is no use to come again")
		assert.Equal(t, 9003, o.drops()[cwlogs.RejectedEvent])
		assert.Less(t, s.requests, 4*maxRefused, "it is not the events that are wrong")
		assert.Zero(t, e.Stats().Lanes)
		e.Close()
	})
}

func TestRejectedEventsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		sender := s.sender()
		old, recent, expired := 2, 8, 3
		e := New(answering{sender, cwlogs.Answer{
			Rejected: &cwlogs.RejectedEvents{TooOldEnd: &old, TooNewStart: &recent, ExpiredEnd: &expired},
			Entity:   &cwlogs.RejectedEntity{ErrorType: "InvalidKeyAttributes"},
		}}, noTargets, o, Options{})
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("a"), unix(), "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")}))
		assert.Equal(t, map[cwlogs.Reason]int{cwlogs.RejectedOld: 2, cwlogs.RejectedExpired: 1, cwlogs.RejectedNew: 2}, o.drops())
		assert.Equal(t, 5, o.events)
		assert.Equal(t, 1, o.entities)
	})
}

// answering gives an answer to everything.
type answering struct {
	Sender
	answer cwlogs.Answer
}

func (a answering) Put(context.Context, *cwlogs.Payload) (cwlogs.Answer, error) { return a.answer, nil }

func TestWithoutRetryTheRemainderComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(c call) (*refusal, bool) {
			if c.LogStreamName == "bad" {
				return &refusal{status: 500}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{})
		parts := []Part{part(stream("good"), unix(), "a"), part(stream("bad"), unix(), "b", "", "c"), {Target: stream("empty")}}
		err := e.Deliver(t.Context(), parts)
		assert.Equal(t, &Error{Remainder: []Remainder{{Part: 1, Events: []int{0, 2}}}, Err: err.(*Error).Err}, err)
		assert.Equal(t, map[cwlogs.Reason]int{cwlogs.Empty: 1}, o.drops())
		assert.Equal(t, []string{"a"}, s.view(stream("good")))
		require.NoError(t, e.Deliver(t.Context(), nil))
		require.NoError(t, e.Deliver(t.Context(), []Part{{Target: stream("empty")}}))
	})
}

// TestCallerThatEndsTakesItsEventsBack lets another one's, in the same request, go on.
func TestCallerThatEndsTakesItsEventsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		var mu sync.Mutex
		down := true
		s.answer = func(call) (*refusal, bool) {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return &refusal{status: 500}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient})
		first := e.Begin([]Part{part(stream("a"), unix(), "1")})
		ctx, cancel := context.WithCancel(t.Context())
		second := e.Begin([]Part{part(stream("a"), unix(), "2", "2")})
		third := e.Begin([]Part{part(stream("a"), unix(), "3")})
		time.Sleep(time.Minute)
		cancel()
		err := second.Wait(ctx)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, []Remainder{{Events: []int{0, 1}}}, err.(*Error).Remainder)
		assert.False(t, err.(*Error).Permanent)
		mu.Lock()
		down = false
		mu.Unlock()
		require.NoError(t, first.Wait(t.Context()))
		require.NoError(t, third.Wait(t.Context()))
		assert.Equal(t, []string{"1", "3"}, s.view(stream("a")))
		assert.Zero(t, e.Stats().Lanes)
		e.Close()
	})
}

// TestStopSendsOnceMoreAndEnds has one target that answers, one that refuses and one that is silent.
// TestCallerThatEndsWaitsForNoFurtherTry has the request on its way when its caller ends.
func TestCallerThatEndsWaitsForNoFurtherTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		s.answer = func(call) (*refusal, bool) { return &refusal{status: 500}, false }
		e := New(s.sender(), noTargets, newObserved(), Options{Backoff: patient})
		ctx, cancel := context.WithCancel(t.Context())
		one := e.Begin([]Part{part(stream("a"), unix(), "1")})
		time.Sleep(s.latency / 2)
		cancel()
		require.ErrorIs(t, one.Wait(ctx), context.Canceled)
		assert.Equal(t, 1, s.count())
		e.Close()
	})
}

func TestStopSendsOnceMoreAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(c call) (*refusal, bool) {
			switch c.LogStreamName {
			case "silent":
				return &refusal{status: never}, false
			case "refuses":
				return &refusal{status: 500}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o,
			Options{Backoff: patient, DrainTimeout: 3 * time.Second, MaxParallel: 3})
		refused := e.Begin([]Part{part(stream("refuses"), unix(), "x")})
		time.Sleep(time.Second)
		silent := e.Begin([]Part{part(stream("silent"), unix(), "x")})
		good := e.Begin([]Part{part(stream("good"), unix(), "x")})
		time.Sleep(time.Millisecond)
		e.Stop()
		e.Stop()
		start := time.Now()
		require.ErrorContains(t, refused.Wait(t.Context()), "status 500")
		require.NoError(t, good.Wait(t.Context()))
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("good"), unix(), "late")}), "the queue's rest")
		assert.Less(t, time.Since(start), time.Second)
		require.Error(t, silent.Wait(t.Context()))
		assert.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, e.Deliver(t.Context(), []Part{part(stream("good"), unix(), "too late")}), errStopped)
		assert.Equal(t, []string{"x", "late"}, s.view(stream("good")))
		e.Close()
	})
}

// TestEntitiesAreKeptApart sends one stream's events of two services.
func TestEntitiesAreKeptApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		var entities []string
		s.answer = func(c call) (*refusal, bool) {
			entities = append(entities, fmt.Sprint(len(c.LogEvents), string(c.Entity)))
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{MaxParallel: 1})
		named := func(name string) *cwlogs.Entity {
			return &cwlogs.Entity{KeyAttributes: map[string]string{"Name": name}}
		}
		var ds []*Delivery
		for _, name := range []string{"first", "a", "a", "b", "b", ""} {
			p := assigned(part(stream("x"), unix(), name+".", name+"."))
			if name != "" {
				p.Entity = named(name)
			}
			ds = append(ds, e.Begin([]Part{p}))
		}
		for _, d := range ds {
			require.NoError(t, d.Wait(t.Context()))
		}
		assert.Equal(t, []string{
			`2{"keyAttributes":{"Name":"first"}}`, `4{"keyAttributes":{"Name":"a"}}`, `4{"keyAttributes":{"Name":"b"}}`, `2`,
		}, entities)
		total := 0
		for _, r := range o.sent {
			total += r.Messages
		}
		assert.Equal(t, 2*(6+2+2+2+2+1)+12*cwlogs.EventOverhead, total)
	})
}
