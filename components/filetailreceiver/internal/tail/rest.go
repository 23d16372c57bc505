package tail

import (
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

const (
	// finalAfter is how long the rest of a file that nobody ends stays as it is before it is sent.
	finalAfter = time.Second
	// unfinishedAfter is how long a line waits for its end before that is told, of mostUnfinished files at most.
	unfinishedAfter = 5 * time.Minute
	mostUnfinished  = 10
)

// ends reports whether it may come that nobody ends a file's rest. The lock is held.
func (t *Tailer) ends(f *file) bool {
	return f.zipped && f.complete || t.finishing || t.o.Remove || t.o.RemoveOld || !f.gone.IsZero() || f.now != f.path
}

// final reports whether nobody ends a file's rest: the file is deleted, a complete archive, or read to its end for a stop; or it was
// renamed, or is to be removed, and was not written to for a minute. The lock is held.
func (t *Tailer) final(f *file, now time.Time) bool {
	deleted := !f.gone.IsZero() && f.source != nil && !files.Linked(f.source.File())
	if deleted || f.zipped && f.complete || t.finishing {
		return now.Sub(f.unfinished) >= finalAfter
	}
	return t.ends(f) && now.Sub(later(f.unfinished, f.modified)) >= afterlife
}

// waitsForWriter reports whether all that is left of a file is a line without its end, or NULs, where its program has to write. That is
// no lag. The lock is held.
func (t *Tailer) waitsForWriter(f *file) bool {
	return f.rests() && f.rest.Any() && !f.rest.Lines && !t.o.Flush.Bounded(f.rest) && len(f.pending) == 0
}

// tellUnfinished says once of a file that its last line waits for its end for long: a program may have written all of it.
func (t *Tailer) tellUnfinished(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.files {
		if f.toldRest || !t.waitsForWriter(f) || now.Sub(f.unfinished) < unfinishedAfter || t.toldRests >= mostUnfinished {
			continue
		}
		f.toldRest = true
		t.toldRests++
		t.o.Logger.Info("The last line of a file has no end: it is sent when its end is written, or when the file is deleted or rotated. unfinished_line_timeout sends it without its end",
			zap.String("path", f.now), zap.Int64("bytes", f.lag()))
	}
}
