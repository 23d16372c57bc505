package tail

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/notices"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
)

// finishingTick is the pause between two looks at files that are read to their ends before a stop.
const finishingTick = 20 * time.Millisecond

// A look that takes longer than longLook is followed by a pause of lookPause times as long, up to maxLookPause: who makes
// many folders must not have them looked through all the time.
const (
	longLook     = 200 * time.Millisecond
	lookPause    = 3
	maxLookPause = 10 * time.Second
)

// Tailer reads files.
type Tailer struct {
	o       Options
	reading context.Context // ends when nothing more is to be read
	sending context.Context // ends when nothing more is to be delivered
	stop    context.CancelFunc
	cancel  context.CancelFunc
	watches sync.WaitGroup // the watch
	loops   sync.WaitGroup // the readers
	sends   sync.WaitGroup
	saves   sync.WaitGroup
	looks   atomic.Int64
	looker  *files.Looker
	// openFile is the Finder's Open.
	openFile func(path string) (*files.Opened, error)
	// included says of each pattern whether files were looked for by it in an earlier run, and introduced whether all of
	// it was looked at in this one.
	included, introduced []bool
	unfinished           bool // the last look did not come to all

	mu      sync.Mutex
	work    *sync.Cond // something is in line, room came free, or the end
	files   map[files.ID]*file
	retired []*file // whose content is gone from its identity
	imports []*file // whose identity is not known
	lines   map[string]*line
	queue   queue              // files that are to be read
	trying  map[*file]struct{} // new ones that are on their way
	readers map[*reader]struct{}
	hanging int // readers that wait for a file for long
	opened  *list.List
	openAt  map[*file]*list.Element
	bad     map[string]string // paths that cannot be read, and why
	told    map[string]bool   // those of them that were named
	own     map[string]bool   // paths of the collector's own log that were told; of the watch
	leftOut map[string]int    // how much is left out of patterns; of the watch
	lastID  uint64            // of a retired file

	toldRests int // files whose last line waits for its end

	toldSince time.Time
	toldNow   int // since then

	used, stuck  int64 // bytes in flight, and those of them for which nobody waits
	room         *climber
	unsaved      int64 // of used: delivered
	unsavedStuck int64
	waiting      int           // readers that wait for room
	save         chan struct{} // somebody asks for it; full: already
	hurry        chan struct{} // and needs it now
	saveFailed   bool
	finishing    bool // what there is is read at once
	ending       bool
	abandoned    bool // a stop has given up the readers: what they still read is not begun
}

// New is a Tailer of what the store has.
func New(o Options) *Tailer {
	t := &Tailer{
		o: o, files: map[files.ID]*file{}, lines: map[string]*line{}, opened: list.New(), openAt: map[*file]*list.Element{}, bad: map[string]string{}, told: map[string]bool{}, leftOut: map[string]int{}, own: map[string]bool{}, trying: map[*file]struct{}{}, readers: map[*reader]struct{}{}, openFile: o.Finder.Open,
		looker: files.NewLooker(o.Finder), introduced: make([]bool, len(o.Finder.Include)),
		room: newClimber(int64(o.ChunkBytes), o.MaxInFlight),
		save: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
	}
	t.work = sync.NewCond(&t.mu)
	for _, pattern := range o.Finder.Include {
		t.included = append(t.included, o.Store.Included(pattern))
	}
	for _, c := range o.Store.All() {
		f := of(c)
		switch {
		case c.Retired != 0:
			t.retired = append(t.retired, f)
			t.lastID = max(t.lastID, c.Retired)
		case f.id == files.ID{}:
			t.imports = append(t.imports, f)
		default:
			t.files[f.id] = f
		}
		t.join(f)
	}
	return t
}

// Start begins to read.
func (t *Tailer) Start() {
	t.sending, t.cancel = context.WithCancel(context.Background())
	t.reading, t.stop = context.WithCancel(t.sending)
	t.watches.Go(t.watch)
	for range t.o.Readers {
		t.loops.Go(t.read)
	}
	t.saves.Go(t.saver)
	t.o.Store.Include(t.o.Finder.Include)
	t.wantSave()
}

// Stop ends: nothing more is read, or with DrainFiles what there is, what is in flight has its time, and what was
// delivered by then is saved.
func (t *Tailer) Stop(ctx context.Context) error {
	timer := time.NewTimer(t.o.Drain)
	defer timer.Stop()
	t.stop()
	over := func() bool { // that timer or ctx has ended is seen again by the next one
		timer.Reset(0)
		return false
	}
	within := func(w *sync.WaitGroup) bool {
		done := make(chan struct{})
		go func() { w.Wait(); close(done) }()
		select {
		case <-done:
			return true
		case <-timer.C:
		case <-ctx.Done():
		}
		return over()
	}
	looking := within(&t.watches)
	if t.o.DrainFiles && looking {
		var draining sync.WaitGroup
		draining.Go(func() { t.finish(ctx, timer) })
		draining.Wait()
	}
	t.mu.Lock()
	t.ending = true
	t.work.Broadcast()
	t.mu.Unlock()
	reading := within(&t.loops)
	t.mu.Lock()
	t.abandoned = !reading
	t.mu.Unlock()
	within(&t.sends)
	t.cancel()
	t.sends.Wait()
	t.saves.Wait()
	if !looking || !reading {
		t.o.Logger.Warn("Files that do not answer are left as they are at the end; what was delivered of the others is saved")
	} else {
		t.looker.Close()
	}
	t.mu.Lock()
	for f := range t.openAt {
		if !f.busy { // otherwise it hangs, and ends with the program
			_ = f.source.Close() // it was read
		}
	}
	t.mu.Unlock()
	return t.o.Store.Save(context.WithoutCancel(ctx))
}

// finish reads what there is, until all of it is delivered. The watch has ended.
func (t *Tailer) finish(ctx context.Context, timer *time.Timer) {
	t.mu.Lock()
	t.finishing = true
	t.mu.Unlock()
	ticks := time.NewTicker(finishingTick)
	defer ticks.Stop()
	for {
		now := time.Now()
		t.look(t.sending, now)
		t.schedule(now)
		left := t.left()
		if left == 0 {
			return
		}
		select {
		case <-ticks.C:
			continue
		case <-timer.C:
			timer.Reset(0) // nor is there time for what is in flight
		case <-ctx.Done():
		}
		t.o.Logger.Warn("The time to read the files to their ends is over; what is left is lost if they are not there at the next start. drain_timeout sets it",
			zap.Int64("bytes", left), zap.Duration("drain_timeout", t.o.Drain))
		return
	}
}

// left is how much is not delivered of files that can be read, in bytes.
func (t *Tailer) left() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var bytes int64
	add := func(f *file) {
		if f.now == "" && f.source == nil || f.problem != "" {
			return
		}
		bytes += f.lag()
	}
	for _, f := range t.files {
		add(f)
	}
	for _, f := range t.retired {
		add(f)
	}
	return bytes
}

// watch looks for files and for what is to be done with them.
func (t *Tailer) watch() {
	n := notices.New(t.o.Finder.Include, t.o.Logger)
	defer n.Close()
	var wanted bool    // a look that has to wait
	var next time.Time // when it may be
	for {
		now := time.Now()
		paths, complete := n.Changed()
		if wanted = wanted || complete || t.unsettled(); wanted && !now.Before(next) {
			wanted = false
			if found, ok := t.look(t.reading, now); ok {
				n.Keep(found)
			}
			if took := time.Since(now); took > longLook {
				next = now.Add(took + min(lookPause*took, maxLookPause))
			}
		}
		t.glance(paths, now)
		more := t.schedule(now)
		if !n.Wait(t.reading, t.o.Poll, more || wanted) {
			return
		}
	}
}

// unsettled tells whether there are files of which no notice would come.
func (t *Tailer) unsettled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unfinished {
		return true
	}
	for _, f := range t.files {
		if f.unseen || !f.heldUntil.IsZero() || !f.gone.IsZero() && (f.source != nil || f.now != "") {
			return true
		}
	}
	return false
}

// schedule puts files in line whose time has come, and tells whether there are others whose time will come.
func (t *Tailer) schedule(now time.Time) (more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.freePlaces(now)
	t.replaceHanging(now)
	all := make([]*file, 0, 16)
	for _, f := range t.files {
		if t.wants(f) {
			all = append(all, f)
		}
	}
	for _, f := range t.retired {
		if t.wants(f) {
			all = append(all, f)
		}
	}
	// Those that wait for longest come first.
	slices.SortFunc(all, func(a, b *file) int { return a.lastChunk.Compare(b.lastChunk) })
	for _, f := range all {
		t.watchDelivery(f, now)
		t.enqueue(f, now)
	}
	return len(all) > 0
}

// wants tells whether a file needs attention without a change of it.
func (t *Tailer) wants(f *file) bool {
	return f.dirty || len(f.pending) > 0 || f.heldUntil != (time.Time{}) || f.unread() > 0 && f.source != nil ||
		f.more() && f.now != "" || f.rests() && (t.o.Flush.Bounded(f.rest) || t.ends(f))
}

// enqueue puts a file in line if it is time.
func (t *Tailer) enqueue(f *file, now time.Time) {
	if f.busy || f.queued || t.ending || !t.due(f, now) {
		return
	}
	f.queued = true
	t.queue.put(f, t.isNew(f))
	t.work.Signal()
}

// due tells whether a file is to be read now.
func (t *Tailer) due(f *file, now time.Time) bool {
	switch {
	case f.now == "" && f.source == nil, f.unseen, !f.heldUntil.IsZero(), t.waitsForOlder(f):
		return false
	case f.inFlight >= f.window, t.o.Strict && len(f.pending) > 0:
		f.again = true
		return false
	case f.unread() >= int64(t.o.ChunkBytes) && f.problem == "" && (f.unfinished.IsZero() || f.dirty):
		return true
	}
	if now.Sub(f.lastChunk) < t.o.Linger && !t.finishing {
		return false
	}
	if f.dirty || f.more() {
		return true
	}
	if f.rests() {
		f.flush = t.o.Flush.Of(f.rest, now.Sub(f.unfinished), t.final(f, now))
	}
	return f.flush != records.Nothing
}

// waitsForOlder tells whether an older file, whose lines are sent under the same name, comes first.
func (t *Tailer) waitsForOlder(f *file) bool {
	if f.line == nil {
		return false
	}
	for _, o := range f.line.files {
		if o == f || o.now == "" && o.source == nil || o.problem != "" || o.unread() == 0 {
			continue
		}
		if !o.heldUntil.IsZero() && (o.copyOf == f || o.copyOf.retired == 0) {
			continue // it may be no copy
		}
		if !o.unfinished.IsZero() && !o.dirty && (!t.o.Flush.Bounded(o.rest) || !o.rests()) {
			continue // its rest may never come
		}
		if older(o, f) {
			return true
		}
	}
	return false
}

// older tells whether a was rotated away before b was begun.
func older(a, b *file) bool {
	if (a.gone.IsZero()) != (b.gone.IsZero()) {
		return !a.gone.IsZero()
	}
	if !a.modified.Equal(b.modified) {
		return a.modified.Before(b.modified)
	}
	return a.now > b.now // app.log.1 before app.log
}

// join puts a file to those of its name.
func (t *Tailer) join(f *file) {
	l := t.lines[f.path]
	if l == nil {
		l = &line{}
		t.lines[f.path] = l
	}
	f.line = l
	l.proven = l.proven || f.acked.offset > 0
	l.files = append(l.files, f)
}

// leave takes a file away from those of its name.
func (t *Tailer) leave(f *file) {
	if f.line == nil {
		return
	}
	f.line.files = slices.DeleteFunc(f.line.files, func(o *file) bool { return o == f })
	if len(f.line.files) == 0 {
		delete(t.lines, f.path)
	}
	f.line = nil
}

// Stats is how things stand.
func (t *Tailer) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	s := Stats{Open: t.opened.Len(), InFlight: t.used + t.stuck, Unreadable: len(t.bad)}
	add := func(f *file) {
		if f.now == "" && f.source == nil {
			return
		}
		s.Files++
		lag := f.lag()
		if lag == 0 || t.waitsForWriter(f) {
			return
		}
		s.Pending++
		l := Lag{Path: f.path, Bytes: lag}
		if !f.behind.IsZero() {
			l.Seconds = now.Sub(f.behind).Seconds()
		}
		s.LagBytes += lag
		s.LagSeconds = max(s.LagSeconds, l.Seconds)
		s.Worst = append(s.Worst, l)
	}
	for _, f := range t.files {
		add(f)
	}
	for _, f := range t.retired {
		add(f)
	}
	slices.SortFunc(s.Worst, byLag)
	s.Worst = s.Worst[:min(len(s.Worst), 20)]
	return s
}

// forget removes a file and its checkpoint. It is not busy, and has nothing in flight.
func (t *Tailer) forget(f *file) {
	t.close(f)
	t.leave(f)
	if t.files[f.id] == f {
		delete(t.files, f.id)
	}
	if f.retired != 0 {
		t.retired = slices.DeleteFunc(t.retired, func(o *file) bool { return o == f })
	}
	t.imports = slices.DeleteFunc(t.imports, func(o *file) bool { return o == f })
	t.o.Store.Remove(f.key())
	t.wantSave()
}
