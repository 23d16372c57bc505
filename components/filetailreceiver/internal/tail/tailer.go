package tail

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/flow"
)

// finishingTick is the pause between two looks at files that are read to their ends before a stop.
const finishingTick = 20 * time.Millisecond

// mostListed is how many files a list in Stats has.
const mostListed = 20

// Tailer reads files.
type Tailer struct {
	o       *Options
	flow    *flow.Flow
	engine  *engine
	watch   *watch
	opener  *opener
	reading context.Context // ends when nothing more is to be looked for
	stop    context.CancelFunc
	watches sync.WaitGroup // the watch
	started bool
}

// New is a Tailer of what the store has.
func New(o Options) *Tailer {
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &Tailer{o: &o, opener: &opener{open: o.Finder.Open}}
	t.flow = flow.New(flow.Options{
		Store: o.Store, Logger: o.Logger, Now: o.Now, Acknowledged: o.Events.Acknowledged, ChunkBytes: int64(o.ChunkBytes), MaxInFlight: o.MaxInFlight,
	})
	t.engine = newEngine(t.o, t.flow, t.opener)
	t.opener.spare = t.engine.spare
	t.watch = newWatch(t.o, t.engine, t.opener)
	t.reading, t.stop = context.WithCancel(context.Background())
	return t
}

// Start begins to read.
func (t *Tailer) Start() {
	t.started = true
	t.flow.Start()
	t.engine.start()
	t.watches.Go(func() { t.watch.run(t.reading) })
}

// Stop ends: nothing more is read, or with DrainFiles what there is, what is in flight has its time, and what was
// delivered by then is saved.
func (t *Tailer) Stop(ctx context.Context) error {
	if !t.started {
		return nil
	}
	timer := time.NewTimer(t.o.Drain)
	defer timer.Stop()
	t.stop()
	within := func(wait func()) bool {
		done := make(chan struct{})
		go func() { wait(); close(done) }()
		select {
		case <-done:
			return true
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Reset(0) // that timer or ctx has ended is seen again by the next one
		return false
	}
	looking := within(t.watches.Wait)
	if t.o.DrainFiles && looking {
		t.finish(ctx, timer)
	}
	t.engine.end()
	reading := within(t.engine.loops.Wait)
	within(t.flow.Close)
	t.flow.Cancel()
	if !looking || !reading {
		t.o.Logger.Warn("Files that do not answer are left as they are at the end; what was delivered of the others is saved")
	} else {
		t.watch.looker.Close()
	}
	t.engine.stop()
	return t.o.Store.Save(context.WithoutCancel(ctx))
}

// finish reads what there is, until all of it is delivered. The watch has ended.
func (t *Tailer) finish(ctx context.Context, timer *time.Timer) {
	t.engine.do(t.engine.schedule.Hurry)
	ticks := time.NewTicker(finishingTick)
	defer ticks.Stop()
	for {
		now := time.Now()
		t.watch.takeReplaced()
		t.watch.look(context.Background(), now)
		t.engine.tick(now)
		left := t.engine.left()
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
func (e *engine) left() (bytes int64) {
	e.do(func() {
		for f := range e.files {
			if f.Readable() && f.Problem == "" && !(f.OnlyNULs() && f.Delivery.Pending == 0) {
				bytes += f.Lag()
			}
		}
	})
	return bytes
}

// Stats is how things stand.
func (t *Tailer) Stats() (s Stats) {
	if !t.engine.do(func() { s = t.engine.stats() }) {
		return t.engine.last
	}
	return s
}

func (e *engine) stats() Stats {
	now := time.Now()
	s := Stats{Open: e.open.Len(), Unreadable: len(e.troubles.bad)}
	s.InFlight, _ = e.flow.InFlight()
	for f := range e.files {
		if !f.Readable() {
			continue
		}
		s.Files++
		e.refresh(f)
		lag := f.Lag()
		if lag == 0 || e.schedule.WaitsForWriter(&f.File) {
			continue
		}
		s.Pending++
		l := Lag{Path: f.Path, Bytes: lag}
		if !f.behind.IsZero() {
			l.Seconds = now.Sub(f.behind).Seconds()
		}
		s.LagBytes += lag
		s.LagSeconds = max(s.LagSeconds, l.Seconds)
		s.Worst = append(s.Worst, l)
	}
	slices.SortFunc(s.Worst, func(a, b Lag) int { return cmp.Compare(b.Bytes, a.Bytes) })
	s.Worst = s.Worst[:min(len(s.Worst), mostListed)]
	waits := e.schedule.Waits()
	for _, w := range waits[:min(len(waits), mostListed)] {
		why := w.Reason.String()
		if w.For != nil {
			why = strings.TrimPrefix(why+", after "+w.For.Name, ", ")
		}
		s.Waiting = append(s.Waiting, Wait{Path: w.File.Path, Name: w.File.Name, Why: why, Seconds: now.Sub(w.Since).Seconds()})
	}
	return s
}
