package delivery

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// named is a part whose target was named by what is in it.
func named(to, fallback cwlogs.Target, at int64, messages ...string) Part {
	p := part(to, at, messages...)
	p.Fallback = &fallback
	return p
}

// making makes targets as a function says.
type making func(cwlogs.Target) error

func (m making) Make(_ context.Context, t cwlogs.Target) error { return m(t) }

// A target that an event names and nobody may write to costs one request: its events arrive at the fallback, in order, and
// neither they nor others wait.
func TestEventsOfANamedTargetThatCannotBeUsedGoToTheFallback(t *testing.T) {
	t.Parallel()
	missing := &refusal{code: "ResourceNotFoundException", status: http.StatusBadRequest}
	for name, tt := range map[string]struct {
		put  *refusal
		make error
	}{
		"denied":                  {put: &refusal{code: "AccessDeniedException", status: http.StatusBadRequest}},
		"forbidden without code":  {put: &refusal{status: http.StatusForbidden}},
		"invalid":                 {put: &refusal{code: "InvalidParameterException", status: http.StatusBadRequest}},
		"missing, not to be made": {put: missing, make: &cwlogs.Error{Class: cwlogs.Missing}},
		"denied to be made":       {put: missing, make: &cwlogs.Error{Class: cwlogs.Denied}},
		"a name nobody can have":  {put: missing, make: &cwlogs.Error{Class: cwlogs.Invalid}},
		"too many groups":         {put: missing, make: cwlogs.FromAPI("CreateLogGroup", apiError("LimitExceededException"))},
		"made, and missing again": {put: missing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, o := newService(t), newObserved()
				bad, good := stream("bad"), stream("good")
				s.answer = func(c call) (*refusal, bool) {
					if c.target() == bad {
						return tt.put, false
					}
					return nil, false
				}
				e := New(s.sender(), making(func(cwlogs.Target) error { return tt.make }), o, Options{Backoff: patient, MaxBlocked: 1, Callers: 1})
				at, began := unix(), time.Now()
				for i := range 10 {
					require.NoError(t, e.Deliver(t.Context(), []Part{
						part(good, at, fmt.Sprint("own ", i)),
						named(bad, good, at+1, fmt.Sprint("a ", i), fmt.Sprint("b ", i)),
					}))
				}
				assert.Less(t, time.Since(began), 5*time.Second)
				var want []string
				for i := range 10 {
					want = append(want, fmt.Sprint("own ", i))
				}
				for i := range 10 {
					want = append(want, fmt.Sprint("a ", i), fmt.Sprint("b ", i))
				}
				assert.Equal(t, want, s.view(good))
				assert.Empty(t, s.view(bad))
				assert.Equal(t, 20, o.diverted[bad])
				assert.Empty(t, o.blocked)
				assert.Empty(t, o.drops())
				if name != "invalid" { // which says nothing about others
					assert.Equal(t, 1, o.told)
					assert.LessOrEqual(t, s.count(), 10+10+2)
				}
			})
		})
	}
}

func apiError(code string) error { return &apiErr{code} }

func TestAServerErrorOfANamedTargetHoldsNothingForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(c call) (*refusal, bool) {
			if c.LogStreamName == "bad" {
				return &refusal{status: http.StatusInternalServerError}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient})
		done := make(chan error)
		go func() { done <- e.Deliver(t.Context(), []Part{named(stream("bad"), stream("good"), unix(), "x")}) }()
		for began := time.Now(); ; {
			require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("other"), unix(), "y")}))
			time.Sleep(time.Second)
			select {
			case err := <-done:
				require.NoError(t, err)
				assert.Equal(t, []string{"x"}, s.view(stream("good")))
				assert.Less(t, time.Since(began), 2*failingFor)
				return
			default:
				require.Less(t, time.Since(began), 2*failingFor)
			}
		}
	})
}

// A file whose named target fails has no more on its way until that is settled, and so do all others where each names it:
// nothing is sent that would show that the service works.
func TestAServerErrorOfANamedTargetHoldsNothingWhereNothingElseIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(c call) (*refusal, bool) {
			if c.LogStreamName == "bad" {
				return &refusal{status: http.StatusInternalServerError}, false
			}
			return nil, false
		}
		asked := 0
		e := New(s.sender(), making(func(to cwlogs.Target) error {
			assert.Equal(t, stream("good"), to)
			asked++
			return nil
		}), o, Options{Backoff: patient})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.NoError(t, e.Deliver(ctx, []Part{part(stream("good"), unix(), "own"), named(stream("bad"), stream("good"), unix(), "x")}))
		assert.Less(t, time.Since(began), 2*failingFor)
		assert.Equal(t, []string{"own", "x"}, s.view(stream("good")))
		assert.Equal(t, 1, asked)
	})
}

// Where nothing is to be made, or may be, the question is one that the service answers and stores nothing of.
func TestAServerErrorOfANamedTargetHoldsNothingWhereNothingIsMade(t *testing.T) {
	t.Parallel()
	for name, class := range map[string]cwlogs.Class{"create is false": cwlogs.Missing, "making is denied": cwlogs.Denied} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, o := newService(t), newObserved()
				s.answer = func(c call) (*refusal, bool) {
					if c.LogStreamName == "bad" {
						return &refusal{status: http.StatusInternalServerError}, false
					}
					return nil, false
				}
				e := New(s.sender(), making(func(cwlogs.Target) error { return &cwlogs.Error{Class: class} }), o, Options{Backoff: patient})
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				require.NoError(t, e.Deliver(ctx, []Part{part(stream("good"), unix(), "own"), named(stream("bad"), stream("good"), unix(), "x")}))
				assert.Less(t, time.Since(began), 2*failingFor)
				assert.Equal(t, []string{"own", "x"}, s.view(stream("good")))
			})
		})
	}
}

// An outage is nobody's fault: what a document asked for holds when it is over.
func TestAnOutageDivertsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		began := time.Now()
		s.answer = func(call) (*refusal, bool) {
			if time.Since(began) < 5*time.Minute {
				return &refusal{status: http.StatusInternalServerError}, false
			}
			return nil, false
		}
		e := New(s.sender(), making(func(cwlogs.Target) error { return &cwlogs.Error{Class: cwlogs.Missing} }), o, Options{Backoff: patient})
		require.NoError(t, e.Deliver(t.Context(), []Part{named(stream("named"), stream("fallback"), unix(), "x"), part(stream("fallback"), unix(), "y")}))
		assert.Equal(t, []string{"x"}, s.view(stream("named")))
		assert.Empty(t, o.diverted)
	})
}

// What is configured waits for its target, as ever, and what only names the same one does not.
func TestConfiguredEventsWaitWhereNamedOnesDoNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(c call) (*refusal, bool) {
			if c.LogStreamName == "denied" && time.Since(s.began) < time.Minute {
				return &refusal{code: "AccessDeniedException", status: http.StatusBadRequest}, false
			}
			return nil, false
		}
		s.began = time.Now()
		e := New(s.sender(), noTargets, o, Options{Backoff: patient})
		configured := make(chan error, 1)
		go func() { configured <- e.Deliver(t.Context(), []Part{part(stream("denied"), unix(), "own")}) }()
		time.Sleep(10 * time.Millisecond)
		require.NoError(t, e.Deliver(t.Context(), []Part{named(stream("denied"), stream("fallback"), unix(), "same request")}))
		require.NoError(t, e.Deliver(t.Context(), []Part{named(stream("denied"), stream("fallback"), unix(), "while it is blocked")}))
		assert.Less(t, time.Since(s.began), 10*time.Second)
		assert.Len(t, s.view(stream("fallback")), 2)
		assert.Equal(t, 1, o.blocked[stream("denied")])
		require.NoError(t, <-configured)
		assert.Equal(t, []string{"own"}, s.view(stream("denied")))
		require.NoError(t, e.Deliver(t.Context(), []Part{named(stream("denied"), stream("fallback"), unix(), "again")}))
		assert.Equal(t, []string{"own", "again"}, s.view(stream("denied")), "it can be written to again")
	})
}

// The fallback is no way round an order to wait: where it is denied, too, the events wait, and come back when their caller goes.
func TestADeniedFallbackWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		s.answer = func(call) (*refusal, bool) {
			return &refusal{code: "AccessDeniedException", status: http.StatusBadRequest}, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := e.Deliver(ctx, []Part{named(stream("a"), stream("b"), unix(), "0", "", "2"), part(stream("b"), unix(), "own")})
		require.Error(t, err)
		assert.Equal(t, []Remainder{{Part: 0, Events: []int{0, 2}}, {Part: 1, Events: []int{0}}}, err.(*Error).Remainder)
		assert.Equal(t, 1, o.blocked[stream("b")])
		assert.Zero(t, o.blocked[stream("a")])
	})
}

func TestAnHourOfRetryAfterIsAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, o := newService(t), newObserved()
		began := time.Now()
		s.answer = func(call) (*refusal, bool) {
			if s.count() == 1 {
				return &refusal{status: http.StatusServiceUnavailable, retryAfter: "3600"}, false
			}
			return nil, false
		}
		e := New(s.sender(), noTargets, o, Options{Backoff: patient})
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("a"), unix(), "x")}))
		require.NoError(t, e.Deliver(t.Context(), []Part{part(stream("b"), unix(), "x")}))
		assert.InDelta(t, time.Minute, time.Since(began), float64(5*time.Second))
	})
}
