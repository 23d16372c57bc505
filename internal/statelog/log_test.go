package statelog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open1(t *testing.T, o Options) (*Log, Report) {
	t.Helper()
	o.manual = true
	l, r := Open(o)
	t.Cleanup(func() { _ = l.Close() })
	return l, r
}

func set(t *testing.T, l *Log, key, value string) {
	t.Helper()
	require.NoError(t, l.Batch(&Op{Kind: Set, Key: key, Value: []byte(value)}))
}

func get(t *testing.T, l *Log, key string) string {
	t.Helper()
	v, err := l.Get(key)
	require.NoError(t, err)
	return string(v)
}

func files(t *testing.T, folder, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(folder, pattern))
	require.NoError(t, err)
	return all
}

func TestValuesAreThereAfterTheNextStart(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, r := open1(t, Options{Folder: folder})
	assert.Equal(t, Report{}, r)
	set(t, l, "a", "1")
	set(t, l, "b", "2")
	set(t, l, "a", "3")
	op := Op{Kind: Get, Key: "a"}
	require.NoError(t, l.Batch(&Op{Kind: Delete, Key: "b"}, &Op{Kind: Set, Key: "empty"}, &op, &Op{Kind: Set, Key: "a", Value: []byte("4")}))
	assert.Equal(t, "3", string(op.Value))
	for range 3 {
		assert.Equal(t, "4", get(t, l, "a"))
		v, err := l.Get("b")
		require.NoError(t, err)
		assert.Nil(t, v)
		v, err = l.Get("empty")
		require.NoError(t, err)
		assert.NotNil(t, v, "an empty value is a value")
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		l, r = open1(t, Options{Folder: folder})
		assert.Equal(t, Report{Keys: 2}, r)
	}
	info, err := os.Stat(files(t, folder, "*.log")[0])
	require.NoError(t, err)
	if filepath.Separator == '/' {
		assert.EqualValues(t, 0o600, info.Mode().Perm())
	}
	assert.LessOrEqual(t, len(files(t, folder, "*")), 2, "starts leave nothing behind")
	require.NoError(t, l.Close())
	require.ErrorContains(t, l.Batch(&Op{Kind: Set, Key: "x"}), "closed")
}

func TestAStoreStaysSmallWhateverIsWritten(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := open1(t, Options{Folder: folder})
	value := bytes.Repeat([]byte("v"), 200<<10)
	for i := range 200 { // 40 MB
		require.NoError(t, l.Batch(&Op{Kind: Set, Key: fmt.Sprint(i), Value: value}, &Op{Kind: Set, Key: "state", Value: []byte(fmt.Sprint(i))}))
		require.NoError(t, l.Batch(&Op{Kind: Delete, Key: fmt.Sprint(i)}))
	}
	assert.Less(t, l.Stats().Disk, int64(2*smallSegment+1<<20))
	assert.Equal(t, "199", get(t, l, "state"))
}

func TestALargeQueueIsEmptiedAndItsRoomGivenBack(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := open1(t, Options{Folder: folder})
	value := bytes.Repeat([]byte("v"), 1<<20)
	set(t, l, "old", "stays")
	write := func(from, to int) {
		for i := from; i < to; i++ {
			value[0] = byte(i)
			require.NoError(t, l.Batch(&Op{Kind: Set, Key: fmt.Sprint(i), Value: value}))
		}
	}
	write(0, 100)
	require.NoError(t, l.Close())
	l, r := open1(t, Options{Folder: folder})
	assert.Equal(t, 101, r.Keys)
	for i := range 60 { // the queue keeps 100
		value[0] = byte(i)
		v, err := l.Get(fmt.Sprint(i))
		require.NoError(t, err)
		require.Equal(t, value, v)
		require.NoError(t, l.Batch(&Op{Kind: Delete, Key: fmt.Sprint(i)}))
		write(i+100, i+101)
	}
	s := l.Stats()
	assert.Less(t, s.Disk, 2*s.Live+3*largeSegment)
	for i := 60; i < 160; i++ {
		require.NoError(t, l.Batch(&Op{Kind: Delete, Key: fmt.Sprint(i)}))
	}
	l.upkeep()
	l.upkeep()
	assert.Less(t, l.Stats().Disk, int64(2*largeSegment))
	assert.Equal(t, "stays", get(t, l, "old"))
}

func TestStartsOfALargeStoreLeaveNoFilesBehind(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	for i := range 20 {
		l, r := open1(t, Options{Folder: folder})
		assert.Empty(t, r.Problems)
		set(t, l, fmt.Sprint(i), strings.Repeat("x", 1<<20))
		require.NoError(t, l.Close())
	}
	assert.LessOrEqual(t, len(files(t, folder, "*")), 4)
}

// TestAStopInTheMiddleOfAWriteIsNoDamage cuts the last file at every byte of its last frames: what is read is what was there
// after one of the batches, and nothing is told.
func TestAStopInTheMiddleOfAWriteIsNoDamage(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := open1(t, Options{Folder: folder})
	for i := range 10 {
		require.NoError(t, l.Batch(&Op{Kind: Set, Key: "a", Value: []byte(fmt.Sprint(i))}, &Op{Kind: Set, Key: "b", Value: []byte(fmt.Sprint(i))}))
	}
	require.NoError(t, l.Close())
	path := files(t, folder, "*.log")[0]
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	last, torn := -1, 0
	for cut := 40; cut <= len(text); cut += 1 + cut%5 {
		copied := filepath.Join(t.TempDir(), "s")
		require.NoError(t, os.Mkdir(copied, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(copied, filepath.Base(path)), text[:cut], 0o600))
		l, r := open1(t, Options{Folder: copied})
		assert.Empty(t, r.Problems, "cut at %d", cut)
		if r.Torn != nil {
			torn++
		}
		a, b := get(t, l, "a"), get(t, l, "b")
		require.Equal(t, a, b)
		if a != "" {
			n := int(a[0] - '0')
			require.GreaterOrEqual(t, n, last)
			last = n
		}
		require.NoError(t, l.Close())
	}
	assert.GreaterOrEqual(t, last, 8)
	assert.Positive(t, torn, "it is told")
}

func TestASmallStoreIsOnTheDiskTwice(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := open1(t, Options{Folder: folder})
	set(t, l, "a", "1")
	require.NoError(t, l.Close())
	l, _ = open1(t, Options{Folder: folder})
	set(t, l, "b", "2")
	require.NoError(t, l.Close())
	all := files(t, folder, "*.log")
	require.Len(t, all, 2)
	require.NoError(t, os.WriteFile(all[1], nil, 0o600))
	l, r := open1(t, Options{Folder: folder, Now: func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }})
	assert.Equal(t, "1", get(t, l, "a"), "from the other generation")
	assert.Empty(t, get(t, l, "b"))
	require.Len(t, r.Problems, 1)
	assert.Equal(t, all[1]+".damaged-20260501T120000.000Z: is empty", r.Problems[0].String())
	assert.FileExists(t, r.Problems[0].Path)
	require.NoError(t, l.Close())
	_, r = open1(t, Options{Folder: folder})
	assert.Empty(t, r.Problems, "told once")
}

func TestTheOtherGenerationIsMinutesOldAtMost(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	now := time.Now()
	l, _ := open1(t, Options{Folder: folder, Now: func() time.Time { return now }})
	set(t, l, "a", "1")
	now = now.Add(generationInterval)
	l.upkeep()
	for range 10 { // nothing changes, and nothing is written
		now = now.Add(generationInterval)
		l.upkeep()
	}
	set(t, l, "b", "2")
	require.NoError(t, l.Close())
	all := files(t, folder, "*.log")
	require.Len(t, all, 2)
	require.NoError(t, os.Remove(all[1]))
	l, _ = open1(t, Options{Folder: folder})
	assert.Equal(t, "1", get(t, l, "a"))
}

func TestWhatIsSetAsideDoesNotFillTheDisk(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	for i := range 10 {
		l, _ := open1(t, Options{Folder: folder, Now: func() time.Time { return time.Date(2026, 5, 1, 12, i, 0, 0, time.UTC) }})
		set(t, l, "a", fmt.Sprint(i))
		require.NoError(t, l.Close())
		for _, f := range files(t, folder, "*.log") {
			require.NoError(t, os.Truncate(f, 30))
		}
	}
	assert.Len(t, files(t, folder, "*.damaged-*"), keptDamaged)
}

// TestNothingBringsBackWhatWasDeleted puts old files back, swaps and copies them.
func TestNothingBringsBackWhatWasDeleted(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	old := map[string][]byte{}
	for i := range 6 {
		l, _ := open1(t, Options{Folder: folder})
		set(t, l, fmt.Sprint(i), "x")
		if i > 0 {
			require.NoError(t, l.Batch(&Op{Kind: Delete, Key: fmt.Sprint(i - 1)}))
		}
		require.NoError(t, l.Close())
		for _, f := range files(t, folder, "*.log") {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			old[f] = text
		}
	}
	now := files(t, folder, "*.log")
	for path, text := range old {
		if _, err := os.Stat(path); err != nil {
			require.NoError(t, os.WriteFile(path, text, 0o600))
		}
	}
	a, b := old[now[0]], old[now[1]]
	require.NoError(t, os.WriteFile(now[0], b, 0o600))
	require.NoError(t, os.WriteFile(now[1], a, 0o600))
	for range 3 {
		l, r := open1(t, Options{Folder: folder})
		assert.Empty(t, r.Problems)
		assert.Equal(t, 1, r.Keys)
		assert.Equal(t, "x", get(t, l, "5"))
		require.NoError(t, l.Close())
	}
}

func TestAValueThatLooksLikeAFrameIsNone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := open1(t, Options{Folder: folder})
	fake, _ := appendFrame(nil, salt{}, 1<<40, []operation{{kind: opSet, key: "planted", value: []byte("x")}})
	set(t, l, "a", strings.Repeat(string(fake), 100))
	set(t, l, "b", "1")
	require.NoError(t, l.Close())
	path := files(t, folder, "*.log")[0]
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[bytes.Index(text, fake)]++ // the frame around it is damaged
	require.NoError(t, os.WriteFile(path, text, 0o600))
	l, r := open1(t, Options{Folder: folder})
	assert.Len(t, r.Problems, 1)
	assert.Empty(t, get(t, l, "planted"))
	assert.Equal(t, "1", get(t, l, "b"))
}

func TestAFullDiskIsBridgedInMemoryAndCaughtUp(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	now := time.Now()
	var full, told, recovered int
	o := Options{Folder: folder, MaxUnsaved: 2 << 20, Now: func() time.Time { return now }}
	o.Failed = func(err error) { told++; assert.ErrorIs(t, err, syscall.ENOSPC) }
	o.Recovered = func() { recovered++ }
	o.create = func(path string) (*os.File, error) {
		if full > 0 {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.ENOSPC}
		}
		return createFile(path)
	}
	l, _ := open1(t, o)
	set(t, l, "before", "1")
	set(t, l, "gone", "1")
	full = 1
	l.active.file.Close() // whatever is written fails
	l.mu.Lock()
	l.fail(syscall.ENOSPC)
	l.mu.Unlock()
	set(t, l, "during", "2")
	set(t, l, "during", "3")
	require.NoError(t, l.Batch(&Op{Kind: Delete, Key: "gone"}))
	large := strings.Repeat("x", 1<<20)
	set(t, l, "large", large)
	require.ErrorIs(t, l.Batch(&Op{Kind: Set, Key: "too much", Value: make([]byte, 1<<20)}), ErrFull)
	set(t, l, "state", "small things are kept")
	assert.Equal(t, large, get(t, l, "large"))
	for range 5 {
		now = now.Add(lastRetry)
		l.upkeep()
	}
	assert.Equal(t, 1, told, "once")
	assert.Zero(t, recovered)
	full = 0
	l.segments[0].file, _ = os.Open(l.segments[0].file.Name()) // it can be read again
	now = now.Add(lastRetry)
	l.upkeep()
	assert.Equal(t, 1, recovered)
	assert.Zero(t, l.Stats().Unsaved)
	require.NoError(t, l.Close())
	l, r := open1(t, Options{Folder: folder})
	assert.Equal(t, Report{Keys: 4}, r)
	assert.Equal(t, "1", get(t, l, "before"))
	assert.Equal(t, "3", get(t, l, "during"))
	assert.Empty(t, get(t, l, "gone"))
}

func TestAFolderThatCannotBeReadIsDoneWithoutUntilItCan(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	folder := filepath.Join(parent, "later", "s")
	now := time.Now()
	l, r := open1(t, Options{Folder: folder, Now: func() time.Time { return now }})
	require.ErrorIs(t, r.Unread, os.ErrNotExist)
	set(t, l, "a", "1")
	require.NoError(t, os.Mkdir(filepath.Dir(folder), 0o700))
	now = now.Add(lastRetry)
	l.upkeep()
	require.NoError(t, l.Close())
	l, r = open1(t, Options{Folder: folder})
	assert.Equal(t, Report{Keys: 1}, r)
	assert.Equal(t, "1", get(t, l, "a"))
}

func TestWhatStandsInTheWayIsSetAside(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	folder := filepath.Join(parent, "s")
	require.NoError(t, os.WriteFile(folder, []byte("x"), 0o600))
	l, r := open1(t, Options{Folder: folder})
	require.Len(t, r.Problems, 1)
	assert.FileExists(t, r.Problems[0].Path)
	set(t, l, "a", "1")
	require.NoError(t, l.Close())
	name := strings.TrimSuffix(filepath.Base(files(t, folder, "*.log")[0]), suffix)
	for i, plant := range []func(string) error{
		func(p string) error { return os.Mkdir(p, 0o700) },
		func(p string) error { return os.Symlink("/dev/zero", p) },
		func(p string) error { return os.Symlink(filepath.Join(parent, "nothing"), p) },
	} {
		path := filepath.Join(folder, fmt.Sprintf("00000000000000f%d%s%s", i, name[16:], suffix))
		if err := plant(path); err != nil {
			t.Skip(err) // links need a right on Windows
		}
		l, r := open1(t, Options{Folder: folder})
		require.Len(t, r.Problems, 1)
		assert.Contains(t, r.Problems[0].Path, DamagedMark)
		assert.Equal(t, "1", get(t, l, "a"))
		require.NoError(t, l.Close())
	}
}

func TestManyMayUseAStore(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := Open(Options{Folder: folder})
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 200 {
				key := fmt.Sprint(n, i%7)
				assert.NoError(t, l.Batch(&Op{Kind: Set, Key: key, Value: bytes.Repeat([]byte{byte(n)}, 5000)}))
				v, err := l.Get(key)
				assert.NoError(t, err)
				assert.Len(t, v, 5000)
				if i%50 == 0 {
					_, problems, err := Read(folder)
					assert.NoError(t, err)
					assert.Empty(t, problems)
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, l.Close())
	_, r := open1(t, Options{Folder: folder})
	assert.Equal(t, Report{Keys: 56}, r)
}

func TestAValueThatIsDamagedLaterIsNone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	var lost []string
	l, _ := open1(t, Options{Folder: folder, Lost: func(key string, err error) { lost = append(lost, key); assert.ErrorIs(t, err, errLost) }})
	set(t, l, "a", "value")
	e := l.index["a"]
	_, err := l.active.file.WriteAt([]byte("V"), e.at)
	require.NoError(t, err)
	v, err := l.Get("a")
	require.NoError(t, err)
	assert.Nil(t, v)
	assert.Equal(t, []string{"a"}, lost)
	assert.Zero(t, l.Stats().Live)
}

func TestTooLargeABatchIsRefused(t *testing.T) {
	t.Parallel()
	l, _ := open1(t, Options{Folder: filepath.Join(t.TempDir(), "s")})
	value := make([]byte, 300<<20)
	err := l.Batch(&Op{Kind: Set, Key: "a", Value: value}, &Op{Kind: Set, Key: "b", Value: value}, &Op{Kind: Set, Key: "c", Value: value}, &Op{Kind: Set, Key: "d", Value: value})
	require.ErrorContains(t, err, "too large")
	assert.False(t, errors.Is(err, ErrFull))
}

func BenchmarkOffsets(b *testing.B) {
	l, _ := Open(Options{Folder: filepath.Join(b.TempDir(), "s")})
	defer l.Close()
	value := make([]byte, 2000)
	for i := 0; b.Loop(); i++ {
		if err := l.Batch(&Op{Kind: Set, Key: fmt.Sprint(i % 64), Value: value}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestADeletionThatCouldNotBeWrittenIsMadeUpFor(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	now := time.Now()
	l, _ := open1(t, Options{Folder: folder, Now: func() time.Time { return now }})
	set(t, l, "a", "on the disk")
	l.mu.Lock()
	l.fail(syscall.ENOSPC)
	l.mu.Unlock()
	set(t, l, "a", "over it, in memory")
	require.NoError(t, l.Batch(&Op{Kind: Delete, Key: "a"}))
	for i := range 100 {
		set(t, l, fmt.Sprint(i), "in memory alone")
		require.NoError(t, l.Batch(&Op{Kind: Delete, Key: fmt.Sprint(i)}))
	}
	assert.Len(t, l.stale, 1, "what was never written needs no deletion")
	now = now.Add(lastRetry)
	l.upkeep()
	require.NoError(t, l.Close())
	_, r := open1(t, Options{Folder: folder})
	assert.Equal(t, Report{}, r)
}

func TestAFileThatClaimsToBeHugeIsNotRead(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "s")
	l, _ := open1(t, Options{Folder: folder})
	set(t, l, "a", "1")
	require.NoError(t, l.Close())
	if err := os.Truncate(files(t, folder, "*.log")[0], 1<<40); err != nil {
		t.Skip(err) // not every file system has such files
	}
	begin := time.Now()
	l, r := open1(t, Options{Folder: folder})
	assert.Less(t, time.Since(begin), time.Minute)
	assert.Len(t, r.Problems, 1)
	assert.Equal(t, "1", get(t, l, "a"))
}
