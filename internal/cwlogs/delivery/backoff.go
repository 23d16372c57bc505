package delivery

import (
	"math"
	"math/rand/v2"
	"time"
)

// pause is how long to wait after so many failures in a row, 1 at least.
func (b Backoff) pause(failures int) time.Duration {
	d := float64(b.Initial)
	if b.Multiplier > 1 {
		d *= math.Pow(b.Multiplier, float64(failures-1))
	}
	if b.Max > 0 {
		d = min(d, float64(b.Max))
	}
	return time.Duration(d * (1 + b.Randomization*(2*rand.Float64()-1)))
}

func (b Backoff) enabled() bool { return b.Initial > 0 }
