package targets

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/time/rate"
)

func TestStreamsOfOneProgramAreOneKind(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string]string{
		"host/var/log/jobs/job-0001.log": "host/var/log/jobs/job-#.log",
		"host/var/log/jobs/job-17.log":   "host/var/log/jobs/job-#.log",
		"i-0abc12/app.log":               "i-#/app.log",
		"7f3e9a1c-11ef-4242-a1b2-00":     "#-#-#-#-#",
		"":                               "", "app.log": "app.log", "ünï9/x": "#/x",
	} {
		assert.Equal(t, want, kind(stream), stream)
	}
}

// TestAStreamOfAnotherKindOrGroupIsMadeWithinASecond has thousands before it.
func TestAStreamOfAnotherKindOrGroupIsMadeWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		over, end := context.WithCancel(t.Context())
		turn := &turns{limit: rate.NewLimiter(streamRate, streamRate)}
		var running, all sync.WaitGroup
		for i := range 3000 {
			all.Go(func() { _ = turn.wait(over, &running, over, "/jobs", fmt.Sprintf("jobs/job-%d.log", i)) })
		}
		synctest.Wait()
		for _, to := range [][2]string{{"/jobs", "app/app.log"}, {"/other", "jobs/job-1.log"}} {
			began := time.Now()
			assert.NoError(t, turn.wait(t.Context(), &running, over, to[0], to[1]))
			assert.Less(t, time.Since(began), time.Second, to)
		}
		end()
		all.Wait()
		running.Wait()
		assert.Empty(t, turn.waiting.keys)
	})
}

func TestTurnsKeepTheRateAndWhoLeavesTakesNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turn := &turns{limit: rate.NewLimiter(10, 1)}
		var running, all sync.WaitGroup
		leave, cancel := context.WithCancel(t.Context())
		for i := range 100 {
			all.Go(func() {
				if turn.wait(leave, &running, t.Context(), "/g", fmt.Sprint("leaves", i)) == nil {
					return
				}
				assert.Error(t, leave.Err())
			})
		}
		synctest.Wait()
		cancel()
		all.Wait()
		began := time.Now()
		for i := range 20 {
			all.Go(func() {
				assert.NoError(t, turn.wait(t.Context(), &running, t.Context(), "/g", fmt.Sprint("stays-", i)))
			})
		}
		all.Wait()
		assert.GreaterOrEqual(t, time.Since(began), 1900*time.Millisecond)
		assert.LessOrEqual(t, time.Since(began), 2200*time.Millisecond)
		running.Wait()
	})
}
