package ssmprovider

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// handOverFor is how long what the poller knows is given to who comes because of a change. A reload then
// costs a fleet no further read.
const handOverFor = 5 * time.Second

// maxPinned bounds how many versions are kept that no look concerns: a configuration names a few.
const maxPinned = 100

// poller looks for changes of everything that is read by one way. Its goroutine starts with the first
// watch, and rests while there is none.
type poller struct {
	store  *ssmstore.Store
	logger *zap.Logger
	pace   pace      // belongs to run
	looked time.Time // when the last look began, or the timer of the first one; belongs to run
	said   string    // which trouble was logged; belongs to run

	mu      sync.Mutex
	watches map[*watch]bool
	fresh   map[ssmstore.Ref]fresh
	pinned  map[ssmstore.Ref]ssmstore.Snapshot // versions, which do not change
	cancel  context.CancelFunc                 // nil: it does not run
	done    chan struct{}
	wake    chan struct{} // the watches are others
}

type fresh struct {
	snapshot ssmstore.Snapshot
	until    time.Time
}

func newPoller(store *ssmstore.Store, logger *zap.Logger) *poller {
	return &poller{
		store: store, logger: logger, watches: map[*watch]bool{}, fresh: map[ssmstore.Ref]fresh{},
		pinned: map[ssmstore.Ref]ssmstore.Snapshot{},
		wake:   make(chan struct{}, 1), done: make(chan struct{}),
	}
}

// add begins to watch. When the function that it returns has returned, notify is not called any more;
// notify must not call it.
func (p *poller) add(w *watch) confmap.CloseFunc {
	p.mu.Lock()
	p.watches[w] = true
	if p.cancel == nil {
		ctx, cancel := context.WithCancel(context.Background())
		p.cancel = cancel
		go p.run(ctx)
	}
	p.mu.Unlock()
	p.changed()
	return func(ctx context.Context) error {
		p.mu.Lock()
		delete(p.watches, w)
		p.mu.Unlock()
		p.changed()
		select {
		case w.turn <- struct{}{}:
			w.closed = true
			<-w.turn
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *poller) changed() {
	select {
	case p.wake <- struct{}{}:
	default: // somebody has said so
	}
}

// handOver gives what the poller has read a moment ago. A snapshot without documents tells that nothing is there.
func (p *poller) handOver(r ssmstore.Ref) (ssmstore.Snapshot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.fresh[r]
	return f.snapshot, ok && time.Now().Before(f.until)
}

// pin keeps a version for who comes because of a change of something else.
func (p *poller) pin(r ssmstore.Ref, s ssmstore.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pinned) >= maxPinned {
		clear(p.pinned)
	}
	p.pinned[r] = s
}

// wanted is the shortest interval that anybody wants; 0 where nobody watches.
func (p *poller) wanted() (shortest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.watches {
		if shortest == 0 || w.interval < shortest {
			shortest = w.interval
		}
	}
	return shortest
}

func (p *poller) run(ctx context.Context) {
	defer close(p.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	timer.Stop()
	var running time.Duration // the interval that the timer was set for; 0: it is not
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
			wanted := p.wanted()
			if wanted == 0 {
				timer.Stop()
			} else if running == 0 || wanted < running {
				p.looked = time.Now()
				timer.Reset(p.pace.first(wanted))
			}
			running = wanted
		case <-timer.C:
			began := time.Now()
			later := p.pace.later(running, began.Sub(p.looked))
			p.looked = began
			p.forget()
			calls, throttled := p.look(ctx, later)
			p.forget()
			p.pace.looked(calls, throttled)
			if running = p.wanted(); running > 0 {
				timer.Reset(max(0, p.pace.next(running)-time.Since(began)))
			}
		}
	}
}

// forget drops what is not fresh any more: it may be secret.
func (p *poller) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(p.fresh, func(_ ssmstore.Ref, f fresh) bool { return now.After(f.until) })
}

// look finds what has another version, and tells those whose text is another. What the look has not read itself is
// read that much later.
func (p *poller) look(ctx context.Context, later time.Duration) (calls int, throttled bool) {
	byRef := map[ssmstore.Ref][]*watch{}
	p.mu.Lock()
	for w := range p.watches {
		byRef[w.ref] = append(byRef[w.ref], w)
	}
	p.mu.Unlock()
	refs := slices.SortedFunc(maps.Keys(byRef), func(a, b ssmstore.Ref) int { return strings.Compare(a.String(), b.String()) })
	seen, calls := p.store.Look(ctx, refs)
	if slices.ContainsFunc(refs, func(r ssmstore.Ref) bool { return isOther(seen[r], byRef[r]) && !seen[r].Complete() }) {
		select {
		case <-ctx.Done():
		case <-time.After(later):
		}
	}
	var tell []*watch
	troubles := map[ssmstore.Ref]error{}
	for _, r := range refs {
		changed, err := p.compare(ctx, r, seen[r], byRef[r])
		tell = append(tell, changed...)
		if err != nil {
			troubles[r] = err
			throttled = throttled || ssmstore.IsKind(err, ssmstore.Throttled)
		}
	}
	if ctx.Err() != nil {
		return calls, throttled
	}
	p.say(refs, troubles)
	if len(tell) > 0 {
		p.keepFresh(byRef, troubles)
	}
	for _, w := range tell {
		w.tell()
	}
	return calls, throttled
}

// keepFresh hands over everything that this look has found to be as it is: who is told of one change reads
// the whole configuration again. What was read anew while the look waited is left out: it may be newer.
func (p *poller) keepFresh(byRef map[ssmstore.Ref][]*watch, troubles map[ssmstore.Ref]error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	replaced := map[ssmstore.Ref]bool{}
	for w := range p.watches {
		replaced[w.ref] = replaced[w.ref] || !slices.Contains(byRef[w.ref], w)
	}
	until := time.Now().Add(handOverFor)
	for r, s := range p.pinned {
		p.fresh[r] = fresh{s, until}
	}
	for r, watches := range byRef {
		gone := slices.ContainsFunc(watches, func(w *watch) bool { return !p.watches[w] })
		if troubles[r] == nil && !replaced[r] && !gone {
			p.fresh[r] = fresh{watches[0].last, until}
		}
	}
}

// isOther reports whether a look has seen another version than a watch knows.
func isOther(seen ssmstore.Seen, watches []*watch) bool {
	return seen.Err == nil && slices.ContainsFunc(watches, func(w *watch) bool { return w.last.Stamp != seen.Stamp })
}

// compare takes the text of a reference whose version is another, and finds whom that concerns.
func (p *poller) compare(ctx context.Context, r ssmstore.Ref, seen ssmstore.Seen, watches []*watch) ([]*watch, error) {
	if seen.Err != nil || !isOther(seen, watches) {
		return nil, seen.Err
	}
	snap, err := p.store.Finish(ctx, r, seen)
	switch {
	case ssmstore.IsKind(err, ssmstore.NotFound):
		snap = ssmstore.Snapshot{}
	case err != nil:
		return nil, err
	}
	var changed []*watch
	for _, w := range watches {
		w.last = snap
		if digest := w.digestOf(snap); digest != w.digest {
			w.digest = digest
			changed = append(changed, w)
		}
	}
	return changed, nil
}

// say logs trouble when it begins, when it becomes another, and when it is over. What runs is not concerned:
// an error that is passed on to the collector would end it.
func (p *poller) say(refs []ssmstore.Ref, troubles map[ssmstore.Ref]error) {
	var kinds []string
	var first error
	for _, r := range refs {
		var e *ssmstore.Error
		if err := troubles[r]; err != nil {
			if first == nil {
				first = err
			}
			kind := "?"
			if errors.As(err, &e) {
				kind = string(e.Kind)
			}
			kinds = append(kinds, kind+" "+r.String())
		}
	}
	now := strings.Join(kinds, ", ")
	switch {
	case now == p.said:
	case now == "":
		p.logger.Info("parameters in SSM can be watched again")
	default:
		p.logger.Warn("parameters in SSM cannot be watched; what runs goes on, and they are looked at again",
			zap.Int("parameters", len(kinds)), zap.Error(first))
	}
	p.said = now
}

// shutdown ends the goroutine and waits for it.
func (p *poller) shutdown(ctx context.Context) error {
	p.mu.Lock()
	cancel := p.cancel
	clear(p.fresh)
	clear(p.pinned)
	p.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
