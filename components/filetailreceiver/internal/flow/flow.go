package flow

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

const (
	// FirstWindow is what a file may have in flight before anything of it was delivered, in bytes, so that one whose
	// lines are refused takes little room.
	FirstWindow = 64 << 10
	// stallTime is how long a delivery takes before its file has to do with that window, and before its bytes no
	// longer count among those that all files share.
	stallTime = 10 * time.Second
	// maxStuckBytes is how much of that there may be beside.
	maxStuckBytes = 8 << 20
)

// Options of a Flow. All of them have to be given.
type Options struct {
	Store  *checkpoints.Store
	Logger *zap.Logger
	// Now is the wall clock, which stamps chunks.
	Now func() time.Time
	// Acknowledged is told how many bytes more of a file are delivered together with all before them.
	Acknowledged func(bytes int64)
	// ChunkBytes is how much is read at once, and MaxInFlight how much may be in flight at all, in bytes.
	ChunkBytes, MaxInFlight int64
}

// Flow has what is in flight. Many goroutines may use it.
type Flow struct {
	o      Options
	ctx    context.Context // ends when nothing more is to be delivered
	cancel context.CancelFunc
	sends  sync.WaitGroup
	saver  saver
	moved  chan struct{} // capacity 1: Moved has something

	mu       sync.Mutex
	room     *sync.Cond // room came free, or the end
	lines    map[string]*line
	pending  map[*File]struct{} // that have something in flight
	advanced []*File            // of which more is delivered than Moved has told
	used     int64              // bytes in flight for which somebody waits
	stuck    int64              // and the others
	climber  *climber
	waiting  int // who waits for room
	// delivered and deliveredStuck are those of used and stuck that are delivered, and not saved.
	delivered, deliveredStuck int64
	ended                     bool // nothing more gets room
	closed                    bool // nothing more is begun
}

// New is a Flow that saves to a store.
func New(o Options) *Flow {
	f := &Flow{
		o: o, lines: map[string]*line{}, pending: map[*File]struct{}{}, climber: newClimber(o.ChunkBytes, o.MaxInFlight),
		moved: make(chan struct{}, 1), saver: newSaver(o.Store, o.Logger),
	}
	f.room = sync.NewCond(&f.mu)
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// Start begins to save.
func (f *Flow) Start() { f.saver.start(f.ctx, f.settle) }

// Acquire waits until so many bytes may be in flight. It says no after End.
func (f *Flow) Acquire(bytes int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting++
	for f.used > 0 && f.used+bytes > f.climber.limit && !f.ended {
		f.climber.pressed = true
		f.hasten()
		f.room.Wait()
	}
	f.waiting--
	if f.ended {
		return false
	}
	f.used += bytes
	return true
}

// Adjust takes more room without waiting for it, or gives some back where bytes is below 0.
func (f *Flow) Adjust(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adjust(bytes)
}

// adjust is Adjust with the lock held.
func (f *Flow) adjust(bytes int64) {
	f.used += bytes
	if bytes < 0 {
		f.room.Broadcast()
	}
}

// Chunk is what was read of a file at once.
type Chunk struct {
	// End is where it ends.
	End Position
	// Head recognises the file, as far as it is read.
	Head checkpoints.Mark
	// Archive says that it is of an archive's text.
	Archive bool
	// Bytes is how much it counts, which was acquired before.
	Bytes int64
}

// Begin delivers a chunk in a goroutine of its own, and takes over the room that it has. start gets the chunk's stamp, of
// which no two chunks of one name have the same millisecond, and its turn; it returns what delivers it: nil when there is
// nothing to deliver. It reports false where the flow was closed meanwhile: the chunk is read again after the next start.
func (f *Flow) Begin(file *File, c Chunk, start func(stamp time.Time, turn *inorder.Turn) func(context.Context) error) bool {
	k, stamp, turn := f.put(file, c)
	if k == nil {
		return false
	}
	deliver := start(stamp, turn)
	if deliver == nil {
		turn.Begun()
		f.done(file, k)
		f.sends.Done()
		return true
	}
	go func() {
		defer f.sends.Done()
		defer turn.Begun()
		if err := deliver(inorder.With(f.ctx, turn)); err != nil {
			return // the end: it is read again after the next start
		}
		f.done(file, k)
	}()
	return true
}

// put notes a chunk as in flight, which is nil where the flow was closed.
func (f *Flow) put(file *File, c Chunk) (k *chunk, stamp time.Time, turn *inorder.Turn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		f.adjust(-c.Bytes)
		return nil, stamp, nil
	}
	f.sends.Add(1) // with the lock: Close begins to wait when nobody can add any more
	k = &chunk{end: c.End, bytes: c.Bytes, begun: time.Now()}
	file.is.Head, file.is.Archive = c.Head, c.Archive
	file.pending = append(file.pending, k)
	file.inFlight += k.bytes
	f.pending[file] = struct{}{}
	stamp, turn = file.line.next(f.o.Now())
	return k, stamp, turn
}

// done takes in that a chunk needs not be read again.
func (f *Flow) done(file *File, k *chunk) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k.done = true
	bytes, counted, stuck, ok := file.advance()
	if !ok {
		return // what is before it is not delivered yet
	}
	f.delivered += counted
	f.deliveredStuck += stuck
	if len(file.pending) == 0 {
		delete(f.pending, file)
	}
	file.line.proven = true
	file.window = min(2*file.window, max(f.o.MaxInFlight, f.o.ChunkBytes))
	file.save()
	if !file.moved {
		file.moved = true
		f.advanced = append(f.advanced, file)
	}
	f.o.Acknowledged(bytes)
	f.climber.delivered(bytes, time.Now())
	f.saver.want()
	f.hasten()
	signal(f.moved)
}

// Advanced has a value when Moved has something to tell.
func (f *Flow) Advanced() <-chan struct{} { return f.moved }

// Moved are the files of which more was delivered since the last call.
func (f *Flow) Moved() []*File {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.advanced
	for _, file := range all {
		file.moved = false
	}
	f.advanced = nil
	return all
}

// Tick deals with files whose oldest chunk takes long: it takes their windows, and lets others have their room. It returns
// those whose windows it took.
func (f *Flow) Tick(now time.Time) (changed []*File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for file := range f.pending {
		for i, k := range file.pending {
			if k.stuck || now.Sub(k.begun) < stallTime {
				break
			}
			if i == 0 {
				file.window = FirstWindow
				changed = append(changed, file)
			}
			f.climber.reset() // an outage needs no more
			if f.stuck+k.bytes > min(maxStuckBytes, f.o.MaxInFlight) {
				break
			}
			k.stuck = true
			f.stuck += k.bytes
			f.adjust(-k.bytes)
		}
	}
	return changed
}

// InFlight is how much is in flight, and how much of it may be, in bytes.
func (f *Flow) InFlight() (bytes, limit int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used + f.stuck, f.climber.limit
}

// settle takes what is saved off what is in flight.
func (f *Flow) settle(save func()) {
	f.mu.Lock()
	bytes, stuck := f.delivered, f.deliveredStuck
	f.delivered, f.deliveredStuck = 0, 0
	f.mu.Unlock()
	save()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stuck -= stuck
	f.adjust(-bytes)
}

// hasten has the saver make no pause where somebody waits for room and there is enough to be had: a save for every
// small chunk would cost too much. The lock is held.
func (f *Flow) hasten() {
	if f.waiting == 0 || f.delivered == 0 || f.delivered < min(f.climber.limit/8, f.o.ChunkBytes/2) && f.delivered < f.used {
		return
	}
	f.saver.hasten()
}

// Save has what changed saved soon.
func (f *Flow) Save() { f.saver.want() }

// End lets nobody have room any more.
func (f *Flow) End() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.room.Broadcast()
}

// Close begins nothing more, and waits until all that is in flight is delivered. Cancel ends that.
func (f *Flow) Close() {
	f.beginNothing()
	f.sends.Wait()
}

// Cancel gives up what is in flight, and waits until nothing is, and until the saver has ended.
func (f *Flow) Cancel() {
	f.beginNothing()
	f.cancel()
	f.sends.Wait()
	f.saver.wait()
}

func (f *Flow) beginNothing() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// signal sends to a channel of capacity 1, unless it is full.
func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
