package tail

import (
	"errors"
	"fmt"
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

// reportAll tells what is new of the problems of a look. The lock is held.
func (t *Tailer) reportAll(problems []files.Problem) {
	bad := make(map[string]bool, len(problems))
	for _, p := range problems {
		bad[p.Path] = true
		t.report(p.Path, p.Err)
	}
	if len(t.bad) == 0 {
		return
	}
	troubled := map[string]bool{}
	for _, f := range t.files {
		if f.problem != "" || f.kept != nil {
			troubled[f.now] = true
		}
	}
	for path := range t.bad {
		if !bad[path] && !troubled[path] {
			t.report(path, nil)
		}
	}
}

// report says once that a file cannot be read, and once that it can be again.
func (t *Tailer) report(path string, err error) {
	was, known := t.bad[path]
	if err == nil {
		if known {
			delete(t.bad, path)
			if t.told[path] {
				t.o.Logger.Info("A file can be read again", zap.String("path", path))
			}
			delete(t.told, path)
		}
		return
	}
	if known && was == err.Error() {
		return
	}
	t.bad[path] = err.Error()
	if now := time.Now(); now.Sub(t.toldSince) > toldEvery {
		t.toldSince, t.toldNow = now, 0
	}
	t.toldNow++
	switch _, refused := errors.AsType[*safepath.RefusedError](err); {
	case t.toldNow == mostTold+1:
		t.o.Logger.Warn("More files cannot be read; for an hour they are counted in file_tail_unreadable_files, and not named", zap.Int("named", mostTold))
		return
	case t.toldNow > mostTold:
		return
	case refused:
		t.o.Logger.Warn("What local users may have arranged is not read", zap.String("path", path), zap.Error(err))
	default:
		t.o.Logger.Warn("A file cannot be read; it is tried again, and what is written to it meanwhile is not lost", zap.String("path", path), zap.Error(err))
	}
	t.told[path] = true
}

// late tells once what is left out, and returns why files may not be found, if that is so for long.
func (t *Tailer) late(looked files.Looked, now time.Time) (err error) {
	for _, path := range looked.Own {
		if !t.own[path] {
			t.own[path] = true
			t.o.Logger.Warn("The collector's own log is among the files that it reads, so that a line about sending makes another one: exclude it",
				zap.String("path", path))
		}
	}
	for _, l := range looked.Left {
		if t.leftOut[l.Pattern] == 0 {
			t.o.Logger.Warn("A pattern names more than can be kept: what is left out is read when there are fewer. Narrow the pattern, or exclude folders",
				zap.String("include", l.Pattern), zap.Int("left_out", l.Number))
		}
	}
	clear(t.leftOut)
	for _, l := range looked.Left {
		t.leftOut[l.Pattern] = l.Number
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

// mayJoin reports whether one more file is taken for a rotated one of a name, of which there are few that are not read. The
// lock is held.
func (t *Tailer) mayJoin(l *line, joined map[*line]int) bool {
	if _, ok := joined[l]; !ok {
		for _, f := range l.files {
			if f.unread() > 0 && f.retired == 0 {
				joined[l]++
			}
		}
	}
	joined[l]++
	return joined[l] <= mostJoined
}

// dropRetired forgets the oldest contents that are gone of a name, where there are many and nothing of them is on its way.
// The lock is held.
func (t *Tailer) dropRetired(l *line) {
	var idle []*file
	for _, f := range l.files {
		if f.retired != 0 && len(f.pending) == 0 && !f.busy && (f.unread() == 0 || f.source == nil) {
			idle = append(idle, f)
		}
	}
	for len(idle) > mostRetired {
		t.forget(idle[0])
		idle = idle[1:]
	}
}
