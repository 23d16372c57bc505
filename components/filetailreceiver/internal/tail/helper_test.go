package tail

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a storage that survives what uses it.
type disk struct {
	mu     sync.Mutex
	values map[string][]byte
	full   error
	writes int
}

func newDisk() *disk { return &disk{values: map[string][]byte{}} }

func (d *disk) Get(_ context.Context, key string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.values[key], nil
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	values := maps.Clone(d.values)
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = values[op.Key]
			continue
		case storage.Set:
			values[op.Key] = op.Value
		case storage.Delete:
			delete(values, op.Key)
		}
		d.writes++
		if d.full != nil {
			return d.full
		}
	}
	d.values = values
	return nil
}

func (d *disk) Close(context.Context) error { return nil }

// host is a folder of files, and what was delivered of them.
type host struct {
	t       *testing.T
	folder  string
	disk    *disk
	options Options
	logger  *zap.Logger
	deliver func(context.Context, *sent) error // nil: at once
	tailer  *Tailer
	opening func(path string)       // nil: nothing; called before a file is opened
	refuse  func(path string) error // nil: nothing; with opening

	mu      sync.Mutex
	sent    []*sent
	unusual []Unusual
	events
}

// sent is a delivered chunk.
type sent struct {
	path    string
	records []string
	read    time.Time
	offset  int64
	number  int64
	bytes   int
}

type events struct{ truncated, rotated, lost, acknowledged, released, abandoned int64 }

func newHost(t *testing.T) *host {
	h := &host{t: t, folder: t.TempDir(), disk: newDisk(), logger: zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))}
	h.options = Options{
		Finder: &files.Finder{Include: []string{filepath.Join(h.folder, "*")}},
		Poll:   2 * time.Millisecond, Linger: 2 * time.Millisecond, Flush: records.Waits{Lines: 50 * time.Millisecond, Line: 50 * time.Millisecond}, ChunkBytes: 4 << 10, MaxRecordBytes: 1 << 10,
		MaxInFlight: 128 << 10, MaxOpen: 100, HeadBytes: 1000, Readers: 2, Drain: 5 * time.Second,
	}
	return h
}

func (h *host) path(name string) string { return filepath.Join(h.folder, name) }

func (h *host) start() {
	h.t.Helper()
	o := h.options
	store, err := checkpoints.Open(h.t.Context(), h.disk)
	require.NoError(h.t, err)
	o.Store, o.Logger, o.Events = store, h.logger.WithOptions(zap.Development()), h // an illegal transition panics
	if o.Splitter == nil {
		o.Splitter, err = records.New(records.Options{MaxBytes: o.MaxRecordBytes})
		require.NoError(h.t, err)
	}
	o.Begin = func(c *Chunk) func(context.Context) error {
		s := &sent{path: c.Path, read: c.Read, offset: c.Offset, number: c.Number, bytes: len(c.Raw)}
		for _, span := range c.Spans {
			s.records = append(s.records, c.Encoding.Decode(c.Raw[span.From:span.To]))
		}
		if len(s.records) == 0 {
			return nil
		}
		deliver := h.deliver
		return func(ctx context.Context) error {
			if deliver != nil {
				if err := deliver(ctx, s); err != nil {
					return err
				}
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			h.sent = append(h.sent, s)
			return nil
		}
	}
	h.tailer = New(o)
	if h.opening != nil {
		h.tailer.opener.open = func(path string) (*files.Opened, error) {
			h.opening(path)
			if h.refuse != nil {
				if err := h.refuse(path); err != nil {
					return nil, err
				}
			}
			return o.Finder.Open(path)
		}
	}
	h.tailer.Start()
	h.t.Cleanup(func() {
		if h.tailer != nil {
			h.crash()
		}
	})
}

func (h *host) stop() {
	h.t.Helper()
	require.NoError(h.t, h.tailer.Stop(h.t.Context()))
	h.tailer = nil
}

// crash ends without saving.
func (h *host) crash() {
	t := h.tailer
	h.tailer = nil
	t.stop()
	t.engine.end()
	t.flow.Cancel()
	t.watches.Wait()
	t.engine.loops.Wait()
	t.watch.looker.Close()
	t.engine.stop()
}

// records are those that were delivered under a name, in the order of their times.
func (h *host) records(path string) (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delivered := slices.Clone(h.sent)
	slices.SortStableFunc(delivered, func(a, b *sent) int { return a.read.Compare(b.read) })
	for _, s := range delivered {
		if s.path == path {
			all = append(all, s.records...)
		}
	}
	return all
}

func (h *host) append(name, text string) {
	h.t.Helper()
	f, err := os.OpenFile(h.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(h.t, err)
	_, err = f.WriteString(text)
	require.NoError(h.t, err)
	require.NoError(h.t, f.Close())
}

func (h *host) rename(from, to string) {
	h.t.Helper()
	require.NoError(h.t, os.Rename(h.path(from), h.path(to)))
}

// copy is what `cp` does.
func (h *host) copy(from, to string) {
	h.t.Helper()
	text, err := os.ReadFile(h.path(from))
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(h.path(to), text, 0o600))
}

func (h *host) truncate(name string) {
	h.t.Helper()
	require.NoError(h.t, os.Truncate(h.path(name), 0))
}

// await waits until a name has so many records, and no more.
func (h *host) await(name string, want ...string) {
	h.t.Helper()
	deadline := time.Now().Add(eventually)
	for {
		got := h.records(h.path(name))
		if len(got) >= len(want) || time.Now().After(deadline) {
			same := 0
			for same < min(len(got), len(want)) && got[same] == want[same] {
				same++
			}
			from := max(0, same-2) // texts may be long
			require.Equal(h.t, want[from:min(from+9, len(want))], got[from:min(from+9, len(got))], "from record %d on, of %d", from, len(want))
			require.Len(h.t, got, len(want))
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// settle waits until nothing is left to do.
func (h *host) settle() {
	h.t.Helper()
	for deadline := time.Now().Add(eventually); ; time.Sleep(tick) {
		seen := h.seen()
		s := h.tailer.Stats()
		if seen && s.LagBytes == 0 && s.InFlight == 0 {
			return
		}
		if time.Now().After(deadline) {
			for _, f := range h.schedule() {
				why, since := f.Held()
				h.t.Logf("%s %s since %s: %+v", f.State(), why, since, f)
			}
			require.Failf(h.t, "something is left to do", "%+v", s)
		}
	}
}

// seen tells whether all that is in the files was looked at.
func (h *host) seen() bool {
	found, _ := h.options.Finder.Find(time.Now())
	is := map[files.ID]schedule.File{}
	h.tailer.engine.do(func() {
		for f := range h.tailer.engine.files {
			if !f.Retired {
				is[f.id] = f.File
			}
		}
	})
	for _, one := range found {
		f, ok := is[one.ID]
		if why, _ := f.Held(); !ok || why == schedule.MaybeCopy || f.Name != one.Path || f.Size != one.Size || f.Changed {
			return false
		}
	}
	return true
}

// schedule are the files as the schedule has them.
func (h *host) schedule() (all []schedule.File) {
	h.tailer.engine.do(func() {
		for f := range h.tailer.engine.files {
			is := f.File
			is.Owner = nil
			all = append(all, is)
		}
	})
	return all
}

func lines(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

func wanted(from, to int) []string {
	return strings.Split(strings.TrimSuffix(lines(from, to), "\n"), "\n")
}

func (h *host) Read(int, int) {}
func (h *host) Looked(error)  {}
func (h *host) Abandoned()    { h.count(&h.abandoned, 1) }

func (h *host) Unusual(_ string, u Unusual) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unusual = append(h.unusual, u)
}

func (h *host) Acknowledged(bytes int64) { h.count(&h.acknowledged, bytes) }
func (h *host) Rotated()                 { h.count(&h.rotated, 1) }
func (h *host) Truncated(lost int64)     { h.count(&h.truncated, 1); h.count(&h.lost, lost) }
func (h *host) Released(lost int64)      { h.count(&h.released, lost) }

func (h *host) count(to *int64, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*to += n
}

const (
	eventually = time.Minute
	tick       = time.Millisecond
)
