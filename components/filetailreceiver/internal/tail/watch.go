package tail

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/notices"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/schedule"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// A look that takes longer than longLook is followed by a pause of lookPause times as long, up to maxLookPause: who makes
// many folders must not have them looked through all the time.
const (
	longLook     = 200 * time.Millisecond
	lookPause    = 3
	maxLookPause = 10 * time.Second
)

// watch knows which files there are, has the inventory decide what each of them is, and tells the engine. One goroutine at a time
// owns it: that of run, and then that of a stop.
type watch struct {
	o      *Options
	engine *engine
	opener *opener
	looker *files.Looker
	looks  atomic.Int64

	files   map[files.ID]*known
	retired []*known // whose content is gone from its identity
	imports []*known // whose identity is not known
	lastID  uint64   // of a retired file
	// leftOut are files that are not read, as they were when that was decided, and moved logs that were rotated a moment ago.
	leftOut map[files.ID]files.Found
	moved   map[string]inventory.Moved

	// included says of each pattern whether files were looked for by it in an earlier run, and introduced whether all of
	// it was looked at in this one.
	included, introduced []bool
	unfinished           bool // the last look did not come to all
	troubles             watchTroubles
}

// known is one content under one identity, as the watch has it.
type known struct {
	f       *file // the engine's handle
	id      files.ID
	path    string // its lines are sent under this name
	now     string // where it is; "": it has no name
	retired uint64 // not 0: its content is gone from its identity

	place inventory.Place
	since time.Time // it is not Here
	was   string    // its name before
	seen  time.Time // when it was last there
	why   string    // it was taken for what it is

	zipped    bool
	unjudged  bool      // see inventory.Known
	differs   bool      // a reader found another content
	waits     time.Time // since when it waits unchanged to be told from a file that it may be a copy of; zero: it does not
	size      int64     // then
	told      bool      // that it waits for long
	again     bool      // the next look has to come to it
	sought    bool      // archives of it were looked for
	readable  bool      // though no pattern names it
	released  bool      // it was closed before its end
	rest      bool      // what was read of its last record is to be delivered, unless it goes on elsewhere
	keptUntil time.Time // when its removal is tried again
}

func newWatch(o *Options, e *engine, open *opener) *watch {
	w := &watch{
		o: o, engine: e, opener: open, looker: files.NewLooker(o.Finder), files: map[files.ID]*known{}, leftOut: map[files.ID]files.Found{},
		moved: map[string]inventory.Moved{}, introduced: make([]bool, len(o.Finder.Include)), troubles: newWatchTroubles(),
	}
	for _, pattern := range o.Finder.Include {
		w.included = append(w.included, o.Store.Included(pattern))
	}
	return w
}

// load takes in what the store has.
func (w *watch) load(now time.Time) {
	var last time.Time // something was seen
	for _, c := range w.o.Store.All() {
		k := &known{id: files.ID{Device: c.Device, Inode: c.Inode}, path: c.Path, was: c.Path, retired: c.Retired, seen: c.Seen, why: c.Why, unjudged: c.Offset == 0, zipped: c.Archive || w.o.archive(c.Path)}
		if c.Now != "" {
			k.was = c.Now
		}
		if c.Seen.After(last) {
			last = c.Seen
		}
		switch {
		case c.Retired != 0:
			w.retired = append(w.retired, k)
			w.lastID = max(w.lastID, c.Retired)
			k.place, k.since, k.sought = inventory.Retired, now, true
		case k.id == files.ID{}:
			w.imports = append(w.imports, k)
			k.place = inventory.Imported
		default:
			w.files[k.id] = k
		}
		n := fresh{is: c, saved: true, zipped: k.zipped}
		if k.unjudged {
			n.held = schedule.Unjudged
		}
		k.f = w.engine.opened(n, now)
	}
	for n, included := range w.included {
		if included {
			w.looker.Since(n, last)
		}
	}
}

// run looks for files and for what is to be done with them.
func (w *watch) run(ctx context.Context) {
	w.load(time.Now())
	w.o.Store.Include(w.o.Finder.Include)
	w.engine.flow.Save()
	n := notices.New(w.o.Finder.Include, w.o.Logger)
	defer n.Close()
	var wanted bool    // a look that has to wait
	var next time.Time // when it may be
	for {
		now := time.Now()
		paths, complete := n.Changed()
		w.takeReplaced()
		if wanted = wanted || complete || w.unsettled(); wanted && !now.Before(next) {
			wanted = false
			if found, ok := w.look(ctx, now); ok {
				n.Keep(found)
			}
			if took := time.Since(now); took > longLook {
				next = now.Add(took + min(lookPause*took, maxLookPause))
			}
		}
		w.glance(paths, now)
		more := w.engine.tick(now)
		if !n.Wait(ctx, w.o.Poll, more || wanted || w.hurries()) {
			return
		}
	}
}

// unsettled reports whether there are files of which no notice would come.
func (w *watch) unsettled() bool {
	if w.hurries() {
		return true
	}
	for _, k := range w.files {
		if !k.waits.IsZero() || k.place != inventory.Here && k.readable {
			return true
		}
	}
	return false
}

// hurries reports whether there is something to find out at once.
func (w *watch) hurries() bool {
	if w.unfinished {
		return true
	}
	for _, k := range w.files {
		if k.again || k.differs {
			return true
		}
	}
	return false
}

// takeReplaced takes in which files readers found to have another content. The next look finds out what it is.
func (w *watch) takeReplaced() {
	replaced := w.engine.takeReplaced()
	if len(replaced) == 0 {
		return
	}
	for _, k := range w.files {
		k.differs = k.differs || slices.Contains(replaced, k.f)
	}
}

// forget removes a file and its checkpoint. No reader has it, and nothing of it is in flight.
func (w *watch) forget(k *known) {
	w.drop(k)
	w.engine.removed(k.f)
}

// drop takes a file out of all that is known.
func (w *watch) drop(k *known) {
	if w.files[k.id] == k {
		delete(w.files, k.id)
	}
	w.retired = slices.DeleteFunc(w.retired, func(o *known) bool { return o == k })
	w.imports = slices.DeleteFunc(w.imports, func(o *known) bool { return o == k })
}

// facts are what the engine knows of a file now.
func (w *watch) facts(k *known) facts { return w.engine.facts(k.f)[0] }

// checkpoint is one of a file that begins.
func (k *known) checkpoint() checkpoints.Checkpoint {
	c := checkpoints.Checkpoint{Device: k.id.Device, Inode: k.id.Inode, Path: k.path, Seen: k.seen, Why: k.why, Archive: k.zipped}
	if k.now != k.path {
		c.Now = k.now
	}
	return c
}
