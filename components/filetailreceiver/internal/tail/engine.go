package tail

import (
	"container/list"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/flow"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// engine owns the schedule and the files, and gives files to readers. Its goroutine alone touches them: others have it do
// something (do), and wait for that. It waits for nobody but the flow's lock, and for no disk but when it closes a file.
type engine struct {
	o        *Options
	flow     *flow.Flow
	schedule *schedule.Schedule
	opener   *opener
	calls    chan call
	quit     chan struct{} // closed: the goroutine is to end
	once     sync.Once     // closes quit
	over     chan struct{} // closed: it has ended

	files     map[*file]struct{}
	open      *list.List // of *file, those that were read last first
	share     *files.Share
	few       bool    // it was told that the process may open fewer files than are wanted
	replaced  []*file // whose readers found another content, and that the watch has not heard of
	readers   map[*reader]struct{}
	ready     []*reader // that wait for a file
	hanging   int       // readers that wait for a file for long
	loops     sync.WaitGroup
	troubles  troubles
	ending    bool // nothing more is read
	restBytes int  // what is kept of the last records of all files
	rests     int  // files of which was told that their last line waits for its end
	last      Stats
}

// file is one content under one identity, as the engine has it.
type file struct {
	schedule.File
	id        files.ID
	flow      *flow.File
	behind    time.Time     // since when something is not delivered; zero: nothing is
	place     *list.Element // among those that are open
	kept      bool          // it could not be removed
	restBytes int           // of text.rest, as counted
	rest      bool          // it was told that its last line waits for its end
	packed    bool          // it goes on in an archive
	text      text          // of its reader, while it is being read
}

// text is what reading needs of a file.
type text struct {
	source *source.Text // nil: it is not open
	enc    records.Encoding
	labels any
	pos    flow.Position // up to here it is in chunks
	head   checkpoints.Mark
	info   files.Info
	rest   []byte // what stands after pos, as it was read last; see keepRest
	told   told
}

// call is something that the engine's goroutine is to do.
type call struct {
	do   func()
	done chan struct{}
}

func newEngine(o *Options, f *flow.Flow, open *opener) *engine {
	return &engine{
		o: o, flow: f, opener: open, calls: make(chan call), quit: make(chan struct{}), over: make(chan struct{}),
		share: files.NewShare(o.MaxOpen), files: map[*file]struct{}{}, open: list.New(), readers: map[*reader]struct{}{}, troubles: newTroubles(o.Logger),
		schedule: schedule.New(schedule.Options{
			Chunk: int64(o.ChunkBytes), Linger: o.Linger, Flush: o.Flush, Removes: o.Remove || o.RemoveOld, Strict: o.Strict,
			Illegal: func(what string) { o.Logger.DPanic("A file's state changes as it must not", zap.String("what", what)) },
			Passed: func(f, older *schedule.File) {
				o.Logger.Warn("A file does not go on; newer lines of its name are sent before the rest of it",
					zap.String("path", older.Path), zap.String("file", older.Name), zap.Int64("bytes", older.Unread()), zap.String("newer", f.Name))
			},
			Expired: func(f *schedule.File, why schedule.Reason) {
				o.Logger.Warn("What a file is was not found out in time; it is read on as a file of its own", zap.String("file", f.Name), zap.Stringer("reason", why))
			},
		}),
	}
}

// start begins to read.
func (e *engine) start() {
	for range e.o.Readers {
		e.addReader()
	}
	go e.run()
}

// run does what is asked for, until the end.
func (e *engine) run() {
	defer close(e.over)
	for {
		select {
		case c := <-e.calls:
			c.do()
			close(c.done)
		case <-e.flow.Advanced():
			e.advanced()
		case <-e.quit:
			e.last = e.stats()
			return
		}
		e.dispatch()
	}
}

// do has the engine's goroutine do something, and returns when it is done. It reports false where the goroutine has ended.
func (e *engine) do(what func()) bool {
	c := call{what, make(chan struct{})}
	select {
	case e.calls <- c:
		<-c.done
		return true
	case <-e.over:
		return false
	}
}

// advanced takes in what was delivered.
func (e *engine) advanced() {
	now := time.Now()
	for _, moved := range e.flow.Moved() {
		f := moved.Owner.(*file)
		if _, ok := e.files[f]; !ok {
			continue // it was forgotten
		}
		e.refresh(f)
		e.schedule.Tried(&f.File)
		if f.behind = now; f.Lag() == 0 {
			f.behind = time.Time{}
		}
		e.schedule.Enqueue(&f.File, now)
	}
}

// refresh takes in what is in flight of a file.
func (e *engine) refresh(f *file) { f.Delivery = schedule.Delivery(f.flow.Progress()) }

// dispatch gives files to readers that wait.
func (e *engine) dispatch() {
	for len(e.ready) > 0 && !e.ending {
		_, limit := e.flow.InFlight()
		turn, ok := e.schedule.Take(limit/2, time.Now())
		if !ok {
			return
		}
		r := e.ready[0]
		e.ready = e.ready[1:]
		r.file = turn.File.Owner.(*file)
		r.next <- e.taskOf(r.file, turn) // it has room for one
	}
}

// taskOf is what a reader is to do.
func (e *engine) taskOf(f *file, turn schedule.Turn) task {
	want := min(int64(e.o.ChunkBytes), max(f.Delivery.Window-f.Delivery.InFlight, smallest))
	if !f.Zipped {
		want = min(want, max(f.Unread()+room, smallest))
	}
	return task{file: f, text: &f.text, id: f.id, path: f.Path, name: f.Name, packed: f.packed, flush: turn.Flush, restSize: turn.RestSize, want: want}
}

// tick queues the files whose time has come, and reports whether there are others whose time will come.
func (e *engine) tick(now time.Time) (more bool) {
	e.do(func() {
		e.replaceHanging(now)
		for _, changed := range e.flow.Tick(now) {
			e.refresh(changed.Owner.(*file))
		}
		more = !e.ending && e.schedule.Tick(now)
	})
	return more
}

// finish takes in what became of a reader's task, and lets it wait for the next one. It reports false where there is none.
func (e *engine) finish(r *reader, t task, res result) (more bool) {
	e.do(func() {
		now := time.Now()
		e.take(t, res, now)
		r.file = nil
		if r.stuck != nil {
			e.hanging--
			e.o.Logger.Info("A file answers again", zap.String("path", t.name))
			delete(e.readers, r)
			return
		}
		more = e.await(r)
	})
	return more
}

// await lets a reader wait for a file, unless there will be none.
func (e *engine) await(r *reader) bool {
	if e.ending {
		delete(e.readers, r)
		return false
	}
	e.ready = append(e.ready, r)
	return true
}

// take takes in what became of a task.
func (e *engine) take(t task, res result, now time.Time) {
	f := t.file
	f.Read = f.text.pos.Offset
	if f.text.source != nil {
		f.Zipped = f.text.source.Archive()
	}
	e.refresh(f)
	e.countRest(f)
	e.touch(f)
	if res.err == nil && (res.opened || res.looked) {
		e.troubles.report(t.name, nil)
		f.Problem = ""
	}
	switch {
	case res.err != nil:
		f.LastRead = now
		f.Changed = true
		e.failed(f, t.name, res.err)
	case res.replaced:
		e.replaced = append(e.replaced, f)
		e.schedule.Hold(&f.File, schedule.Replaced, now)
	case res.again:
		f.Changed, f.LastRead = true, now
	case res.looked:
		e.rest(f, res, now)
	}
	if f.Unread() == 0 && f.Delivery.InFlight == 0 {
		f.behind = time.Time{}
	}
	e.schedule.Done(&f.File, now)
}

// rest notes what stands after the last whole record.
func (e *engine) rest(f *file, res result, now time.Time) {
	f.LastRead = now
	if f.Zipped {
		f.Complete = res.complete
		if res.zipped >= 0 {
			f.AtEnd, f.Size = res.zipped, res.zipped
		}
	} else {
		f.Size = max(f.Size, res.seen)
	}
	switch {
	case !res.atEnd, res.seen == f.Read:
		f.Unfinished, f.RestSize, f.Rest = time.Time{}, 0, records.Rest{}
	case f.Unfinished.IsZero() || f.RestSize != res.seen:
		f.Unfinished, f.RestSize, f.Rest = now, res.seen, res.rest
	default:
		f.Rest = res.rest
	}
}

// touch notes that a file was read, and closes others if too many are open.
func (e *engine) touch(f *file) {
	f.Open = f.text.source != nil
	switch {
	case f.Open && f.place == nil:
		f.place = e.open.PushFront(f)
	case f.Open:
		e.open.MoveToFront(f.place)
	}
	most := e.share.Most()
	if most < e.o.MaxOpen && !e.few && e.open.Len() > most {
		e.few = true
		e.o.Logger.Warn("The process may open fewer files than max_concurrent_files says: files are closed and opened in turn. Raise its limit of open files, such as with LimitNOFILE of systemd",
			zap.Int("max_concurrent_files", e.o.MaxOpen), zap.Int("open", most))
	}
	e.closeIdle(f, most)
}

// closeIdle closes files that were not read for longest until no more than most are open, but for one, and those that could not be
// opened again.
func (e *engine) closeIdle(but *file, most int) (closed int) {
	for at := e.open.Back(); at != nil && e.open.Len() > most; {
		idle := at.Value.(*file)
		at = at.Prev()
		if idle != but && idle.State() != schedule.Reading && idle.Name != "" {
			e.close(idle)
			closed++
		}
	}
	return closed
}

// spare closes half of the files that are open, for one that cannot be opened since there are too many, and reports whether there
// were any.
func (e *engine) spare() (some bool) {
	e.do(func() {
		closed := e.closeIdle(nil, e.open.Len()/2)
		if some = closed > 0; some {
			e.o.Logger.Debug("Files were closed since no more can be opened", zap.Int("closed", closed))
		}
	})
	return some
}

// close closes a file, if it is open. It is not being read.
func (e *engine) close(f *file) {
	if f.text.source == nil {
		return
	}
	_ = f.text.source.Close() // it was read
	f.text.source, f.Open = nil, false
	e.open.Remove(f.place)
	f.place = nil
}

// end lets readers read nothing more.
func (e *engine) end() {
	e.flow.End()
	e.do(func() {
		e.ending = true
		for _, r := range e.ready {
			delete(e.readers, r)
			close(r.next)
		}
		e.ready = nil
	})
}

// stop ends the engine's goroutine, and closes what is open but for what hangs.
func (e *engine) stop() {
	e.do(func() {
		for f := range e.files {
			if f.State() != schedule.Reading { // otherwise it hangs, and ends with the program
				e.close(f)
			}
		}
	})
	e.once.Do(func() { close(e.quit) })
	e.share.Close()
	<-e.over
}
