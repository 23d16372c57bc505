package tail

import (
	"errors"
	"io/fs"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// quiet is how long a file is not written to before it may be removed.
	quiet = 5 * time.Second
	// removePause is how long one that cannot be removed for now is left alone.
	removePause = 5 * time.Second
)

// remove removes files that were delivered to their end.
func (w *watch) remove(found []files.Found, now time.Time) {
	found = append(found[:len(found):len(found)], w.passed(found)...)
	kept := w.kept(found)
	for _, one := range found {
		k := w.files[one.ID]
		if k == nil || !w.o.Remove && kept[one.ID] || !k.waits.IsZero() || !now.After(k.keptUntil) {
			continue
		}
		if is := w.facts(k); is.delivered() && !is.queued && is.size > 0 && now.Sub(is.modified) > quiet {
			w.removeOne(k, one, now)
		}
	}
}

// kept are the files that are no older generation of a log: those that were not rotated from another, and of which no later one with
// another number or date is there. Where only the newest of each pattern is read, all that it names is one log.
func (w *watch) kept(found []files.Found) map[files.ID]bool {
	kept := make(map[files.ID]bool, len(found))
	newest := map[string]files.Found{}
	log := func(one files.Found) (string, bool) {
		if w.o.Finder.NewestOnly {
			return strconv.Itoa(one.Pattern), true
		}
		if k := w.files[one.ID]; k != nil && k.path != one.Path && inventory.Extends(one.Path, k.path) {
			return k.path, true // it was rotated from that
		}
		return inventory.Dated(one.Path)
	}
	for _, one := range found {
		if of, dated := log(one); dated || of != "" {
			for _, name := range []string{of, one.Path} {
				if best, ok := newest[name]; !ok || newer(one, best) {
					newest[name] = one
				}
			}
		}
	}
	for _, one := range found {
		of, dated := log(one)
		kept[one.ID] = !dated || newest[of].ID == one.ID
	}
	return kept
}

// newer reports whether one file is a later generation than another: by their names if they tell, and otherwise by when they were written
// to, as an older one may have got a late line.
func newer(a, b files.Found) bool {
	switch {
	case inventory.LaterName(a.Path, b.Path):
		return true
	case inventory.LaterName(b.Path, a.Path):
		return false
	}
	return a.Modified.After(b.Modified)
}

// delivered reports whether all of a file is.
func (is facts) delivered() bool { return !is.reading && is.pending == 0 && is.lag == 0 }

// removeOne removes a file, unless somebody has it open for writing or has changed it.
func (w *watch) removeOne(k *known, one files.Found, now time.Time) {
	err := w.o.Finder.Remove(one.Path, one.ID, func(now files.Info) bool {
		is := w.facts(k)
		return is.delivered() && now.Size == is.size && now.Modified.Equal(is.modified)
	})
	k.keptUntil = now.Add(removePause)
	switch {
	case errors.Is(err, safepath.ErrInUse), errors.Is(err, safepath.ErrChanged), errors.Is(err, fs.ErrNotExist):
		w.o.Logger.Debug("A file that was delivered is not removed for now", zap.String("path", one.Path), zap.Error(err))
	case err != nil:
		w.engine.keptFile(k.f, one.Path, err)
	default:
		w.engine.keptFile(k.f, one.Path, nil)
		w.o.Logger.Info("A file was removed after it was delivered", zap.String("path", one.Path))
	}
}

// passed are files that were read when they were the newest, and no longer are. None of them is found.
func (w *watch) passed(found []files.Found) (all []files.Found) {
	if !w.o.Finder.NewestOnly {
		return nil
	}
	present := make(map[files.ID]bool, len(found))
	for _, one := range found {
		present[one.ID] = true
	}
	for id, k := range w.files {
		if !present[id] && k.now != "" && w.o.Finder.Matches(k.now) {
			is := w.facts(k)
			all = append(all, files.Found{Path: k.now, ID: id, Modified: is.modified, Pattern: w.o.Finder.Pattern(k.now)})
		}
	}
	return all
}
