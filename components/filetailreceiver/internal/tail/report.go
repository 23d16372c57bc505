package tail

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// lateAfter is how long a look at all files may take before it is the component's status.
	lateAfter = time.Minute
	// mostTold is how many paths that cannot be read are told one by one in toldEvery: who can make links can make many.
	mostTold  = 100
	toldEvery = time.Hour
)

// troubles are paths that cannot be read, and what was told of them.
type troubles struct {
	log  *zap.Logger
	bad  map[string]string // why each cannot be read
	told map[string]bool   // those of them that were named

	since time.Time
	named int // since then
}

func newTroubles(log *zap.Logger) troubles {
	return troubles{log: log, bad: map[string]string{}, told: map[string]bool{}}
}

// reportAll tells what is new of the problems of a look. Those of files in trouble are not the look's.
func (t *troubles) reportAll(problems []files.Problem, inTrouble iter.Seq[string]) {
	bad := make(map[string]bool, len(problems))
	for _, p := range problems {
		bad[p.Path] = true
		t.report(p.Path, p.Err)
	}
	if len(t.bad) == 0 {
		return
	}
	for path := range inTrouble {
		bad[path] = true
	}
	for path := range t.bad {
		if !bad[path] {
			t.report(path, nil)
		}
	}
}

// report says once that a file cannot be read, and once that it can be again.
func (t *troubles) report(path string, err error) {
	was, known := t.bad[path]
	if err == nil {
		if known {
			delete(t.bad, path)
			if t.told[path] {
				t.log.Info("A file can be read again", zap.String("path", path))
			}
			delete(t.told, path)
		}
		return
	}
	if known && was == err.Error() {
		return
	}
	t.bad[path] = err.Error()
	if now := time.Now(); now.Sub(t.since) > toldEvery {
		t.since, t.named = now, 0
	}
	t.named++
	switch _, refused := errors.AsType[*safepath.RefusedError](err); {
	case t.named == mostTold+1:
		t.log.Warn("More files cannot be read; for an hour they are counted in file_tail_unreadable_files, and not named", zap.Int("named", mostTold))
		return
	case t.named > mostTold:
		return
	case refused:
		t.log.Warn("What local users may have arranged is not read", zap.String("path", path), zap.Error(err))
	default:
		t.log.Warn("A file cannot be read; it is tried again, and what is written to it meanwhile is not lost", zap.String("path", path), zap.Error(err))
	}
	t.told[path] = true
}

// watchTroubles are what was told of looks.
type watchTroubles struct {
	own     map[string]bool // paths of the collector's own log
	leftOut map[string]int  // how much is left out of patterns
}

func newWatchTroubles() watchTroubles {
	return watchTroubles{own: map[string]bool{}, leftOut: map[string]int{}}
}

// late tells once what is left out, and returns why files may not be found, if that is so for long.
func (w *watchTroubles) late(log *zap.Logger, looked files.Looked, now time.Time) (err error) {
	for _, path := range looked.Own {
		if !w.own[path] {
			w.own[path] = true
			log.Warn("The collector's own log is among the files that it reads, so that a line about sending makes another one: exclude it",
				zap.String("path", path))
		}
	}
	for _, l := range looked.Left {
		if w.leftOut[l.Pattern] == 0 {
			log.Warn("A pattern names more than can be kept: what is left out is read when there are fewer. Narrow the pattern, or exclude folders",
				zap.String("include", l.Pattern), zap.Int("left_out", l.Number))
		}
	}
	clear(w.leftOut)
	for _, l := range looked.Left {
		w.leftOut[l.Pattern] = l.Number
	}
	for _, l := range looked.Late {
		if now.Sub(l.Since) < lateAfter {
			continue
		}
		why := "it names very many files or folders"
		if l.Hangs {
			why = "the system does not answer"
		}
		err = errors.Join(err, fmt.Errorf("include: %q was last looked at to its end %s ago: it is at %s; %s",
			l.Pattern, now.Sub(l.Since).Truncate(time.Second), l.Folder, why))
	}
	return err
}
