package loghistory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// settled is how long a reader has to be idle until nothing more is expected of it.
const settled = 20 * time.Millisecond

// world is a history while it happens.
type world struct {
	*judge
	plan   *Plan
	places Places
	reader Reader
	bounds Bounds

	logs    []*log
	files   map[string]*generation // by path, as far as logs have written them
	running bool
	outage  bool
	few     bool
	wild    bool
	day     int // of the rotations
	many    int // logs that were begun at once
	done    []string
}

// Failure is a history that went wrong.
type Failure struct {
	Plan *Plan
	// Kind tells failures apart.
	Kind Kind
	// Done are the steps that were carried out, in words, and Problems what was seen.
	Done, Problems []string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s\nwhat was done:\n  %s\nwhat was seen:\n  %s", strings.SplitN(f.Plan.String(), "\n", 2)[0], strings.Join(f.Done, "\n  "), strings.Join(f.Problems, "\n  "))
}

// History is a plan that is carried out.
type History struct {
	w   *world
	err error
}

// New prepares a plan in empty folders before a reader.
func New(p *Plan, places Places, reader Reader, bounds Bounds) *History {
	w := &world{plan: p, places: places, reader: reader, bounds: bounds, files: map[string]*generation{}, wild: p.Has(Wild)}
	w.judge = newJudge(w)
	for n := range p.Logs {
		w.logs = append(w.logs, w.newLog(&p.Logs[n]))
	}
	return &History{w: w}
}

// Run carries the plan out.
func (h *History) Run() {
	w := h.w
	h.err = w.run()
	if w.running && !w.bounds.Shared {
		h.err = errors.Join(h.err, w.stop())
	}
	for _, l := range w.logs {
		h.err = errors.Join(h.err, l.close())
	}
}

// Verdict judges what was delivered until now. It is a Failure, or nil.
func (h *History) Verdict() *Failure {
	w := h.w
	w.absorb()
	if h.err != nil {
		kind := broken
		switch {
		case errors.Is(h.err, errMissing):
			kind = lost
		case errors.Is(h.err, errBusy):
			kind = busy
		}
		w.problems = append([]string{h.err.Error()}, w.problems...)
		if w.kind == "" {
			w.kind = kind
		}
	} else if len(w.problems) == 0 {
		w.verdict()
	}
	if len(w.problems) == 0 {
		return nil
	}
	return &Failure{Plan: w.plan, Kind: w.kind, Done: w.done, Problems: w.problems}
}

// Again is how many bytes came again that were not to.
func (h *History) Again() int64 {
	again, _, _ := h.w.again()
	return max(0, again-h.w.extra)
}

// Run carries out a plan in empty folders before a reader, and judges what it delivers: a Failure, or nil.
func Run(p *Plan, places Places, reader Reader, bounds Bounds) *Failure {
	h := New(p, places, reader, bounds)
	h.Run()
	return h.Verdict()
}

func (w *world) newLog(p *LogPlan) *log {
	l := &log{LogPlan: p, w: w, folder: w.places.Live}
	w.owner[l.path()] = l
	return l
}

func (w *world) run() error {
	if err := w.start(); err != nil {
		return err
	}
	for n, s := range w.plan.Steps {
		words := fmt.Sprintf("%d %s", n+1, w.plan.Words(s))
		w.done = append(w.done, words)
		err := w.do(s)
		if errors.Is(err, errSkipped) {
			w.done[len(w.done)-1] += " (left out)"
			continue
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", words, err)
		}
		w.absorb()
		if len(w.problems) > 0 { // nothing better will come
			return nil
		}
	}
	return w.finish()
}

// finish has all be delivered, and starts once more.
func (w *world) finish() error {
	w.done = append(w.done, "the end")
	if w.few {
		w.few = false
		w.reader.Exhaust(false)
	}
	if w.outage {
		w.outage = false
		w.reader.Outage(false)
	}
	for _, l := range w.logs {
		if err := l.whole(); err != nil {
			return err
		}
		if !w.plan.Has(AutoRemoval) {
			if err := l.close(); err != nil {
				return err
			}
		}
	}
	if !w.running {
		if err := w.start(); err != nil {
			return err
		}
	}
	if err := w.arrived(w.logs...); err != nil {
		return err
	}
	if err := w.idle(); err != nil {
		return err
	}
	if w.bounds.Shared {
		return nil
	}
	if err := w.stop(); err != nil || w.plan.Seed%2 == 0 {
		return err
	}
	w.done = append(w.done, "once more")
	return errors.Join(w.start(), w.reader.Looked(), w.idle(), w.stop())
}

func (w *world) start() error {
	w.running = true
	return w.reader.Start()
}

func (w *world) stop() error {
	w.running = false
	return w.reader.Stop()
}

// online reports whether something would be delivered.
func (w *world) online() bool { return w.running && !w.outage && !w.few }

func (w *world) do(s Step) error {
	r := rand.New(rand.NewPCG(s.Chance, 1))
	switch s.Op {
	case opSleep:
		time.Sleep(time.Duration(s.N) * time.Millisecond)
		return nil
	case opArrive:
		return w.arrive(w.logs...)
	case opStop, opKill:
		if !w.running {
			return errSkipped
		}
		if s.Op == opStop {
			return w.stop()
		}
		w.running = false
		return w.reader.Kill()
	case opStart:
		if w.running {
			return errSkipped
		}
		return w.start()
	case opOutage, opRestore:
		w.outage = s.Op == opOutage
		w.reader.Outage(w.outage)
		return nil
	case opFew, opFree:
		if !w.reader.Exhaust(s.Op == opFew) {
			return errSkipped
		}
		w.few = s.Op == opFew
		return nil
	case opClock:
		if !w.reader.Set(time.Duration(s.N) * time.Second) {
			return errSkipped
		}
		return nil
	case opDevices:
		if w.running {
			return errSkipped
		}
		can, err := w.reader.Renumber()
		if err == nil && !can {
			return errSkipped
		}
		return err
	case opMany:
		return w.beginMany(s.N, r)
	case opQuiet:
		return w.quiet(r)
	}
	l := w.logs[s.Log]
	switch s.Op {
	case opWrite, opPart:
		return l.write(s.N, r, s.Op == opPart)
	case opRotate:
		return l.rotate(r)
	case opRsync:
		return l.rsync(s.N, r)
	case opEdit:
		return l.edit(s.N, r)
	case opBackup:
		return l.backup(r)
	case opUnbackup:
		return l.unbackup()
	case opMove:
		return l.move(r)
	case opTruncate:
		return l.truncate(r)
	case opRemove:
		return l.remove(r)
	case opOrphan:
		return l.orphan(s.N, r)
	}
	return fmt.Errorf("unknown step %q", s.Op)
}

// seen waits until the reader has looked at all, where that can be. A wild history does not wait.
func (w *world) seen() error {
	if !w.running || w.wild {
		return nil
	}
	return w.reader.Looked()
}

// moment is between two things that a program does one after the other: the reader may look at it.
func (w *world) moment(r *rand.Rand) error {
	switch chance := r.IntN(4); {
	case w.wild:
		time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
	case chance == 0 && w.running:
		return w.reader.Looked()
	}
	return nil
}

// arrive waits until all of some logs was delivered. It is not possible while nothing is.
func (w *world) arrive(logs ...*log) error {
	if !w.online() {
		return errSkipped
	}
	return w.arrived(logs...)
}

func (w *world) arrived(logs ...*log) error {
	for deadline := time.Now().Add(w.bounds.Patience); ; time.Sleep(w.bounds.Glance) {
		w.absorb()
		left := ""
		for _, l := range logs {
			if missing := w.missing(l); missing != "" {
				left = missing
				break
			}
		}
		switch {
		case left == "" || len(w.problems) > 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%w: %s", errMissing, left)
		}
	}
}

// readBefore waits until all of a log was read that stands before its last record, which may wait for its end.
func (w *world) readBefore(l *log) error {
	if !w.online() {
		return errSkipped
	}
	if w.plan.Settings.Multiline && len(l.lines) > 0 {
		last := l.lines[len(l.lines)-1].record
		for _, one := range last.lines { // not as if it were lost
			if k := (key{l, one.text}); w.short[l][k] {
				delete(w.short[l], k)
				defer func() { w.note(k, w.tallies[k]) }()
			}
		}
	}
	return errors.Join(w.arrived(l), l.looked())
}

// idle waits until the reader has nothing to do.
func (w *world) idle() error {
	since := time.Time{}
	for deadline := time.Now().Add(w.bounds.Patience); ; time.Sleep(w.bounds.Glance) {
		now := time.Now()
		switch {
		case !w.reader.Idle():
			since = time.Time{}
		case since.IsZero():
			since = now
		case now.Sub(since) > settled:
			return nil
		}
		if now.After(deadline) {
			return errBusy
		}
	}
}

// at is the content at a path, which may be a new one of a log.
func (w *world) at(path string, l *log) *generation {
	g := w.files[path]
	if g == nil {
		w.generations++
		g = &generation{number: w.generations}
		w.files[path] = g
		w.owner[path] = l
	}
	return g
}

// begin has the content at a path be a new one.
func (w *world) begin(path string, l *log) *generation {
	delete(w.files, path)
	return w.at(path, l)
}

// rename renames a file, if it is there.
func (w *world) rename(l *log, from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return gone(err)
	}
	w.renamed(l, from, to)
	return nil
}

func (w *world) renamed(l *log, from, to string) {
	g := w.files[from]
	delete(w.files, from)
	delete(w.files, to)
	w.owner[to] = l
	if g != nil {
		w.absorb()
		g.known = g.known || g.arrived
		w.files[to] = g
	}
}

// unlink removes a file, if it is there. What it had is either delivered, or lost by the operator's will.
func (w *world) unlink(path string) error {
	delete(w.files, path)
	return gone(os.Remove(path))
}

// copyFile writes the content of a file to another, in one go or with a look in between, as cp and logrotate do.
func (w *world) copyFile(l *log, from, to string, r *rand.Rand) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return gone(err)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w.owner[to] = l
	if g := w.files[from]; g != nil {
		w.files[to] = g
	}
	half := 0
	if w.plan.Has(Pieces) && len(text) > 1 && r.IntN(3) == 0 {
		half = r.IntN(len(text))
	}
	_, err = f.Write(text[:half])
	if half > 0 {
		err = errors.Join(err, w.moment(r))
	}
	_, more := f.Write(text[half:])
	return errors.Join(err, more)
}

// beginMany begins logs with numbers in their names, all at once.
func (w *world) beginMany(n int, r *rand.Rand) error {
	for range n {
		w.many++
		l := w.newLog(&LogPlan{Name: fmt.Sprintf("job-%d.log", w.many), Width: 40, Lines: 1})
		if w.many == 1 {
			l.Name = "job.log"
			w.owner[l.path()] = l
		}
		w.logs = append(w.logs, l)
		if err := l.write(1+r.IntN(5), r, false); err != nil {
			return err
		}
	}
	return nil
}

// quiet has one log be written to, and the others not, for so long that the reader might remove those.
func (w *world) quiet(r *rand.Rand) error {
	if !w.online() {
		return errSkipped
	}
	for range 8 {
		time.Sleep(time.Second)
		if err := w.logs[0].write(1, r, false); err != nil {
			return err
		}
	}
	for _, l := range w.logs[1:] {
		if _, err := os.Stat(l.path()); l.file != nil && err != nil {
			return fmt.Errorf("%s was removed while its service has it open", filepath.Base(l.path()))
		}
		if err := l.write(2, r, false); err != nil {
			return err
		}
	}
	return nil
}
