package flow

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// pretend delivers with a service so far away, of which the processor takes no more than so many bytes per second, and
// says what the limit is on average in the second half.
func pretend(c *climber, latency time.Duration, processor float64, pressed bool, r *rand.Rand) (mean, rate float64) {
	const chunk, steps = 1 << 20, 20000
	now := c.since
	if now.IsZero() {
		now = time.Unix(0, 0)
	}
	var sum, bytes float64
	var began time.Time
	for n := range steps {
		rate := min(processor, float64(c.limit)/latency.Seconds()) * (0.95 + 0.1*r.Float64())
		now = now.Add(time.Duration(chunk / rate * float64(time.Second)))
		c.pressed = c.pressed || pressed
		c.delivered(chunk, now)
		if n == steps/2 {
			began = now
		}
		if n > steps/2 {
			sum += float64(c.limit)
			bytes += chunk
		}
	}
	return sum / (steps/2 - 1), bytes / now.Sub(began).Seconds()
}

func TestAsMuchIsInFlightAsHelps(t *testing.T) {
	t.Parallel()
	const processor = 100e6
	r := rand.New(rand.NewPCG(1, 2))
	c := newClimber(1<<20, 32<<20)
	near, rate := pretend(c, time.Millisecond, processor, true, r)
	assert.Less(t, near, 2.5*(1<<20), "more costs memory alone")
	assert.Greater(t, rate, 0.9*processor)
	far, rate := pretend(c, 100*time.Millisecond, processor, true, r)
	assert.InDelta(t, 10e6, far, 5e6, "rate times latency")
	assert.Greater(t, rate, 0.85*processor)
	farther, rate := pretend(c, time.Second, processor, true, r)
	assert.Greater(t, farther, 28.0*(1<<20), "all there is")
	assert.Greater(t, rate, 0.85*32*(1<<20))
	near, rate = pretend(c, time.Millisecond, processor, true, r)
	assert.Less(t, near, 3.0*(1<<20), "it comes back")
	assert.Greater(t, rate, 0.9*processor)
	_, _ = pretend(c, 100*time.Millisecond, processor, true, r)
	idle, _ := pretend(c, 100*time.Millisecond, processor, false, r)
	assert.EqualValues(t, 2<<20, idle, "nobody needs it")
	c.limit = 20 << 20
	c.reset()
	assert.EqualValues(t, 2<<20, c.limit)
	assert.EqualValues(t, 128<<10, newClimber(1<<20, 128<<10).limit, "what was allowed is not exceeded")
}
