package checkpoints

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func TestSavedCheckpointsAreThereAgain(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	assert.Empty(t, s.All())
	retired := Checkpoint{Device: 1, Inode: 2, Retired: 3, Path: "/var/log/b.log", Offset: 4}
	imported := Checkpoint{Path: "/var/log/c.log", Offset: 5}
	s.Set(imported)
	s.Set(retired)
	s.Set(sample())
	want := []Checkpoint{sample(), retired, imported}
	assert.Equal(t, want, s.All(), "they are in the order of their paths")
	require.NoError(t, s.Save(t.Context()))

	s = open(t, m)
	assert.Equal(t, want, s.All())
	s.Remove(retired.Key())
	s.Remove("no such key")
	imported.Offset = 50
	s.Set(imported)
	assert.Equal(t, []Checkpoint{sample(), imported}, s.All())
	assert.Equal(t, want, open(t, m).All(), "nothing is written before it is saved")
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, []Checkpoint{sample(), imported}, open(t, m).All())
}

func TestOnlyTouchedPagesAreWritten(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	all := many(1000)
	for _, c := range all {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	assert.Len(t, m.pagesWritten(), pages)

	all[7].Offset++
	s.Set(all[7])
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, []string{pageKey(pageOf(all[7].Key()))}, m.pagesWritten())

	s.Remove(all[8].Key())
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, []string{pageKey(pageOf(all[8].Key()))}, m.pagesWritten())

	s.Remove(all[8].Key())
	require.NoError(t, s.Save(t.Context()))
	assert.Empty(t, m.pagesWritten(), "what is not there is not removed again")
}

func TestWhatAFullDiskRefusedIsSavedNextTime(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	before := many(2)
	for _, c := range before {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	after := many(3)
	after[0].Offset = 100
	s.Set(after[0])
	s.Remove(after[1].Key())
	s.Set(after[2])
	full := errors.New("no space left on device")
	m.fault = full
	for range 2 {
		require.ErrorIs(t, s.Save(t.Context()), full)
	}
	assert.Equal(t, before, open(t, m).All(), "all of it is saved or nothing")
	m.fault = nil
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, []Checkpoint{after[0], after[2]}, open(t, m).All())
}

func TestWhatCannotBeWrittenHidesNothingElse(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	all := many(1000)
	for _, c := range all {
		s.Set(c)
	}
	// JSON has no years of five digits.
	wrong := Checkpoint{Path: "/var/log/wrong.log", Seen: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.Set(wrong)
	require.Error(t, s.Save(t.Context()))
	s.Remove(wrong.Key())
	require.NoError(t, s.Save(t.Context()))
	assert.True(t, slices.Equal(all, open(t, m).All()))
}

func TestAStoreIsFreshUntilItIsSaved(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	assert.True(t, s.Fresh())
	m.fault = errors.New("no space left on device")
	require.Error(t, s.Save(t.Context()))
	assert.True(t, s.Fresh(), "nothing was saved")
	m.fault = nil
	require.NoError(t, s.Save(t.Context()))
	assert.False(t, s.Fresh())
	assert.False(t, open(t, m).Fresh(), "no checkpoints are something, too")
}

func TestAStorageThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), broken{newMemory()})
	require.ErrorIs(t, err, errBroken)
	assert.ErrorContains(t, err, "reading checkpoints")
}

var errBroken = errors.New("input/output error")

// broken cannot be read.
type broken struct{ *memory }

func (broken) Get(context.Context, string) ([]byte, error) { return nil, errBroken }

func (broken) Batch(context.Context, ...*storage.Operation) error { return errBroken }

func TestAnUnreadablePageIsNamedAndCostsItsOwnFiles(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{"", "{", "null,", `{"path": "/var/log/app.log"}`, `[{"offset": "much"}]`, `[{"path": "/var/log/app.log", "offs`, "\x00\x00\x00", `[{"path": "/var/log/app.log", "offset": -1}]`} {
		m := newMemory()
		s := open(t, m)
		s.Set(sample())
		for _, c := range many(1000) {
			s.Set(c)
		}
		require.NoError(t, s.Save(t.Context()))
		n := pageOf(sample().Key())
		rest := 1001 - len(s.entries[n])
		m.values[pageKey(n)] = []byte(damage)
		s = open(t, m)
		require.Len(t, s.Damaged(), 1, damage)
		require.ErrorContains(t, s.Damaged()[0], pageKey(n))
		assert.Len(t, s.All(), rest)
		require.NoError(t, s.Save(t.Context()))
		assert.Empty(t, open(t, m).Damaged(), "told once")
	}
}

func TestAnotherFormatIsToldAndWrittenOver(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	s.Set(sample())
	require.NoError(t, s.Save(t.Context()))
	m.values[formatKey] = []byte("2")
	s = open(t, m)
	require.ErrorContains(t, s.Damaged()[0], `the format "2", and this version reads `+format)
	assert.True(t, s.Fresh())
	require.NoError(t, s.Save(t.Context()))
	s = open(t, m)
	assert.Empty(t, s.Damaged())
	assert.Empty(t, s.All())
}

func TestTenThousandCheckpoints(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	all := many(10_000)
	for _, c := range all {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	assert.True(t, slices.Equal(all, open(t, m).All()))
	assert.Len(t, m.pagesWritten(), pages)
	for n := range pages {
		assert.Less(t, len(s.entries[n]), 2*len(all)/pages, "page %d has more than its share", n)
	}
}

func TestManyGoroutinesUseAStore(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.before = runtime.Gosched
	s := open(t, m)
	var all sync.WaitGroup
	for _, c := range many(16) {
		all.Go(func() {
			gone := Checkpoint{Retired: c.Inode}
			for range 100 {
				c.Offset++
				s.Set(c)
				s.Set(gone)
				assert.NoError(t, s.Save(t.Context()))
				assert.False(t, s.Fresh())
				s.Remove(gone.Key())
				assert.NotEmpty(t, s.All())
			}
			assert.NoError(t, s.Save(t.Context()))
		})
	}
	all.Wait()
	want := many(16)
	for i := range want {
		want[i].Offset += 100
	}
	assert.Equal(t, want, s.All())
	assert.Equal(t, want, open(t, m).All())
}

func TestAnEarlierSaveDoesNotUndoALaterOne(t *testing.T) {
	t.Parallel()
	m := newMemory()
	s := open(t, m)
	var turn atomic.Int64
	m.before = func() {
		for range turn.Add(1) % 8 { // some are overtaken, if they can be
			runtime.Gosched()
		}
	}
	var setting sync.Mutex
	var offset int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 100 {
				setting.Lock()
				offset++
				s.Set(Checkpoint{Inode: 1, Offset: offset})
				setting.Unlock()
				assert.NoError(t, s.Save(t.Context()))
			}
		})
	}
	all.Wait()
	var saved []int64
	for _, op := range m.written {
		var page []Checkpoint
		if json.Unmarshal(op.Value, &page) == nil { // else it is the format
			saved = append(saved, page[0].Offset)
		}
	}
	assert.IsNonDecreasing(t, saved)
	assert.Equal(t, offset, saved[len(saved)-1])
}
