package tail

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/notices"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// A look that takes longer than longLook is followed by a pause of lookPause times as long, up to maxLookPause: who makes
// many folders must not have them looked through all the time.
const (
	longLook     = 200 * time.Millisecond
	lookPause    = 3
	maxLookPause = 10 * time.Second
)

// watch knows which files there are, and decides what each of them is. One goroutine at a time owns it: that of run, and
// then that of a stop.
type watch struct {
	o      *Options
	engine *engine
	opener *opener
	looker *files.Looker
	looks  atomic.Int64

	files   map[files.ID]*known
	retired []*known            // whose content is gone from its identity
	imports []*known            // whose identity is not known
	names   map[string][]*known // by path
	lastID  uint64              // of a retired file

	// included says of each pattern whether files were looked for by it in an earlier run, and introduced whether all of
	// it was looked at in this one.
	included, introduced []bool
	unfinished           bool            // the last look did not come to all
	own                  map[string]bool // paths of the collector's own log that were told
	leftOut              map[string]int  // how much is left out of patterns
}

// known is one content under one identity, as the watch has it.
type known struct {
	f       *file // the engine's handle
	id      files.ID
	path    string // its lines are sent under this name
	now     string // where it is; "": it has no name
	retired uint64 // not 0: its content is gone from its identity

	seen      time.Time
	gone      time.Time // since when it has no name
	zipped    bool
	fresh     bool      // its content is new, and may be a copy
	released  bool      // it was closed before its end
	unseen    bool      // what else is new was not looked at
	readable  bool      // though it is gone
	keptUntil time.Time // when its removal is tried again
	heldUntil time.Time // it may be a copy
	copyOf    *known
}

func newWatch(o *Options, e *engine, open *opener) *watch {
	w := &watch{
		o: o, engine: e, opener: open, looker: files.NewLooker(o.Finder), files: map[files.ID]*known{}, names: map[string][]*known{},
		introduced: make([]bool, len(o.Finder.Include)), own: map[string]bool{}, leftOut: map[string]int{},
	}
	for _, pattern := range o.Finder.Include {
		w.included = append(w.included, o.Store.Included(pattern))
	}
	return w
}

// load takes in what the store has.
func (w *watch) load(now time.Time) {
	for _, c := range w.o.Store.All() {
		k := &known{id: files.ID{Device: c.Device, Inode: c.Inode}, path: c.Path, retired: c.Retired, seen: c.Seen}
		switch {
		case c.Retired != 0:
			w.retired = append(w.retired, k)
			w.lastID = max(w.lastID, c.Retired)
		case k.id == files.ID{}:
			w.imports = append(w.imports, k)
		default:
			w.files[k.id] = k
		}
		k.f = w.engine.opened(fresh{is: c, size: 0, saved: true}, now)
		w.join(k)
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
		w.takeReplaced(now)
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
		if !n.Wait(ctx, w.o.Poll, more || wanted) {
			return
		}
	}
}

// unsettled reports whether there are files of which no notice would come.
func (w *watch) unsettled() bool {
	if w.unfinished {
		return true
	}
	for _, k := range w.files {
		if k.unseen || !k.heldUntil.IsZero() || !k.gone.IsZero() && k.readable {
			return true
		}
	}
	return false
}

// takeReplaced takes in which files readers found to have another content.
func (w *watch) takeReplaced(now time.Time) {
	for _, f := range w.engine.takeReplaced() {
		for _, k := range w.files {
			if k.f == f {
				w.replace(k, false, now)
				break
			}
		}
	}
}

// join puts a file to those of its name.
func (w *watch) join(k *known) { w.names[k.path] = append(w.names[k.path], k) }

// leave takes a file away from those of its name.
func (w *watch) leave(k *known) {
	rest := slices.DeleteFunc(w.names[k.path], func(o *known) bool { return o == k })
	if w.names[k.path] = rest; len(rest) == 0 {
		delete(w.names, k.path)
	}
}

// forget removes a file and its checkpoint. No reader has it, and nothing of it is in flight.
func (w *watch) forget(k *known) {
	w.drop(k)
	w.engine.removed(k.f)
}

// drop takes a file out of all that is known.
func (w *watch) drop(k *known) {
	w.leave(k)
	if w.files[k.id] == k {
		delete(w.files, k.id)
	}
	w.retired = slices.DeleteFunc(w.retired, func(o *known) bool { return o == k })
	w.imports = slices.DeleteFunc(w.imports, func(o *known) bool { return o == k })
}

// facts are what the engine knows of files now.
func (w *watch) facts(of []*known) []facts {
	handles := make([]*file, len(of))
	for i, k := range of {
		handles[i] = k.f
	}
	return w.engine.facts(handles...)
}

// checkpoint is one of a file that begins.
func (k *known) checkpoint() checkpoints.Checkpoint {
	return checkpoints.Checkpoint{Device: k.id.Device, Inode: k.id.Inode, Path: k.path, Seen: k.seen}
}
