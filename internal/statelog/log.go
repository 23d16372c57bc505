package statelog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// smallSegment is when a segment of a small store is full. Two of them are kept.
	smallSegment = 4 << 20
	// largeSegment is when one of a large store is.
	largeSegment = 32 << 20
	// snapshotLimit is the most that a new segment begins with a copy of.
	snapshotLimit = largeSegment / 4
	// snapshotFrame is how much of a copy is one frame.
	snapshotFrame = 1 << 20
	// maxBuffer is the largest buffer that is kept from one batch to the next.
	maxBuffer = 1 << 20

	// syncInterval is how much a power cut costs, unless Options.Sync. kill -9 costs nothing: the kernel has what was written.
	syncInterval = time.Second
	// generationInterval is how old the other generation of a small store may become while it changes.
	generationInterval = 5 * time.Minute
	// firstRetry and lastRetry bound the wait before a folder that took nothing is tried again.
	firstRetry = time.Second
	lastRetry  = 15 * time.Second
	// sequenceGap is left for frames that were written and cannot be read: theirs must not be used again.
	sequenceGap = 1 << 32
	// slack is how much small changes may go over MaxUnsaved: a queue's own record of its state has to be kept.
	slack      = 1 << 20
	smallBatch = 64 << 10

	// DefaultMaxUnsaved is that of Options.
	DefaultMaxUnsaved = 64 << 20
)

// ErrFull says that the folder takes nothing, and that what is kept in memory instead has reached its limit.
var ErrFull = errors.New("the folder of state takes nothing, and as much as may be waits in memory")

// Options are what a Log needs.
type Options struct {
	// Folder holds the segments, and nothing else. It is made if it is not there, and the folders that it is in if Parents.
	Folder  string
	Parents bool
	// Sync makes every change outlast a power cut before Batch returns. Else it does so within about a second.
	Sync bool
	// MaxUnsaved bounds the bytes that are kept in memory while the folder takes nothing. Default: DefaultMaxUnsaved.
	MaxUnsaved int64
	// Failed is called when the folder begins to take nothing, and Recovered when it has taken what was kept. Both are
	// called by one goroutine at a time, and must not call the Log.
	Failed    func(error)
	Recovered func()
	// Lost is called for a value that was there at the start and cannot be read any more.
	Lost func(key string, err error)
	// SetAside is called for a folder that is set aside after the start, because it could not be read then.
	SetAside func(Problem)
	// Now is the clock. Default: time.Now.
	Now func() time.Time

	// create makes a segment's file. Tests replace it.
	create func(path string) (*os.File, error)
	// manual leaves upkeep to the test.
	manual bool
}

// Report is what Open found.
type Report struct {
	// Keys is how many keys have a value.
	Keys int
	// Problems are the files that are damaged. What is left of them was read.
	Problems []Problem
	// Torn is a file whose end was being written when the process or the machine stopped; nil: none is.
	Torn *Problem
	// Unread is why nothing could be read although there may be something: the folder cannot be opened, for example.
	Unread error
}

// Log is a store. Many goroutines may use it.
type Log struct {
	o    Options
	salt salt

	mu       sync.Mutex
	index    map[string]*entry
	segments []*segment // in the order of what they hold
	active   *segment   // the last of them, or nil
	number   uint64     // of the last segment's name
	sequence uint64     // of the last frame
	live     int64      // bytes of keys and values
	total    int64      // bytes on the disk
	buffer   []byte

	failed   error               // the folder takes nothing since
	unread   bool                // what it holds was never read
	unsaved  int64               // bytes of values that are in memory alone
	stale    map[string]struct{} // keys whose value on the disk does not count any more, which could not be written
	suspects map[*segment]bool   // their last bytes may not have reached the disk
	dirty    bool                // written since the last sync
	changed  bool                // written since the last rotation
	rotated  time.Time           // when that was
	damaged  map[*segment]bool   // in part, since before the start
	aside    map[string]string   // where damaged segments are now, by their paths
	retry    time.Duration
	next     time.Time // when the folder is tried again
	closed   bool

	stop chan struct{}
	done sync.WaitGroup
}

// Open reads a store. It succeeds whatever is in the folder: the report says what was lost.
func Open(o Options) (*Log, Report) {
	if o.MaxUnsaved <= 0 {
		o.MaxUnsaved = DefaultMaxUnsaved
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.create == nil {
		o.create = createFile
	}
	l := &Log{o: o, index: map[string]*entry{}, stale: map[string]struct{}{}, suspects: map[*segment]bool{}, damaged: map[*segment]bool{}, aside: map[string]string{}, stop: make(chan struct{})}
	report := l.open()
	if !o.manual {
		l.done.Go(l.keepUp)
	}
	return l, report
}

// open is Open under no lock: nobody else has the Log yet.
func (l *Log) open() (report Report) {
	if info, err := os.Lstat(l.o.Folder); err == nil && !info.IsDir() {
		if to, err := SetAside(l.o.Folder, l.o.Now()); err == nil {
			report.Problems = append(report.Problems, Problem{Path: to, Reason: "stood where a folder has to be"})
		}
	}
	_, missing := os.Lstat(l.o.Folder)
	_, orphaned := os.Stat(filepath.Dir(l.o.Folder))
	if errors.Is(missing, fs.ErrNotExist) && orphaned == nil { // it is made with the first change
		_, _ = rand.Read(l.salt[:]) // it never fails
		return report
	}
	err := l.makeFolder()
	x, all, problems, listed := readSegments(l.o.Folder)
	if listed != nil {
		_, _ = rand.Read(l.salt[:])
		l.unread = true
		report.Unread = errors.Join(err, listed)
		l.fail(report.Unread)
		return report
	}
	l.index, l.sequence, l.segments = x.entries, x.last, all
	for key, e := range l.index {
		l.live += e.bytes(key)
	}
	if len(all) == 0 {
		_, _ = rand.Read(l.salt[:])
	}
	if len(problems) > 0 { // what cannot be read now may be readable later, and is older then
		l.sequence += sequenceGap
	}
	for _, s := range all {
		l.number, l.salt = max(l.number, s.number), s.salt
		l.total += s.size
		if p, damaged := s.problem(l.o.Folder); damaged {
			l.damaged[s] = true
			l.sequence += sequenceGap
			problems = append(problems, p)
		}
	}
	if n := len(all); n > 0 {
		if p, torn := all[n-1].torn(l.o.Folder); torn {
			report.Torn = &p
		}
	}
	report.Keys = len(l.index)
	if err := l.goOn(); err != nil {
		l.fail(err)
	}
	for _, p := range problems {
		if to, ok := l.aside[p.Path]; ok {
			p.Path = to
		} else if l.failed == nil && !l.holds(p.Path) { // no segment of this store
			if to, err := SetAside(p.Path, l.o.Now()); err == nil {
				p.Path = to
			}
		}
		report.Problems = append(report.Problems, p)
	}
	return report
}

// goOn makes the store one that can be written. A small one begins a segment, and is whole in it. After damage, or where the
// last end is missing, it does so twice, so that two segments are whole, and none of the others is needed.
func (l *Log) goOn() error {
	if l.live > snapshotLimit {
		return l.resume()
	}
	n := len(l.segments)
	mend := len(l.damaged) > 0 || n > 0 && l.segments[n-1].end < l.segments[n-1].size
	if err := l.rotate(); err != nil || !mend {
		return err
	}
	return l.rotate()
}

// resume goes on in the last segment of a large store, which would have one more with each start.
func (l *Log) resume() error {
	last := l.segments[len(l.segments)-1]
	if l.damaged[last] || last.size >= l.segmentSize() {
		return l.rotate()
	}
	path := filepath.Join(l.o.Folder, last.name)
	file, err := reopenFile(path, last.file)
	if err != nil {
		return l.rotate()
	}
	if err := file.Truncate(last.end); err != nil {
		return errors.Join(err, file.Close())
	}
	_ = last.file.Close() // it was read
	l.total -= last.size - last.end
	last.file, last.size, l.active = file, last.end, last
	return nil
}

// holds reports whether a path is that of a segment.
func (l *Log) holds(path string) bool {
	return slices.ContainsFunc(l.segments, func(s *segment) bool { return filepath.Join(l.o.Folder, s.name) == path })
}

func (l *Log) makeFolder() error {
	if l.o.Parents {
		if err := os.MkdirAll(filepath.Dir(l.o.Folder), 0o700); err != nil {
			return err
		}
	}
	err := os.Mkdir(l.o.Folder, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(GiveToOwner(l.o.Folder), syncFolder(filepath.Dir(l.o.Folder)))
	}
	return err
}

// Get gives a value, or nil.
func (l *Log) Get(key string) ([]byte, error) {
	op := Op{Kind: Get, Key: key}
	err := l.Batch(&op)
	return op.Value, err
}

// Kind is what an Op does.
type Kind int

// The kinds of Op.
const (
	Get Kind = iota
	Set
	Delete
)

// Op is one operation of a batch. Get puts the value into it, or nil.
type Op struct {
	Kind  Kind
	Key   string
	Value []byte
}

var errClosed = errors.New("the store is closed")

// Batch does all operations in their order, or none of them.
func (l *Log) Batch(ops ...*Op) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	changes := map[string]operation{} // the last of each key
	var keys []string
	for _, op := range ops {
		if op.Kind == Get {
			if c, ok := changes[op.Key]; !ok {
				op.Value = l.get(op.Key)
			} else if c.kind == opSet {
				op.Value = slices.Clone(c.value)
			} else {
				op.Value = nil
			}
			continue
		}
		if _, ok := changes[op.Key]; !ok {
			keys = append(keys, op.Key)
		}
		if op.Kind == Set {
			changes[op.Key] = operation{kind: opSet, key: op.Key, value: op.Value}
		} else {
			changes[op.Key] = operation{kind: opDelete, key: op.Key}
		}
	}
	list := make([]operation, 0, len(keys))
	for _, key := range keys {
		if c := changes[key]; c.kind == opSet || l.index[key] != nil {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if size := payloadSize(list); size > maxPayload {
		return fmt.Errorf("a batch of %d bytes is too large: %d are the most", size, maxPayload)
	}
	return l.change(list)
}

// get is Get under the lock.
func (l *Log) get(key string) []byte {
	e := l.index[key]
	if e == nil {
		return nil
	}
	value, err := e.read()
	if err != nil {
		l.drop(key, e, err)
		return nil
	}
	return value
}

// drop forgets a value that cannot be read.
func (l *Log) drop(key string, e *entry, err error) {
	l.forget(key, e)
	if l.o.Lost != nil {
		l.o.Lost(key, fmt.Errorf("%s: %w", filepath.Join(l.o.Folder, e.segment.name), err))
	}
}

func (l *Log) forget(key string, e *entry) {
	l.live -= e.bytes(key)
	if e.segment != nil {
		e.segment.live -= e.bytes(key)
	} else {
		l.unsaved -= e.bytes(key)
	}
	delete(l.index, key)
}

// change writes changes, or keeps them in memory.
func (l *Log) change(list []operation) error {
	if l.failed == nil && (l.active == nil || l.active.size >= l.segmentSize()) {
		if err := l.rotate(); err != nil {
			l.fail(err)
		}
	}
	if l.failed == nil {
		places, err := l.write(list)
		if err == nil && l.o.Sync {
			err = l.active.file.Sync()
			l.suspects[l.active] = err != nil
		}
		if err == nil {
			for i, o := range list {
				l.apply(o, places[i])
			}
			l.dirty, l.changed = !l.o.Sync, true
			return nil
		}
		l.fail(err)
	}
	var growth int64
	for _, o := range list {
		if o.kind == opSet {
			growth += int64(len(o.key) + len(o.value))
		}
		if e := l.index[o.key]; e != nil && e.segment == nil {
			growth -= e.bytes(o.key)
		}
	}
	limit := l.o.MaxUnsaved
	if growth <= smallBatch {
		limit += slack
	}
	if growth > 0 && l.unsaved+growth > limit {
		return fmt.Errorf("%w: %w", ErrFull, l.failed)
	}
	for _, o := range list {
		l.apply(o, nil)
	}
	return nil
}

// apply makes a change count. e is where a value was written, or nil: in memory.
func (l *Log) apply(o operation, e *entry) {
	if old := l.index[o.key]; old != nil {
		if l.failed != nil && old.segment != nil {
			l.stale[o.key] = struct{}{}
		}
		l.forget(o.key, old)
	}
	if o.kind == opDelete {
		return
	}
	if e == nil {
		e = &entry{size: len(o.value), value: slices.Clone(o.value)}
		l.unsaved += e.bytes(o.key)
	} else {
		e.segment.live += e.bytes(o.key)
	}
	l.live += e.bytes(o.key)
	l.index[o.key] = e
}

// fail notes that the folder takes nothing.
func (l *Log) fail(err error) {
	if l.failed == nil {
		l.retry = firstRetry
		l.next = l.o.Now().Add(l.retry)
		if l.o.Failed != nil {
			l.o.Failed(err)
		}
	}
	l.failed = err
}

// Each calls visit for every key, in no order.
func (l *Log) Each(visit func(key string, size int)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, e := range l.index {
		visit(key, e.size)
	}
}

// Stats are what a store holds.
type Stats struct {
	// Live are the bytes of keys and values, Disk those of files, and Unsaved those that are in memory alone.
	Live, Disk, Unsaved int64
	// Failed is why the folder takes nothing, or nil.
	Failed error
}

// Stats tells what the store holds.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Live: l.live, Disk: l.total, Unsaved: l.unsaved, Failed: l.failed}
}

// Close writes what was not written yet.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	close(l.stop)
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		l.tryAgain()
	}
	err := l.failed
	if err == nil && l.dirty {
		err = l.active.file.Sync()
	}
	for _, s := range l.segments {
		err = errors.Join(err, s.file.Close())
	}
	l.segments, l.active = nil, nil
	return err
}
