package delta

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func bounded(bytes int) *Store { return store(func(o *Options) { o.MaxBytes, o.MaxSeries = bytes, 0 }) }

// The memory that is counted is within a third of the runtime's, for each kind of total, after one of them and after several.
func TestCountedMemoryIsThatOfTheHeap(t *testing.T) {
	const series = 20_000
	histogram := func(at, buckets int) Histogram {
		return Histogram{Span: span(-1, at), Count: uint64(at), Bounds: make([]float64, buckets-1), Buckets: make([]uint64, buckets)}
	}
	exponential := func(at, buckets int) Exponential {
		return Exponential{Span: span(-1, at), Count: uint64(at), Positive: Buckets{Counts: make([]uint64, buckets)}, Negative: Buckets{Counts: make([]uint64, 3)}}
	}
	for name, add := range map[string]func(s *Store, id uint64, at int){
		"numbers":                      func(s *Store, id uint64, at int) { s.Number(id, float(-1, at, 1)) },
		"numbers of a metric each":     func(s *Store, id uint64, at int) { s.Of(id, "http.server.requests"); s.Number(id, float(-1, at, 1)) },
		"summaries":                    func(s *Store, id uint64, at int) { s.Summary(id, Summary{Span: span(-1, at), Count: uint64(at)}) },
		"histograms of 11 buckets":     func(s *Store, id uint64, at int) { s.Histogram(id, histogram(at, 11)) },
		"histograms of 201 buckets":    func(s *Store, id uint64, at int) { s.Histogram(id, histogram(at, 201)) },
		"exponential with 160 buckets": func(s *Store, id uint64, at int) { s.Exponential(id, exponential(at, 160)) },
		"exponential with 5 buckets":   func(s *Store, id uint64, at int) { s.Exponential(id, exponential(at, 5)) },
	} {
		for _, times := range []int{1, 3} {
			t.Run(name, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				s := bounded(1 << 30)
				for at := range times {
					for id := range uint64(series) {
						add(s, id, at+1)
					}
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				heap := float64(after.HeapAlloc) - float64(before.HeapAlloc)
				assert.Equal(t, series, s.Series())
				assert.InDelta(t, 1, float64(s.Bytes())/heap, .3, "counted %d, the heap grew by %.0f", s.Bytes(), heap)
				runtime.KeepAlive(s)
			})
		}
	}
}

// What is remembered stays within its bound, whatever is sent, and nothing is left when all is forgotten.
func TestMemoryIsBounded(t *testing.T) {
	s := bounded(minTest)
	for id := range uint64(20_000) {
		s.Of(id%7, "m")
		s.Histogram(id, Histogram{Span: span(-1, 1), Count: 1, Bounds: make([]float64, 20), Buckets: make([]uint64, 21)})
		s.Number(id, float(-1, 1, 1))
		require.LessOrEqual(t, s.Bytes(), minTest)
	}
	forgotten, _ := s.Forgotten()
	assert.Equal(t, 40_000, forgotten+s.Series())
	_, verdict := s.Histogram(1, Histogram{Span: span(-1, 1), Bounds: make([]float64, minTest/16), Buckets: make([]uint64, minTest/16+1)})
	assert.Equal(t, Full, verdict, "a series that takes more than a share by itself")
	s.Age(began.Add(24 * time.Hour))
	assert.Zero(t, s.Series())
	assert.Zero(t, s.Bytes())
	assert.Empty(t, s.groups)
	assert.Empty(t, s.heavy)
	assert.Equal(t, [2]list{}, [2]list{s.once, s.known})
}

const minTest = 1 << 20

// A metric that has ever more series takes from itself, and the totals of others stay known.
func TestAFloodForgetsItsOwnSeries(t *testing.T) {
	for name, flood := range map[string]func(s *Store, id uint64){
		"a metric with ever new attributes": func(s *Store, id uint64) { s.Of(1, "requests") },
		"a metric that is seen twice each":  func(s *Store, id uint64) { s.Of(1, "requests"); s.Number(1<<32+id, float(-1, 0, 1)) },
		"ever new metrics":                  func(s *Store, id uint64) { s.Of(1<<40+id, "requests") },
	} {
		t.Run(name, func(t *testing.T) {
			s := bounded(minTest)
			others := func(at int, want Verdict) {
				for metric := range uint64(20) {
					s.Of(100+metric, "cpu")
					for id := range uint64(5) {
						_, verdict := s.Number(1000*metric+id, float(-1, at, float64(at)))
						require.Equal(t, want, verdict, "at %d, metric %d", at, metric)
					}
				}
			}
			others(0, First)
			others(60, Known)
			for at := 120; at < 600; at += 60 {
				s.Age(began.Add(time.Duration(at) * time.Second))
				for id := range uint64(20_000) {
					id += uint64(at) << 20
					flood(s, id)
					s.Number(1<<32+id, float(-1, at, 1))
				}
				others(at, Known)
			}
			forgotten, largest := s.Forgotten()
			assert.Positive(t, forgotten)
			assert.Equal(t, "requests", largest)
		})
	}
}

// A series that was forgotten is not taken for one that has just begun: its whole total would be counted again.
func TestASeriesThatWasForgottenIsNotCountedTwice(t *testing.T) {
	s := bounded(minTest)
	s.Age(began.Add(10 * time.Second))
	got, verdict := s.Number(1, float(5, 10, 100))
	assert.Equal(t, Known, verdict, "it began while the store was there")
	assert.Equal(t, 100.0, got.Value())
	for id := range uint64(20_000) {
		s.Number(100+id, float(-1, 11, 1))
	}
	s.Age(began.Add(20 * time.Second))
	_, verdict = s.Number(1, float(5, 20, 110))
	assert.Equal(t, First, verdict)
	got, verdict = s.Number(2, float(15, 20, 7))
	assert.Equal(t, Known, verdict, "it began after all that was forgotten")
	assert.Equal(t, 7.0, got.Value())
}

func TestAClockThatIsSetBackKeepsAges(t *testing.T) {
	s := store()
	s.Number(1, float(-1, 0, 1))
	s.Age(began.Add(-24 * time.Hour))
	assert.Equal(t, 1, s.Series())
	s.Age(began.Add(-22 * time.Hour))
	assert.Zero(t, s.Series(), "two hours are over")
}
