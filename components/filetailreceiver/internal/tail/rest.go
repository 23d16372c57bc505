package tail

import (
	"time"

	"go.uber.org/zap"
)

const (
	// unfinishedAfter is how long a line waits for its end before that is told, of mostUnfinished files at most.
	unfinishedAfter = 5 * time.Minute
	mostUnfinished  = 10
)

// tellUnfinished says once of a file that its last line waits for its end for long: a program may have written all of it.
func (e *engine) tellUnfinished(now time.Time) {
	e.do(func() {
		for f := range e.files {
			if e.rests >= mostUnfinished {
				return
			}
			if f.rest || !e.schedule.WaitsForWriter(&f.File) || now.Sub(f.Unfinished) < unfinishedAfter {
				continue
			}
			f.rest = true
			e.rests++
			e.o.Logger.Info("The last line of a file has no end: it is sent when its end is written, or when the file is deleted or rotated. unfinished_line_timeout sends it without its end",
				zap.String("path", f.Name), zap.Int64("bytes", f.Lag()))
		}
	})
}
