package schedule

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
)

// clock is a Schedule with a clock that the test sets.
type clock struct {
	*Schedule
	t       *testing.T
	now     time.Time
	passed  []string
	expired []string
}

func newClock(t *testing.T, change func(*Options)) *clock {
	c := &clock{t: t, now: time.Unix(1e9, 0)}
	o := Options{
		Chunk: 1000, Linger: time.Second, Flush: records.Waits{Lines: 5 * time.Second, Line: 5 * time.Second},
		Illegal: func(what string) { panic(what) },
		Passed:  func(f, older *File) { c.passed = append(c.passed, f.Name+" before "+older.Name) },
		Expired: func(f *File, why Reason) { c.expired = append(c.expired, f.Name+" "+why.String()) },
	}
	if change != nil {
		change(&o)
	}
	c.Schedule = New(o)
	return c
}

// file is one of so many bytes, of which nothing is read.
func (c *clock) file(path, name string, size int64) *File {
	f := &File{Path: path, Name: name, Size: size, Delivery: Delivery{Window: 1 << 20, Proven: true}}
	c.Add(f, c.now)
	return f
}

// read has the next file read to its end, and returns it.
func (c *clock) read() *File {
	turn, ok := c.Take(1<<20, c.now)
	if !ok {
		return nil
	}
	turn.File.Read, turn.File.LastRead = turn.File.Size, c.now
	c.Done(turn.File, c.now)
	return turn.File
}

func (c *clock) after(d time.Duration) (more bool) {
	c.now = c.now.Add(d)
	return c.Tick(c.now)
}

func TestOnlyWhatTheTableAllowsChangesAState(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	for from, all := range transitions {
		for _, to := range all {
			allowed[fmt.Sprint(State(from), to)] = true
		}
	}
	for from := Idle; from <= Gone; from++ {
		for to := Idle; to <= Gone; to++ {
			illegal := 0
			s := New(Options{Illegal: func(string) { illegal++ }})
			f := &File{Path: "/a", state: from}
			s.to(f, to, time.Time{})
			assert.Equal(t, to, f.State(), "production goes on")
			assert.Equal(t, from != to && !allowed[fmt.Sprint(from, to)], illegal > 0, "%s to %s", from, to)
		}
	}
	assert.False(t, allowed["held reading"], "what is held is not read")
	assert.False(t, allowed["gone queued"], "nor what is gone")
}

func TestAFileWithLittleNewsIsReadEachLinger(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	f := c.file("/a", "/a", 10)
	assert.True(t, c.after(0))
	require.Equal(t, f, c.read())
	assert.False(t, c.after(0), "there is nothing to do")
	f.Size, f.Changed = 20, true
	assert.True(t, c.after(time.Second/2))
	assert.Nil(t, c.read())
	c.after(time.Second / 2)
	assert.Equal(t, f, c.read())
	f.Size = 5000
	assert.Equal(t, f, func() *File { f.Open = true; c.after(0); return c.read() }(), "what fills a chunk is read at once")
	f.Size, f.Changed = 5010, true
	c.Hurry()
	c.after(0)
	assert.Equal(t, f, c.read(), "so is all before a stop")
}

func TestNoMoreIsInFlightThanTheWindow(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	f := c.file("/a", "/a", 10)
	f.Delivery = Delivery{InFlight: 100, Window: 100, Pending: 1, Begun: c.now}
	assert.True(t, c.after(time.Hour), "it is looked at again")
	assert.Nil(t, c.read())
	f.Delivery = Delivery{Window: 100}
	c.Enqueue(f, c.now)
	assert.Equal(t, f, c.read())

	c = newClock(t, func(o *Options) { o.Strict = true })
	f = c.file("/a", "/a", 10)
	f.Delivery = Delivery{InFlight: 1, Window: 100, Pending: 1, Begun: c.now}
	c.after(time.Hour)
	assert.Nil(t, c.read(), "strict has one chunk in flight")
}

func TestWhatIsHeldIsNotRead(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	f := c.file("/a", "/a", 10)
	c.after(0)
	assert.Equal(t, Queued, f.State())
	c.Hold(f, UntilLook, c.now)
	assert.Nil(t, c.read(), "though it was queued")
	c.Release(f, MaybeCopy, c.now)
	assert.Equal(t, Held, f.State(), "that was another reason")
	c.Release(f, UntilLook, c.now)
	c.after(0)
	turn, ok := c.Take(1<<20, c.now)
	require.True(t, ok)
	c.Hold(f, Replaced, c.now)
	assert.Equal(t, Reading, f.State(), "a reader has it")
	c.Done(turn.File, c.now)
	assert.Equal(t, Held, f.State())
	assert.Equal(t, []Wait{{File: f, Reason: Replaced, Since: c.now}}, c.Waits())
}

func TestNothingIsHeldForEver(t *testing.T) {
	t.Parallel()
	for _, why := range []Reason{UntilLook, MaybeCopy, Unjudged, Replaced} {
		c := newClock(t, nil)
		f := c.file("/a", "/a", 10)
		c.Hold(f, why, c.now)
		c.after(maxHold)
		assert.Nil(t, c.read())
		c.after(time.Second)
		assert.Equal(t, f, c.read())
		assert.Equal(t, []string{"/a " + why.String()}, c.expired, "it is told")
	}
}

func TestWhatIsGoneIsReadWhenItIsBack(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	f := c.file("/a", "", 10)
	assert.Equal(t, Gone, f.State())
	c.after(0)
	assert.Nil(t, c.read())
	f.Name = "/b"
	c.Settle(f, c.now)
	c.after(0)
	assert.Equal(t, f, c.read())
	f.Name, f.Changed = "", true
	c.Settle(f, c.now)
	assert.Equal(t, Gone, f.State())
}

func TestARotatedFileIsReadBeforeTheNextOfItsName(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	newest := c.file("/a", "/a", 10)
	c.now = c.now.Add(time.Second)
	oldest, old := c.file("/a", "/a.2", 10), c.file("/a", "/a.1", 10)
	newest.Modified, old.Modified, oldest.Modified = c.now, c.now.Add(-time.Second), c.now.Add(-time.Minute)
	var order []string
	for range 3 {
		c.after(time.Second)
		order = append(order, c.read().Name)
		assert.Nil(t, c.read())
	}
	assert.Equal(t, []string{"/a.2", "/a.1", "/a"}, order)
	assert.Empty(t, c.passed)
}

// Three generations are there, and the oldest cannot be read though nothing says so.
func TestNothingWaitsForeverForAnOlderFile(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	newest, old, oldest := c.file("/a", "/a", 10), c.file("/a", "/a.1", 10), c.file("/a", "/a.2", 10)
	oldest.Delivery = Delivery{InFlight: 10, Window: 10, Pending: 1, Begun: c.now} // an outage
	for range 100 {
		c.after(time.Minute)
		require.Nil(t, c.read(), "newer lines would wait for the same")
	}
	oldest.Delivery = Delivery{Window: 10}
	c.after(0)
	turn, ok := c.Take(1<<20, c.now)
	require.True(t, ok)
	require.Equal(t, oldest, turn.File)
	for began := c.now; ; c.after(time.Second) { // its reader hangs
		if f := c.read(); f != nil {
			assert.Equal(t, old, f)
			assert.InDelta(t, maxOlderWait.Seconds(), c.now.Sub(began).Seconds(), 2)
			break
		}
		waits := c.Waits()
		require.Len(t, waits, 2)
		assert.Equal(t, oldest, waits[0].For)
	}
	c.after(time.Second)
	assert.Equal(t, newest, c.read(), "it waited for that one alone")
	require.Len(t, c.passed, 1, "it is told once")
	assert.Contains(t, c.passed[0], " before /a.2")
	c.Done(oldest, c.now)
}

func TestARestIsTakenAsWholeAfterItsTime(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	f := c.file("/a", "/a", 10)
	f.Read, f.Unfinished, f.RestSize, f.Rest = 5, c.now, 10, records.Rest{Unfinished: true}
	c.after(4 * time.Second)
	assert.Nil(t, c.read())
	c.after(time.Second)
	turn, ok := c.Take(1<<20, c.now)
	require.True(t, ok)
	assert.Equal(t, Turn{File: f, Flush: records.UnfinishedLine, RestSize: 10}, turn)

	c = newClock(t, func(o *Options) { o.Flush = records.Waits{} })
	f = c.file("/a", "/a", 10)
	f.Read, f.Unfinished, f.RestSize, f.Rest = 5, c.now, 10, records.Rest{Unfinished: true}
	c.after(time.Hour)
	assert.Nil(t, c.read(), "its end may come")
	f.Gone, f.Open, f.Unlinked, f.Name, f.Changed = c.now, true, true, "", true
	c.after(time.Second)
	turn, ok = c.Take(1<<20, c.now)
	require.True(t, ok)
	assert.Equal(t, records.Everything, turn.Flush, "nobody will ever end it")
}

func TestAForgottenFileLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	f, next := c.file("/a", "/a.1", 10), c.file("/a", "/a", 10)
	c.after(0)
	c.Remove(f)
	c.after(time.Second)
	assert.Equal(t, next, c.read())
	assert.Nil(t, c.read())
	c.Rename(next, "/b")
	c.Remove(next)
	assert.Empty(t, c.lines)
	assert.Empty(t, c.files)
	assert.Empty(t, c.trying)
}

// The end of a line comes from its program, as long as that may have the file.
func TestAnUnfinishedLineWaitsForItsEnd(t *testing.T) {
	t.Parallel()
	rest := func(hurry bool, change func(*File)) (flush records.Flush, after time.Duration) {
		c := newClock(t, func(o *Options) { o.Flush = records.Waits{Lines: 5 * time.Second} })
		f := c.file("/a", "/a", 10)
		f.Read, f.Unfinished, f.RestSize, f.Rest = 5, c.now, 10, records.Rest{Unfinished: true}
		change(f)
		if hurry {
			c.Hurry()
		}
		for after = 0; after < time.Hour; after += time.Second {
			if turn, ok := c.Take(1<<20, c.now); ok {
				return turn.Flush, after
			}
			assert.Equal(t, !f.Rest.Lines, c.WaitsForWriter(f))
			c.after(time.Second)
		}
		return records.Nothing, after
	}
	for name, one := range map[string]struct {
		hurry  bool
		change func(*File)
		flush  records.Flush
		after  time.Duration
	}{
		"its program has it":         {false, func(*File) {}, records.Nothing, time.Hour},
		"it was renamed":             {false, func(f *File) { f.Name = "/a.1" }, records.Everything, quietTime},
		"no pattern names it":        {false, func(f *File) { f.Gone = time.Unix(1, 0) }, records.Everything, quietTime},
		"it is deleted":              {false, func(f *File) { f.Gone, f.Open, f.Unlinked = time.Unix(1, 0), true, true }, records.Everything, finalTime},
		"a stop reads it to its end": {true, func(*File) {}, records.UnfinishedLine, finalTime},
		"a stop leaves room":         {true, func(f *File) { f.Rest = records.Rest{NULs: true} }, records.Nothing, time.Hour},
		"room of what is deleted": {false, func(f *File) {
			f.Rest, f.Gone, f.Open, f.Unlinked = records.Rest{NULs: true}, time.Unix(1, 0), true, true
		}, records.Everything, finalTime},
		"a whole line stands before":   {false, func(f *File) { f.Rest.Lines = true }, records.WholeLines, 5 * time.Second},
		"an archive that is complete":  {false, func(f *File) { f.Zipped, f.Complete, f.AtEnd = true, true, 10 }, records.Everything, finalTime},
		"an archive that may be added": {false, func(f *File) { f.Zipped, f.AtEnd = true, 10 }, records.Nothing, time.Hour},
	} {
		flush, after := rest(one.hurry, one.change)
		assert.Equal(t, one.flush, flush, name)
		assert.InDelta(t, one.after.Seconds(), after.Seconds(), 1, name)
	}
}

// The clock was set back between two generations, so that the older one was written to later.
func TestTheFileThatIsWrittenToIsTheNewestOfItsName(t *testing.T) {
	t.Parallel()
	c := newClock(t, nil)
	live, rotated := c.file("/a", "/a", 10), c.file("/a", "/a.1", 10)
	rotated.Modified, live.Modified = c.now.Add(9*time.Hour), c.now
	c.after(0)
	assert.Equal(t, rotated, c.read())
	c.after(0)
	assert.Equal(t, live, c.read())
}
