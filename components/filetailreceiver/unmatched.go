package filetailreceiver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/filepatterns"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// unmatchedTime is for how long a pattern may match nothing before it is told. Programs that start beside the collector
	// have made their files by then.
	unmatchedTime = 10 * time.Second
	// explainTime bounds the search for the reason, and stopTime what a stop waits for it: a folder of a server that is away
	// does not answer.
	explainTime = 5 * time.Second
	stopTime    = time.Second
)

// unmatched tells of patterns that match no file: once, and once more when they do. What is surely a mistake it tells at once.
type unmatched struct {
	logger   *zap.Logger
	rules    *safepath.Rules
	patterns []string
	wait     time.Duration
	explain  func(ctx context.Context, rules *safepath.Rules, pattern string) filepatterns.Reason

	begun  time.Time
	cancel context.CancelFunc
	done   chan struct{}
	news   chan struct{} // that something has to be told

	mu     sync.Mutex
	states []patternState
}

// patternState is what is known of a pattern.
type patternState struct {
	last    files.Pass
	passed  bool // it was looked at once
	matched bool // it has matched a file, for which nothing more is told
	told    bool // that it matches none
	again   bool // that it does has to be told
}

func newUnmatched(logger *zap.Logger, finder *files.Finder) *unmatched {
	return &unmatched{
		logger: logger, rules: &finder.Rules, patterns: finder.Include, wait: unmatchedTime, explain: filepatterns.Explain,
		done: make(chan struct{}), news: make(chan struct{}, 1), states: make([]patternState, len(finder.Include)),
	}
}

// start tells of what can be seen in the texts, and begins to wait for the rest.
func (u *unmatched) start() {
	u.begun = time.Now()
	for i, pattern := range u.patterns {
		if m, ok := filepatterns.Check(pattern); ok && m.Never {
			u.logger.Error("A pattern of files cannot match what it is meant to", key(i), zap.String("pattern", pattern),
				zap.String("problem", m.Problem), zap.String("remedy", m.Remedy))
			u.states[i].told = true
		}
	}
	var ctx context.Context
	ctx, u.cancel = context.WithCancel(context.Background())
	go u.run(ctx)
}

// stop ends it.
func (u *unmatched) stop() {
	if u.cancel == nil {
		return
	}
	u.cancel()
	select {
	case <-u.done:
	case <-time.After(stopTime): // a folder does not answer
	}
}

// passed takes in a look at all that a pattern names.
func (u *unmatched) passed(p files.Pass) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := &u.states[p.Pattern]
	first := !s.passed
	s.last, s.passed = p, true
	switch {
	case s.matched:
		return
	case p.Files > p.Old:
		s.matched, s.again = true, s.told
		if !s.told {
			return
		}
	case !first:
		return
	}
	u.wake()
}

func (u *unmatched) wake() {
	select {
	case u.news <- struct{}{}:
	default:
	}
}

func (u *unmatched) run(ctx context.Context) {
	defer close(u.done)
	late := time.NewTimer(u.wait)
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.news:
		case <-late.C:
		}
		for i := range u.patterns {
			u.look(ctx, i)
		}
	}
}

// look tells what there is to tell of a pattern.
func (u *unmatched) look(ctx context.Context, i int) {
	u.mu.Lock()
	s := u.states[i]
	u.states[i].again = false
	u.mu.Unlock()
	pattern := zap.String("pattern", u.patterns[i])
	if s.again {
		u.logger.Info("A pattern matches files now", key(i), pattern, zap.Int("files", s.last.Files-s.last.Old))
		return
	}
	if !s.passed || s.matched || s.told || ctx.Err() != nil {
		return
	}
	late := time.Since(u.begun) >= u.wait
	if s.last.Old+s.last.Excluded > 0 {
		if late {
			u.told(i)
			u.logger.Info("A pattern matches no file that is wanted", key(i), pattern, zap.Int("excluded", s.last.Excluded), zap.Int("older", s.last.Old),
				zap.String("remedy", "look at exclude, exclude_names and exclude_older_than, if they should be read"))
		}
		return
	}
	looking, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	why := u.explain(looking, u.rules, u.patterns[i])
	if ctx.Err() != nil || !late && (!why.Likely || why.Nearest != "") { // a name that is like another may be one that comes
		return
	}
	u.told(i)
	log := u.logger.Info
	if why.Likely {
		log = u.logger.Warn
	}
	log("A pattern matches no file", key(i), pattern, zap.String("problem", why.Problem), zap.String("remedy", why.Remedy),
		zap.String("folder", why.Folder), zap.Bool("folder_readable", why.Folder != "" && !why.Denied), zap.String("nearest", why.Nearest))
}

func (u *unmatched) told(i int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := &u.states[i]
	if s.told, s.again = true, s.matched; s.again { // meanwhile
		u.wake()
	}
}

// key names a pattern as it stands in the configuration.
func key(i int) zap.Field { return zap.String("key", fmt.Sprintf("include[%d]", i)) }
