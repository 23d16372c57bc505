package delta

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Counters of containers that start anew, of senders whose clocks are ahead or behind, more than there is room for: nothing is
// counted twice, and no difference is negative.
func TestNothingIsCountedTwiceWhereContainersRestartAndSeriesAreForgotten(t *testing.T) {
	const containers, rounds = 1000, 60
	for name, options := range map[string]func(*Options){
		"bounded":        func(o *Options) { o.MaxBytes, o.MaxSeries = 64<<10, 0 },
		"retain initial": func(o *Options) { o.MaxBytes, o.MaxSeries, o.RetainInitial = 64<<10, 0, true },
		"unbounded":      func(o *Options) { o.MaxBytes, o.MaxSeries = 0, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			s := store(options)
			r := rand.New(rand.NewPCG(1, 2))
			type container struct {
				start, skew time.Duration
				total       int64
			}
			all := make([]container, containers)
			for i := range all {
				all[i].skew = []time.Duration{0, 90 * time.Second, -90 * time.Second, time.Second}[i%4]
				all[i].start = time.Second
			}
			counted, truth := make([]int64, containers), make([]int64, containers)
			for round := range rounds {
				now := time.Duration(round+1) * 10 * time.Second
				s.Age(began.Add(now))
				for i := range all {
					c := &all[i]
					if r.IntN(20) == 0 {
						c.total, c.start = 0, now-5*time.Second
					}
					if r.IntN(4) == 0 {
						continue // nothing comes of it in this round; it grows
					}
					by := r.Int64N(100)
					c.total += by
					truth[i] += by
					s.Of(uint64(i%3), "m")
					added, verdict := s.Number(uint64(i), Number{
						Span: Span{Start: uint64(began.Add(c.start + c.skew).UnixNano()), Time: uint64(began.Add(now + c.skew).UnixNano())},
						Int:  c.total, IsInt: true,
					})
					if verdict == Known {
						require.GreaterOrEqual(t, added.Int, int64(0))
						counted[i] += added.Int
					}
				}
			}
			for i := range counted {
				assert.LessOrEqual(t, counted[i], truth[i], "container %d", i)
			}
		})
	}
}

// Batches come by several consumers of a queue.
func TestBatchesAtOnceAddUp(t *testing.T) {
	s := store()
	var wait sync.WaitGroup
	var mu sync.Mutex
	counted := int64(0)
	for worker := range 8 {
		wait.Go(func() {
			for at := range 200 {
				s.Lock()
				s.Age(began.Add(200 * time.Second))
				s.Of(uint64(worker), "m")
				added, verdict := s.Number(uint64(worker), Number{Span: span(0, at+1), Int: int64(at + 1), IsInt: true})
				s.Unlock()
				if verdict == Known {
					mu.Lock()
					counted += added.Int
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	assert.Equal(t, int64(8*200), counted)
}
