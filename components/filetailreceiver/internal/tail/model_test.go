package tail

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logwriter"
)

var (
	seeds = flag.Int("seeds", 40, "how many histories the model test tries")
	seed  = flag.Uint64("seed", 0, "the one history to try; 0: as many as -seeds says")
)

// TestModel writes, rotates, truncates, removes, stops and crashes at random: nothing may be lost, and nothing may come
// twice but what was in flight at a crash.
func TestModel(t *testing.T) {
	if *seed != 0 {
		model(t, *seed)
		return
	}
	first := uint64(time.Now().UnixNano())
	if os.Getenv("CI") != "" {
		first = 1
	}
	for n := range uint64(*seeds) {
		t.Run(strconv.FormatUint(first+n, 10), func(t *testing.T) {
			t.Parallel()
			model(t, first+n)
		})
	}
}

// world is a host with services that write logs.
type world struct {
	*host
	r        *rand.Rand
	services []*logwriter.Service
	crashes  int
	began    []int // how many chunks were delivered when a run began
	doubled  int64 // bytes that may come again
	history  []string
	wild     bool // see looked
	logs     *observer.ObservedLogs
}

func model(t *testing.T, seed uint64) {
	h := newHost(t)
	core, logs := observer.New(zap.DebugLevel)
	h.logger = zap.New(core)
	w := &world{logs: logs, host: h, r: rand.New(rand.NewPCG(seed, seed))}
	h.options.Flush = records.Waits{}
	h.options.Finder.Exclude = []string{h.path("*~")}
	h.options.ChunkBytes = 4<<10 + w.r.IntN(8<<10)
	h.options.Strict = w.r.IntN(4) == 0
	h.options.MaxOpen = 1 + w.r.IntN(8)
	h.options.AfterTruncation = false
	slow := w.r.IntN(3) == 0
	w.wild = w.r.IntN(4) == 0
	var mu sync.Mutex
	h.deliver = func(ctx context.Context, _ *sent) error {
		mu.Lock()
		wait := time.Duration(w.r.IntN(3)) * time.Millisecond
		if slow {
			wait *= 10
		}
		mu.Unlock()
		select {
		case <-time.After(wait):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	pick := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return w.r.IntN(n)
	}
	for n := range 1 + pick(3) {
		w.services = append(w.services, logwriter.New(h.folder, fmt.Sprintf("%c.log", 'a'+n), pick(2) == 0))
	}
	w.run()
	for range 20 + pick(40) {
		s := w.services[pick(len(w.services))]
		op := pick(12)
		w.note(fmt.Sprint(op, " ", s.Name, " ", s.Next))
		switch op {
		case 0, 1, 2, 3:
			w.do(s.Write(1+pick(50), pick(4) == 0))
		case 4:
			w.do(s.Write(200+pick(2000), false))
		case 5:
			w.do(s.Rotate(3 * (1 - w.crashes%2))) // it goes on to write to the renamed file for a moment
			w.looked()
		case 6:
			w.looked()
			copied, err := s.CopyTruncate()
			w.do(err)
			w.doubled += copied // where both are found in the moment between copying and truncating
			w.looked()
		case 7:
			w.wait()
			w.do(s.Remove())
		case 8:
			w.wait()
			w.do(s.Truncate())
		case 9:
			h.stop()
			w.run()
		case 10:
			w.kill()
			w.run()
		case 11:
			time.Sleep(time.Duration(pick(20)) * time.Millisecond)
		}
	}
	w.wait()
	for _, s := range w.services {
		w.do(s.Close())
	}
	h.stop()
	w.check()
}

// looked waits until the Tailer has seen what is there. Without it, files are rotated while they are looked for, which
// may change the order of files, and send a copy again; nothing is lost in either case.
func (w *world) looked() {
	if !w.wild {
		w.look()
	}
}

// look waits until everything was looked at.
func (w *world) look() {
	for n := w.tailer.watch.looks.Load() + 3; w.tailer.watch.looks.Load() < n; time.Sleep(tick) {
		w.append("tick~", "")
		require.NoError(w.t, os.Remove(w.path("tick~")))
	}
}

// note keeps what was done, to be shown if it goes wrong.
func (w *world) note(what string) {
	if what != "" {
		w.history = append(w.history, what)
	}
}

func (w *world) run() {
	w.mu.Lock()
	w.began = append(w.began, len(w.sent))
	w.mu.Unlock()
	w.start()
}

func (w *world) kill() {
	w.crash()
	w.crashes++
	w.doubled += w.options.MaxInFlight + int64(w.options.ChunkBytes)*int64(w.options.Readers)
}

func (w *world) wait() {
	w.t.Helper()
	for _, s := range w.services {
		w.do(s.Whole())
	}
	w.look() // content may have been replaced by as much, within one tick of the clock
	w.settle()
}

func (w *world) do(err error) {
	w.t.Helper()
	require.NoError(w.t, err)
}

// check compares what was written with what was delivered.
func (w *world) check() {
	w.t.Helper()
	defer func() {
		if w.t.Failed() {
			w.t.Log(strings.Join(w.history, ", "))
			for _, l := range w.logs.All() {
				w.t.Log(l.Time.UnixMilli(), l.Message, l.ContextMap())
			}
			for n, s := range w.sent {
				w.t.Log(n, s.path, s.offset, s.bytes, s.read.UnixMilli(), s.records[0], s.records[len(s.records)-1], slices.Index(w.began, n))
			}
		}
	}()
	began := append(slices.Clone(w.began), len(w.sent))
	for _, s := range w.services {
		count := make([]int, s.Next+1)
		doubled := int64(0)
		for run := 1; run < len(began); run++ {
			chunks := slices.Clone(w.sent[began[run-1]:began[run]])
			slices.SortStableFunc(chunks, func(a, b *sent) int { return cmp.Or(a.read.Compare(b.read)) })
			last := map[string]int{}
			for _, c := range chunks {
				for _, text := range c.records {
					name, n, err := logwriter.Parse(text)
					if err != nil {
						w.t.Fatalf("a line was damaged: %q, in the chunk at %d of %s: %q", text, c.offset, c.path, c.records[:min(len(c.records), 3)])
					}
					if name != s.Name {
						continue
					}
					require.True(w.t, strings.HasPrefix(c.path, w.path(s.Name)), "the name of %q: %s", text, c.path)
					if count[n]++; count[n] > 1 {
						doubled += int64(len(text)) + 1
						continue
					}
					if n <= last[c.path] && !w.wild {
						w.t.Errorf("run %d: %q came after %d under %s", run, text, last[c.path], c.path)
					}
					last[c.path] = n
				}
			}
		}
		for n := 1; n <= s.Next; n++ {
			if count[n] == 0 {
				to := n
				for to < s.Next && count[to+1] == 0 {
					to++
				}
				w.t.Errorf("%s %d to %d of %d were lost", s.Name, n, to, s.Next)
				break
			}
		}
		if doubled > w.doubled && !w.wild {
			w.t.Errorf("%d bytes of %s came again after %d crashes, and %d were allowed", doubled, s.Name, w.crashes, w.doubled)
		}
	}
}
