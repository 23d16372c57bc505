package statestorageextension

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

func queueOf(t testing.TB, values map[string][]byte) *statelog.Log {
	t.Helper()
	l, _ := statelog.Open(statelog.Options{Folder: filepath.Join(t.TempDir(), "s")})
	t.Cleanup(func() { _ = l.Close() })
	for key, value := range values {
		require.NoError(t, l.Batch(&statelog.Op{Kind: statelog.Set, Key: key, Value: value}))
	}
	return l
}

func numbers(l *statelog.Log) map[uint64]bool {
	all := map[uint64]bool{}
	l.Each(func(key string, _ int) {
		if n, err := strconv.ParseUint(key, 10, 64); err == nil {
			all[n] = true
		}
	})
	return all
}

func TestAQueueAgreesWithItsBatches(t *testing.T) {
	fixed := func(n ...uint64) (b []byte) {
		for _, n := range n {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
		return b
	}
	for name, c := range map[string]struct {
		state     queueState
		raw       map[string][]byte // instead of it
		there     []uint64
		want      queueState
		left      []uint64
		lost      int
		isNothing bool
	}{
		"whole":               {state: queueState{3, 30, 2, 5, []uint64{1}}, there: []uint64{1, 2, 3, 4}, want: queueState{3, 30, 2, 5, []uint64{1}}, left: []uint64{1, 2, 3, 4}},
		"empty":               {state: queueState{0, 0, 7, 7, nil}, want: queueState{0, 0, 7, 7, nil}},
		"new":                 {raw: map[string][]byte{}, isNothing: true},
		"no batch is left":    {state: queueState{9, 1 << 40, 2, 5, []uint64{1}}, want: queueState{0, 0, 5, 5, nil}, lost: 4},
		"some are left":       {state: queueState{9, 90, 2, 6, []uint64{0, 1}}, there: []uint64{1, 4}, want: queueState{9, 90, 4, 6, []uint64{1}}, left: []uint64{1, 4}, lost: 4},
		"delivered came back": {state: queueState{9, 90, 5, 6, nil}, there: []uint64{1, 2, 5}, want: queueState{9, 90, 5, 6, nil}, left: []uint64{5}},
		"state lost":          {raw: map[string][]byte{}, there: []uint64{7, 8}, want: queueState{0, 0, 7, 9, nil}, left: []uint64{7, 8}},
		"state is garbage":    {raw: map[string][]byte{queueKey: []byte("garbage\xff\xff")}, there: []uint64{7, 8}, want: queueState{0, 0, 7, 9, nil}, left: []uint64{7, 8}},
		"ends far apart":      {state: queueState{1, 1, 3, 1 << 60, nil}, there: []uint64{5}, want: queueState{1, 1, 5, 6, nil}, left: []uint64{5}},
		"no way on":           {state: queueState{1, 1, 1<<64 - 1, 1<<64 - 1, nil}, there: nil, want: queueState{}},
		"a number far away":   {state: queueState{1, 1, 3, 5, nil}, there: []uint64{3, 4, 1 << 50}, want: queueState{1, 1, 1 << 50, 1<<50 + 1, nil}, left: []uint64{1 << 50}, lost: 2},
		"negative sizes":      {state: queueState{-5, -5, 3, 4, nil}, there: []uint64{3}, want: queueState{0, 0, 3, 4, nil}, left: []uint64{3}},
		"before 0.135":        {raw: map[string][]byte{oldReadKey: fixed(3), oldWriteKey: fixed(5), oldWorkingKey: append([]byte{1, 0, 0, 0}, fixed(2)...)}, there: []uint64{2, 3, 4}, want: queueState{0, 0, 3, 5, []uint64{2}}, left: []uint64{2, 3, 4}},
		"before, and damaged": {raw: map[string][]byte{oldReadKey: fixed(0), oldWriteKey: fixed(1 << 62)}, there: []uint64{2, 3}, want: queueState{0, 0, 2, 4, nil}, left: []uint64{2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := c.raw
			if values == nil {
				values = map[string][]byte{queueKey: c.state.text()}
			}
			l := queueOf(t, values)
			for _, n := range c.there {
				require.NoError(t, l.Batch(&statelog.Op{Kind: statelog.Set, Key: fmt.Sprint(n), Value: []byte("x")}))
			}
			lost, err := mendQueue(l)
			require.NoError(t, err)
			assert.Equal(t, c.lost, lost)
			text, err := l.Get(queueKey)
			require.NoError(t, err)
			if c.isNothing {
				assert.Nil(t, text)
				return
			}
			got, ok := parseQueue(text)
			require.True(t, ok)
			assert.Equal(t, c.want, got)
			left := map[uint64]bool{}
			for _, n := range c.left {
				left[n] = true
			}
			assert.Equal(t, left, numbers(l))
			again, err := mendQueue(l)
			require.NoError(t, err)
			assert.LessOrEqual(t, again, c.lost, "mended")
		})
	}
}

func FuzzQueue(f *testing.F) {
	f.Add(queueState{1, 2, 3, 4, []uint64{5}}.text(), uint64(3))
	f.Add([]byte("x"), uint64(1))
	f.Fuzz(func(t *testing.T, state []byte, n uint64) {
		s, _ := parseQueue(state)
		there := []uint64{n / 2, n/2 + 1}
		after, _ := s.mended(there)
		assert.LessOrEqual(t, after.read, after.write)
		assert.LessOrEqual(t, after.write-after.read, uint64(len(there)+2*maxGaps))
		s.missing(there)
	})
}

// sent counts what an exporter is given.
type sent struct {
	mu   sync.Mutex
	got  map[string]int
	fail error
}

func (s *sent) push(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, r := range ld.ResourceLogs().All() { // batches are joined
		s.got[r.ScopeLogs().At(0).LogRecords().At(0).Body().Str()]++
	}
	return nil
}

func (s *sent) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, count := range s.got {
		n += count
	}
	return n
}

// withExtension is a host that has the storage.
type withExtension struct {
	component.Host
	id component.ID
	e  component.Component
}

func (h withExtension) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.id: h.e}
}

// TestADamagedQueueGoesOn runs exporterhelper's own queue over files that are damaged at random: it starts, sends what is left,
// and what comes then.
func TestADamagedQueueGoesOn(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			folder := t.TempDir()
			id := component.MustNewID("state_storage")
			run := func(s *sent, send ...string) {
				e := start(t, folder, nil)
				set := exportertest.NewNopSettings(component.MustNewType("x"))
				set.ID = component.MustNewID("x") // else another one each time
				q := exporterhelper.NewDefaultQueueConfig()
				q.StorageID, q.NumConsumers, q.QueueSize = &id, 2, 1000
				x, err := exporterhelper.NewLogs(t.Context(), set, struct{}{}, s.push, exporterhelper.WithQueue(configoptional.Some(q)), exporterhelper.WithRetry(configretry.NewDefaultBackOffConfig()))
				require.NoError(t, err)
				require.NoError(t, x.Start(t.Context(), withExtension{componenttest.NewNopHost(), id, e}))
				for _, body := range send {
					ld := plog.NewLogs()
					ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body)
					require.NoError(t, x.ConsumeLogs(t.Context(), ld))
				}
				if s.fail == nil && seed%5 == 4 { // no damage
					require.Eventually(t, func() bool { return s.total() == 51 }, within, tick)
				}
				if s.fail == nil {
					require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(send) == 0 || s.got[send[len(send)-1]] > 0 }, within, tick)
				}
				require.NoError(t, x.Shutdown(t.Context()))
				require.NoError(t, e.Shutdown(t.Context()))
			}
			var bodies []string
			for i := range 50 {
				bodies = append(bodies, fmt.Sprint("body ", i))
			}
			run(&sent{fail: errors.New("not now")}, bodies...)
			files, err := filepath.Glob(filepath.Join(folder, "*.state", "*.log"))
			require.NoError(t, err)
			for _, f := range files {
				text, err := os.ReadFile(f)
				require.NoError(t, err)
				switch seed % 5 {
				case 0:
					text = text[:r.IntN(len(text))]
				case 1:
					for range 20 {
						text[r.IntN(len(text))] ^= 0x10
					}
				case 2:
					from := r.IntN(len(text))
					clear(text[from:min(len(text), from+4096)])
				case 3:
					text = nil
				}
				require.NoError(t, os.WriteFile(f, text, 0o600))
			}
			s := &sent{got: map[string]int{}}
			run(s, "after")
			assert.Equal(t, 1, s.got["after"])
			for body, n := range s.got {
				assert.Equal(t, 1, n, body)
			}
		})
	}
}
