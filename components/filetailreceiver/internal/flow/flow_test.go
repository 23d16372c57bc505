package flow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

func newFlow(t *testing.T, most int64) *Flow {
	t.Helper()
	store, err := checkpoints.Open(t.Context(), storage.NewNopClient())
	require.NoError(t, err)
	f := New(Options{Store: store, Logger: zap.NewNop(), Now: time.Now, Acknowledged: func(int64) {}, ChunkBytes: 1000, MaxInFlight: most})
	f.Start()
	t.Cleanup(func() { f.End(); f.Cancel() })
	return f
}

// delivery is one that the test ends.
type delivery struct {
	stamp time.Time
	end   chan error
}

// begin has bytes up to an offset delivered.
func (f *Flow) begin(t *testing.T, file *File, offset int64) *delivery {
	t.Helper()
	require.True(t, f.Acquire(100))
	d := &delivery{end: make(chan error, 1)}
	require.True(t, f.Begin(file, Chunk{End: Position{Offset: offset}, Bytes: 100}, func(stamp time.Time, _ *inorder.Turn) func(context.Context) error {
		d.stamp = stamp
		return func(ctx context.Context) error {
			select {
			case err := <-d.end:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}))
	return d
}

func TestOnlyWhatIsDeliveredWithAllBeforeItIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, 1<<20)
		file := f.File(checkpoints.Checkpoint{Path: "/a", Inode: 1}, "owner")
		first, second, third := f.begin(t, file, 10), f.begin(t, file, 20), f.begin(t, file, 30)
		assert.Equal(t, []int64{1, 2}, []int64{second.stamp.Sub(first.stamp).Milliseconds(), third.stamp.Sub(first.stamp).Milliseconds()}, "each has its own time")
		third.end <- nil
		second.end <- nil
		synctest.Wait()
		assert.Zero(t, file.Progress().Acked)
		assert.Empty(t, f.Moved())
		first.end <- nil
		synctest.Wait()
		assert.Equal(t, Progress{Acked: 30, Window: 2 * FirstWindow, Proven: true}, file.Progress())
		moved := f.Moved()
		require.Len(t, moved, 1)
		assert.Equal(t, "owner", moved[0].Owner)
		assert.Empty(t, f.Moved(), "it is told once")
		all := f.o.Store.All()
		require.Len(t, all, 1)
		assert.EqualValues(t, 30, all[0].Offset)
		time.Sleep(saveInterval)
		bytes, _ := f.InFlight()
		assert.Zero(t, bytes, "it is saved")

		failed := f.begin(t, file, 40)
		failed.end <- errors.New("the end")
		synctest.Wait()
		assert.EqualValues(t, 30, file.Progress().Acked)
	})
}

func TestRoomIsWaitedForUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, 150)
		file := f.File(checkpoints.Checkpoint{Path: "/a", Inode: 1}, nil)
		d := f.begin(t, file, 10)
		got := make(chan bool, 1)
		go func() { got <- f.Acquire(100) }()
		synctest.Wait()
		assert.Empty(t, got)
		d.end <- nil
		assert.True(t, <-got)
		go func() { got <- f.Acquire(100) }()
		synctest.Wait()
		f.End()
		assert.False(t, <-got)
		assert.False(t, f.Acquire(1))
	})
}

func TestWhatIsStuckLetsOthersHaveItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, 150)
		file := f.File(checkpoints.Checkpoint{Path: "/a", Inode: 1}, nil)
		file.window = 10 * FirstWindow
		d := f.begin(t, file, 10)
		assert.Empty(t, f.Tick(time.Now()))
		time.Sleep(stallTime)
		assert.Equal(t, []*File{file}, f.Tick(time.Now()))
		assert.EqualValues(t, FirstWindow, file.Progress().Window)
		other := f.File(checkpoints.Checkpoint{Path: "/b", Inode: 2}, nil)
		f.begin(t, other, 10).end <- nil
		bytes, _ := f.InFlight()
		assert.GreaterOrEqual(t, bytes, int64(100), "it counts nevertheless")
		d.end <- nil
		synctest.Wait()
		time.Sleep(2 * saveInterval)
		bytes, _ = f.InFlight()
		assert.Zero(t, bytes)
	})
}

func TestACheckpointFollowsItsFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, 1<<20)
		file := f.File(checkpoints.Checkpoint{Path: "/a", Inode: 1, Offset: 5}, nil)
		d := f.begin(t, file, 10)
		file.Change(func(c *checkpoints.Checkpoint) { c.Inode, c.Path = 2, "/b" })
		d.end <- nil
		synctest.Wait()
		all := f.o.Store.All()
		require.Len(t, all, 1)
		assert.EqualValues(t, 2, all[0].Inode)
		assert.EqualValues(t, 10, all[0].Offset)
		late := f.begin(t, file, 20)
		file.Forget()
		file.Forget()
		late.end <- nil
		synctest.Wait()
		assert.Empty(t, f.o.Store.All(), "what is forgotten is not saved again")
		assert.Empty(t, f.lines)
	})
}

func TestNothingIsBegunAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, 1<<20)
		file := f.File(checkpoints.Checkpoint{Path: "/a", Inode: 1}, nil)
		require.True(t, f.Acquire(100))
		f.Close()
		assert.False(t, f.Begin(file, Chunk{Bytes: 100}, nil))
		bytes, _ := f.InFlight()
		assert.Zero(t, bytes)
	})
}

func TestStampsFollowAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	right := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, back := range map[string]struct{ ahead, want time.Duration }{
		"by hours":        {9 * time.Hour, 0},
		"by half an hour": {30 * time.Minute, 0},
		"by an instant":   {500 * time.Millisecond, 501 * time.Millisecond},
	} {
		l := &line{}
		first, before := l.next(right.Add(back.ahead))
		assert.Equal(t, back.ahead, first.Sub(right), name)
		second, turn := l.next(right)
		assert.Equal(t, back.want, second.Sub(right), name)
		assert.False(t, turn.Wait(t.Context(), 0), "it comes after the first one")
		before.Begun()
		assert.True(t, turn.Wait(t.Context(), 0))
		for range 3 * maxAhead / time.Millisecond { // faster than the clock
			third, _ := l.next(right)
			assert.LessOrEqual(t, third.Sub(right), maxAhead)
		}
		forth, _ := l.next(right.Add(9 * time.Hour))
		assert.Equal(t, 9*time.Hour, forth.Sub(right), "and one that is set ahead")
	}
}
