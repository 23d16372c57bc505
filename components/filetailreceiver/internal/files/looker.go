package files

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// partEntries and partTime bound what is looked at of one pattern before the others and the files that are known have their
	// turn. A host with 100,000 names is looked through at once.
	partEntries = 200_000
	partTime    = 2 * time.Second
	// hangTime is how long a pattern is waited for whose folders do not answer, such as those of a server that is away.
	hangTime = 5 * time.Second
	// mostFiles is how many files of a pattern are known: each costs about 2 KiB of memory and of the storage.
	mostFiles = 100_000
	// rechecked is how many files of an earlier look are looked at while the next one is not at its end.
	rechecked = 5000
	// ownEvery is how often the process asks what it has open.
	ownEvery = 5 * time.Second
	// mostProblems is how many problems of a pattern are told.
	mostProblems = 1000
)

// Looker looks for files again and again, a part at a time. It is used by one goroutine.
type Looker struct {
	finder  *Finder
	seekers []*seeker
	budget  safepath.Budget
	wait    time.Duration
	own     map[ID]bool // files that this process has open for writing; true: they are no logs
	owned   map[ID]bool // those of the time before
	asked   time.Time   // when own was
	stop    context.CancelFunc
	reading context.Context
}

// seeker looks for what one pattern names.
type seeker struct {
	pattern string
	search  *safepath.Search
	known   map[string]Found // of this look at all and the one before
	pass    map[string]bool  // of this one
	bad     map[string]error // of the last one
	badPass map[string]error // of this one
	passes  int
	ended   time.Time // when a look at all had ended
	began   time.Time // when this one began; zero: it did not
	newest  time.Time // when the newest file of the last one was written to
	left    int       // files and folders that were left out by the last one
	leaving int       // by this one
	out     int       // that are excluded, by this one
	pending chan part // nil: none is on its way
	asked   time.Time // when it began
}

// part is a part of a look.
type part struct {
	matches []safepath.Match
	gone    []string
	seen    time.Time
	done    bool
	left    int
	out     int // excluded
	err     error
}

// Looked is what a look has found.
type Looked struct {
	Found    []Found
	Problems []Problem
	// Passed says of each pattern whether all of it was looked at, now or before.
	Passed []bool
	// Left has what is left out.
	Left []Left
	// Own has the paths of files to which the collector itself writes its log.
	Own []string
	// Late has the patterns that are not looked at to the end.
	Late []Late
}

// Left is a pattern of which something is left out, as there is too much.
type Left struct {
	Pattern string
	// Number is how many files and folders.
	Number int
}

// Late is a pattern that is not looked at to the end.
type Late struct {
	Pattern, Folder string
	Since           time.Time
	// Hangs says that the system does not answer; otherwise there is much.
	Hangs bool
}

// NewLooker is a Looker for what a Finder wants.
func NewLooker(f *Finder) *Looker {
	l := &Looker{finder: f, budget: safepath.Budget{Entries: partEntries}, wait: hangTime}
	l.reading, l.stop = context.WithCancel(context.Background())
	now := time.Now()
	for _, pattern := range f.Include {
		l.seekers = append(l.seekers, &seeker{
			pattern: pattern, search: f.Rules.NewSearch(pattern), known: map[string]Found{}, pass: map[string]bool{},
			bad: map[string]error{}, badPass: map[string]error{}, ended: now,
		})
	}
	return l
}

// Since says when the files that a pattern of Finder.Include names were last looked at in an earlier run.
func (l *Looker) Since(pattern int, at time.Time) { l.seekers[pattern].newest = at }

// Close ends what is on its way, but for what hangs.
func (l *Looker) Close() {
	l.stop()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	for _, s := range l.seekers {
		if s.pending == nil {
			s.search.Close()
			continue
		}
		select {
		case <-s.pending:
		case <-timer.C:
			timer.Reset(0)
		}
	}
}

// Look looks at the next part of each pattern, and lists what is known then, in the order of paths, each file once: of
// several names of one file the first. Patterns whose folders do not answer are left to themselves.
func (l *Looker) Look(ctx context.Context, now time.Time) (looked Looked) {
	groups := make([][]Found, 0, len(l.seekers))
	since := make([]time.Time, 0, len(l.seekers))
	for number, s := range l.seekers {
		since = append(since, s.newest)
		if s.pending != nil { // an earlier one
			l.await(ctx, s, number)
		}
		if s.pending == nil {
			s.pending, s.asked = make(chan part, 1), time.Now()
			go l.seek(s.search, s.stale(), s.pending)
			l.await(ctx, s, number)
		}
		looked.Passed = append(looked.Passed, s.passes > 0)
		if s.pending != nil || len(s.pass) > 0 || now.Sub(s.ended) > l.wait {
			looked.Late = append(looked.Late, Late{s.pattern, s.search.Folder(), s.ended, s.pending != nil})
		}
		if left := max(s.left, s.leaving); left > 0 {
			looked.Left = append(looked.Left, Left{s.pattern, left})
		}
		groups = append(groups, slices.Collect(maps.Values(s.known)))
		for _, bad := range []map[string]error{s.bad, s.badPass} {
			for path, err := range bad {
				looked.Problems = append(looked.Problems, Problem{path, err})
			}
		}
	}
	slices.SortFunc(looked.Problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	looked.Problems = slices.CompactFunc(looked.Problems, func(a, b Problem) bool { return a.Path == b.Path })
	looked.Found = l.others(l.finder.choose(groups, since, now), &looked)
	return looked
}

// others takes out the files in which the program keeps what it knows, and notes where its own log is.
func (l *Looker) others(found []Found, looked *Looked) []Found {
	if now := time.Now(); now.Sub(l.asked) > ownEvery {
		l.owned, l.own, l.asked = l.own, writing(), now
	}
	if len(l.own) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(one Found) bool {
		state, ours := l.own[one.ID]
		_, before := l.owned[one.ID]
		switch {
		case state:
			looked.Problems = append(looked.Problems, Problem{one.Path, safepath.RefusedState(one.Path)})
		case ours && before: // what is written once is no log
			looked.Own = append(looked.Own, one.Path)
		}
		return state
	})
}

// await takes the part that is on its way, if it comes in time.
func (l *Looker) await(ctx context.Context, s *seeker, number int) {
	timer := time.NewTimer(l.wait - time.Since(s.asked))
	defer timer.Stop()
	select {
	case p := <-s.pending:
		s.pending = nil
		l.take(s, number, p)
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stale are files that this look, which has begun, has not come to.
func (s *seeker) stale() (paths []string) {
	if len(s.pass) == 0 {
		return nil
	}
	for path := range s.known { // in no order: in time it is each one's turn
		if len(paths) == rechecked {
			break
		}
		if !s.pass[path] {
			paths = append(paths, path)
		}
	}
	return paths
}

// seek looks at a part. It may never return where a folder does not answer.
func (l *Looker) seek(search *safepath.Search, stale []string, to chan<- part) {
	p := part{seen: time.Now()}
	budget := l.budget
	if budget.Entries > 0 {
		budget.Until = p.seen.Add(partTime)
	}
	p.done, p.left, p.err = search.Next(l.reading, budget, func(m safepath.Match) {
		if l.finder.excluded(m.Path) {
			p.out++
			return
		}
		p.matches = append(p.matches, m)
	})
	for _, path := range stale {
		if p.done || p.err != nil || l.reading.Err() != nil {
			break
		}
		switch info, err := l.finder.Rules.Look(path); {
		case err == nil:
			p.matches = append(p.matches, safepath.Match{Path: path, Info: info})
		case errors.Is(err, fs.ErrNotExist):
			p.gone = append(p.gone, path)
		}
	}
	to <- p
}

// take keeps what a part has found.
func (l *Looker) take(s *seeker, number int, p part) {
	if s.began.IsZero() {
		s.began = p.seen
	}
	for _, path := range p.gone {
		delete(s.known, path)
	}
	for _, m := range p.matches {
		if m.Err != nil {
			if len(s.badPass) < mostProblems {
				s.badPass[m.Path] = m.Err
			}
			continue
		}
		if _, ok := s.known[m.Path]; !ok && len(s.known) >= mostFiles {
			s.leaving++
			continue
		}
		one := foundOf(m.Path, m.Info, p.seen)
		one.Pattern = number
		s.known[m.Path], s.pass[m.Path] = one, true
	}
	s.out += p.out
	if p.err != nil || !p.done {
		return
	}
	maps.DeleteFunc(s.known, func(path string, _ Found) bool { return !s.pass[path] })
	s.bad, s.badPass = s.badPass, map[string]error{}
	s.left, s.leaving = s.leaving+p.left, 0
	clear(s.pass)
	s.passes++
	s.ended = p.seen
	// What is made while it is looked may be found by the next look alone.
	if s.newest = newest(slices.Collect(maps.Values(s.known))); s.newest.After(s.began) {
		s.newest = s.began
	}
	s.began = time.Time{}
	l.tell(s, number)
	s.out = 0
}

// tell says what a look at all of a pattern has found.
func (l *Looker) tell(s *seeker, number int) {
	if l.finder.Passed == nil {
		return
	}
	pass := Pass{Pattern: number, Files: len(s.known), Excluded: s.out}
	if l.finder.OlderThan > 0 {
		for _, one := range s.known {
			if s.ended.Sub(one.Modified) > l.finder.OlderThan {
				pass.Old++
			}
		}
	}
	l.finder.Passed(pass)
}
