package tail

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/loghistory"
)

var (
	feature  = flag.String("feature", "", "the features of the histories, with commas between; empty: some of all")
	mixed    = flag.Bool("mixed", false, "several features of all in each history; some are known to fail")
	together = flag.Int("together", 24, "how many histories are tried at the same time")
	shrink   = flag.Duration("shrink", 20*time.Second, "for how long steps are left out of the first history of each kind that fails; 0: none are")
	most     = flag.Int("failures", 5, "how many histories may fail until no more are tried")
)

// A history may wait for a delivery for longPatience; where steps are left out of one, for shortPatience: most of them fail
// by what does not come.
const (
	longPatience  = 40 * time.Second
	shortPatience = 6 * time.Second
)

// TestHistories has log files be written, rotated, replaced, copied, compressed, moved and removed in the ways of many
// programs, while the Tailer is stopped and killed, and nothing is taken for a while: nothing may be lost, nothing come
// again but what was in flight at a crash, and every line has the name of its own log.
func TestHistories(t *testing.T) {
	chosen, err := loghistory.ParseFeatures(*feature)
	require.NoError(t, err)
	first, count := *seed, uint64(1)
	if first == 0 {
		first, count = uint64(time.Now().UnixNano()), uint64(*seeds)
		if os.Getenv("CI") != "" {
			first = 1
		}
	}
	sound := loghistory.Sound()
	var next, failed, slowest atomic.Uint64
	var workers sync.WaitGroup
	var kinds sync.Map // of the failures that were shrunk
	for range min(uint64(*together), count) {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < count && failed.Load() < uint64(*most); n = next.Add(1) - 1 {
				began := time.Now()
				has := chosen
				if len(has) == 0 && !*mixed {
					has = []loghistory.Feature{sound[(first+n)%uint64(len(sound))]}
				}
				f := tell(t, loghistory.Generate(first+n, has), longPatience)
				if took := uint64(time.Since(began)); took > slowest.Load() {
					slowest.Store(took)
				}
				if f == nil {
					continue
				}
				failed.Add(1)
				if _, again := kinds.LoadOrStore(f.Kind, true); !again && *shrink > 0 {
					f = loghistory.Shrink(f, *shrink, 2, func(p *loghistory.Plan) *loghistory.Failure { return tell(t, p, shortPatience) })
				}
				t.Errorf("%v\nplan:\n%v", f, f.Plan)
			}
		})
	}
	workers.Wait()
	t.Logf("%d histories from seed %d on, %d failed; the slowest took %s", min(next.Load(), count), first, failed.Load(), time.Duration(slowest.Load()).Round(time.Millisecond))
}

// tell carries out a history. Its folders are removed.
func tell(t *testing.T, p *loghistory.Plan, patience time.Duration) *loghistory.Failure {
	places, remove, err := makePlaces(p)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer remove()
	h := newTeller(t, p, places)
	f := loghistory.Run(p, places, h, h.bounds(patience))
	if f != nil {
		for _, l := range h.logs.All()[max(0, h.logs.Len()-*logged):] {
			f.Problems = append(f.Problems, fmt.Sprint("log: ", l.Time.Format("05.000"), " ", l.Message, " ", l.ContextMap()))
		}
	}
	return f
}

var logged = flag.Int("logged", 0, "how many of the Tailer's last log lines a failed history shows")

// makePlaces makes folders, one of them on another file system where there is one.
func makePlaces(p *loghistory.Plan) (places loghistory.Places, remove func(), err error) {
	root, err := os.MkdirTemp("", "history-")
	if err != nil {
		return places, nil, err
	}
	var other string
	if p.Has(loghistory.Move) {
		if other, err = os.MkdirTemp("/dev/shm", "history-"); err != nil {
			other = ""
		}
	}
	places = loghistory.Places{Live: filepath.Join(root, "logs"), Old: filepath.Join(root, "old"), Other: other}
	err = errors.Join(os.Mkdir(places.Live, 0o700), os.Mkdir(places.Old, 0o700))
	return places, func() {
		_ = os.RemoveAll(root) // the next start of the machine does
		if other != "" {
			_ = os.RemoveAll(other)
		}
	}, err
}

// teller is a Tailer in a history.
type teller struct {
	t       *testing.T
	plan    *loghistory.Plan
	places  loghistory.Places
	options Options
	disk    *disk
	host    *host // of the running Tailer
	run     int
	logs    *observer.ObservedLogs
	looks   atomic.Int64
	kills   []time.Time
	counted atomic.Int64
	few     atomic.Bool
	ahead   atomic.Int64 // of the true clock, in nanoseconds
	before  atomic.Int64 // the same before it was set
	set     atomic.Int64 // when it was

	mu     sync.Mutex
	sent   []loghistory.Delivery
	outage chan struct{} // closed when it is over; nil: there is none
}

func newTeller(t *testing.T, p *loghistory.Plan, places loghistory.Places) *teller {
	h := &teller{t: t, plan: p, places: places, disk: newDisk()}
	core, logs := observer.New(zapcore.DebugLevel)
	h.logs = logs
	s := p.Settings
	include, exclude := places.Patterns(p)
	h.options = Options{
		Finder: &files.Finder{Include: include, Exclude: exclude, NewestOnly: s.Newest}, Logger: zap.New(core, zap.Development()), Now: h.now, Events: (*tellerEvents)(h),
		Poll: 5 * time.Millisecond, Linger: 2 * time.Millisecond, Flush: records.Waits{Lines: s.Flush}, ChunkBytes: s.ChunkBytes, MaxRecordBytes: s.MaxRecordBytes,
		MaxInFlight: 128 << 10, MaxOpen: s.MaxOpen, HeadBytes: 1000, Readers: 2, Drain: 2 * time.Second, Strict: s.Strict, RemoveOld: s.RemoveOld,
	}
	if s.Gzip {
		h.options.Compression = source.Auto
	}
	o := records.Options{MaxBytes: s.MaxRecordBytes, TrimTrailing: true}
	if s.Multiline {
		o.LineStart = `^\S`
	}
	splitter, err := records.New(o)
	require.NoError(t, err)
	h.options.Splitter = splitter
	h.options.Begin = h.begin
	return h
}

func (h *teller) bounds(patience time.Duration) loghistory.Bounds {
	return loghistory.Bounds{
		InFlight: h.options.MaxInFlight + int64(h.options.ChunkBytes)*int64(h.options.Readers), Patience: patience, Glance: 2 * time.Millisecond,
		Ahead: 90 * time.Minute, Saved: 2 * time.Second,
	}
}

func (h *teller) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// latest is what the clock says, or said a moment ago.
func (h *teller) latest() time.Time {
	ahead := h.ahead.Load()
	if time.Now().UnixNano()-h.set.Load() < int64(time.Second) {
		ahead = max(ahead, h.before.Load())
	}
	return time.Now().Add(time.Duration(ahead))
}

func (h *teller) begin(c *Chunk) func(context.Context) error {
	var sent []loghistory.Delivery
	for _, span := range c.Spans {
		text := c.Encoding.Decode(c.Raw[span.From:span.To])
		sent = append(sent, loghistory.Delivery{Stream: c.Path, Run: h.run, Text: text, Stamp: c.Read, Clock: h.latest()})
	}
	if len(sent) == 0 {
		return nil
	}
	return func(ctx context.Context) error {
		for {
			h.mu.Lock()
			outage := h.outage
			if outage == nil {
				for n := range sent {
					sent[n].At = time.Now()
				}
				h.sent = append(h.sent, sent...)
				h.mu.Unlock()
				break
			}
			h.mu.Unlock()
			select {
			case <-outage:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if h.plan.Settings.Slow { // the answer takes long
			select {
			case <-time.After(time.Duration(sent[0].Stamp.UnixMilli()%20) * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
}

func (h *teller) Start() error {
	store, err := checkpoints.Open(context.Background(), h.disk)
	if err != nil {
		return err
	}
	o := h.options
	o.Store = store
	h.run++
	h.host = &host{t: h.t, tailer: New(o)}
	h.host.tailer.opener.open = func(path string) (*files.Opened, error) {
		if h.few.Load() {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EMFILE}
		}
		return o.Finder.Open(path)
	}
	h.host.tailer.Start()
	return nil
}

func (h *teller) Stop() error {
	err := h.host.tailer.Stop(context.Background())
	h.host = nil
	return err
}

func (h *teller) Kill() error {
	h.host.crash()
	h.host = nil
	h.kills = append(h.kills, time.Now())
	return nil
}

func (h *teller) Kills() []time.Time { return h.kills }

func (h *teller) Unanswered() int64 { return 0 }

// Looked makes files until three looks have ended: the first of them may have begun before.
func (h *teller) Looked() error {
	tick := filepath.Join(h.places.Live, "tick~")
	want := h.looks.Load() + 3
	for deadline := time.Now().Add(40 * time.Second); h.looks.Load() < want; time.Sleep(time.Millisecond) {
		if err := errors.Join(os.WriteFile(tick, nil, 0o600), os.Remove(tick)); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("the Tailer looks no more")
		}
	}
	return nil
}

func (h *teller) Outage(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case on && h.outage == nil:
		h.outage = make(chan struct{})
	case !on && h.outage != nil:
		close(h.outage)
		h.outage = nil
	}
}

func (h *teller) Set(ahead time.Duration) bool {
	h.before.Store(h.ahead.Load())
	h.set.Store(time.Now().UnixNano())
	h.ahead.Store(int64(ahead))
	return true
}

func (h *teller) Exhaust(on bool) bool {
	h.few.Store(on)
	return true
}

// Renumber has all that was saved be of another device.
func (h *teller) Renumber() (bool, error) {
	store, err := checkpoints.Open(context.Background(), h.disk)
	if err != nil {
		return false, err
	}
	for _, c := range store.All() {
		store.Remove(c.Key())
		if c.Device != 0 {
			c.Device += 0x1000
		}
		store.Set(c)
	}
	return true, store.Save(context.Background())
}

func (h *teller) Deliveries(from int) []loghistory.Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent[from:len(h.sent):len(h.sent)]
}

func (h *teller) Idle() bool {
	s := h.host.tailer.Stats()
	return s.LagBytes == 0 && s.InFlight == 0
}

func (h *teller) Counted() int64 { return h.counted.Load() }

// tellerEvents is what a Tailer tells.
type tellerEvents teller

func (*tellerEvents) Read(int, int)           {}
func (*tellerEvents) Acknowledged(int64)      {}
func (*tellerEvents) Rotated()                {}
func (*tellerEvents) Abandoned()              {}
func (*tellerEvents) Unusual(string, Unusual) {}
func (h *tellerEvents) Truncated(lost int64)  { h.counted.Add(lost) }
func (h *tellerEvents) Released(lost int64)   { h.counted.Add(lost) }
func (h *tellerEvents) Looked(error)          { h.looks.Add(1) }
