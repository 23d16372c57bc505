package loghistory

import (
	"slices"
	"time"
)

// Shrink leaves out steps of a plan for as long as fails reports a failure of the same kind, within a time, and returns the last one. As a
// failure may need luck, each attempt is made several times.
func Shrink(first *Failure, within time.Duration, attempts int, fails func(*Plan) *Failure) *Failure {
	deadline := time.Now().Add(within)
	try := func(p *Plan) *Failure {
		for range attempts {
			if time.Now().After(deadline) {
				return nil
			}
			if f := fails(p); f != nil && f.Kind == first.Kind {
				return f
			}
		}
		return nil
	}
	best := first
	// What comes after the last step that was carried out plays no part.
	if n := min(len(first.Plan.Steps), max(1, len(first.Done))); n < len(first.Plan.Steps) {
		if f := try(with(first.Plan, first.Plan.Steps[:n])); f != nil {
			best = f
		}
	}
	for size := max(1, len(best.Plan.Steps)/2); ; {
		shorter := false
		for at := 0; at < len(best.Plan.Steps); {
			steps := slices.Delete(slices.Clone(best.Plan.Steps), at, min(at+size, len(best.Plan.Steps)))
			if f := try(with(best.Plan, steps)); f != nil {
				best, shorter = f, true
				continue
			}
			at += size
		}
		switch {
		case time.Now().After(deadline):
			return best
		case size > 1:
			size = (size + 1) / 2
		case !shorter:
			return best
		}
	}
}

func with(p *Plan, steps []Step) *Plan {
	q := *p
	q.Steps = slices.Clone(steps)
	return &q
}
