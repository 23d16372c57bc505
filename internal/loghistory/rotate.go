package loghistory

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// shredded is what shred writes here, so that it can be told from lines.
const shredded = '\u00a0'

// firstDay is the one from which on the model's days are counted.
var firstDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// rotate does what the log's rotator does, file by file, in its order.
func (l *log) rotate(r *rand.Rand) error {
	if l.Rotator == "" || !l.exists() {
		return errSkipped
	}
	if l.Rotator == Copy || l.Rotator == CopyTruncate || l.Rotator == Logback || l.Compress {
		if err := l.recognisable(r); err != nil {
			return err
		}
	}
	if err := errors.Join(l.whole(), l.w.seen()); err != nil {
		return err
	}
	// What removes a file waits for what is in it, so that nothing is lost by the operator's will.
	switch narrow := l.w.plan.Settings.Narrow; {
	case narrow && l.Rotator == CopyTruncate:
		if err := l.w.readBefore(l); err != nil {
			return err
		}
	case (l.removes() || narrow && (l.OldDir || l.Compress)) && (narrow || !l.w.wild):
		if err := l.w.arrive(l); err != nil {
			return err
		}
	}
	l.w.day++
	var err error
	switch l.Rotator {
	case Create:
		err = l.logrotate(r)
	case DateExt:
		err = l.dateExt(r)
	case CopyTruncate, Copy:
		err = l.logrotate(r)
	case Log4jMin, PythonSize:
		err = l.shiftAndRename(r, l.Rotator == PythonSize)
	case Log4jMax:
		err = l.log4jMax(r)
	case Log4jDate:
		err = l.renameTo(filepath.Join(l.folder, fmt.Sprintf("%s-%s-%d.log", l.Name, l.w.date("2006-01-02"), l.w.day)), r)
	case PythonTime:
		err = l.pythonTime(r)
	case Logback:
		err = l.logback(r)
	}
	l.rotated++
	return errors.Join(err, l.w.seen())
}

func (w *world) date(layout string) string { return firstDay.AddDate(0, 0, w.day).Format(layout) }

// removes reports whether the next rotation removes a file with its lines: the oldest one, or one for its archive that
// the reader leaves out.
func (l *log) removes() bool {
	compressed := l.Compress || l.Rotator == Logback
	// Of what was copied without truncation, the copies alone are removed.
	return l.rotated >= l.Keep && l.Rotator != Copy || compressed && !l.w.plan.Settings.Gzip || l.Rotator == Log4jMax && l.last >= l.Keep
}

// place is where a rotated file goes to.
func (l *log) place(suffix string) string {
	folder := l.folder
	if l.OldDir && l.w.places.Old != "" {
		folder = l.w.places.Old
	}
	return filepath.Join(folder, l.Name+suffix)
}

// discard removes what is kept no longer.
func (l *log) discard(path string, r *rand.Rand) error {
	g := l.w.files[path]
	if g == nil {
		return gone(os.Remove(path))
	}
	if l.w.wild && l.Rotator != Copy {
		l.w.forgive(l, g)
	}
	if l.Shred {
		return l.shred(path, r)
	}
	return l.w.unlink(path)
}

// shred writes over a file, gives it names that tell nothing, and removes it.
func (l *log) shred(path string, r *rand.Rand) error {
	info, err := os.Stat(path)
	if err != nil {
		return gone(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0o600)
	if err != nil {
		return gone(err)
	}
	noise := strings.Repeat(string(shredded), int(info.Size())/2+1)[:info.Size()]
	_, err = f.WriteString(noise)
	err = errors.Join(err, l.w.moment(r), f.Close())
	for name := "000"; err == nil && name != ""; name = name[1:] {
		to := filepath.Join(filepath.Dir(path), name)
		if err = l.w.rename(l, path, to); err == nil {
			path = to
		}
	}
	return errors.Join(err, l.w.unlink(path))
}

// logrotate is logrotate with numbers.
func (l *log) logrotate(r *rand.Rand) error {
	archive := ""
	if l.Compress {
		archive = ".gz"
	}
	if l.Delay {
		if _, err := os.Stat(l.place(".1")); err == nil {
			if err := l.compress(l.place(".1"), l.place(".1.gz"), r); err != nil {
				return err
			}
		}
	}
	for n := l.Keep; n > 0; n-- {
		from, to := l.place(fmt.Sprintf(".%d%s", n, archive)), l.place(fmt.Sprintf(".%d%s", n+1, archive))
		if err := errors.Join(l.w.rename(l, from, to), l.w.moment(r)); err != nil {
			return err
		}
	}
	oldest := l.place(fmt.Sprintf(".%d%s", l.Keep+1, archive))
	var err error
	if l.Rotator == Create {
		err = l.renameTo(l.place(".1"), r)
	} else {
		err = l.copyTo(l.place(".1"), r)
	}
	if err == nil && l.Compress && !l.Delay {
		err = l.compress(l.place(".1"), l.place(".1.gz"), r)
	}
	return errors.Join(err, l.discard(oldest, r))
}

// dateExt is logrotate with dates, the extension kept or not.
func (l *log) dateExt(r *rand.Rand) error {
	suffix := "-" + l.w.date("20060102")
	to := l.place(suffix)
	if ext := filepath.Ext(l.Name); l.Keep%2 == 0 && ext == ".log" {
		to = filepath.Join(filepath.Dir(to), strings.TrimSuffix(l.Name, ext)+suffix+ext)
	}
	previous := ""
	if len(l.backups) > 0 {
		previous = l.backups[len(l.backups)-1]
	}
	if l.Delay && previous != "" {
		if err := l.compress(previous, previous+".gz", r); err != nil {
			return err
		}
		l.backups[len(l.backups)-1] += ".gz"
	}
	if err := l.renameTo(to, r); err != nil {
		return err
	}
	if l.Compress && !l.Delay {
		if err := l.compress(to, to+".gz", r); err != nil {
			return err
		}
		to += ".gz"
	}
	l.backups = append(l.backups, to)
	return l.drop(r)
}

// drop removes the oldest of the rotated files with names of their own.
func (l *log) drop(r *rand.Rand) error {
	if len(l.backups) <= l.Keep {
		return nil
	}
	oldest := l.backups[0]
	l.backups = l.backups[1:]
	return l.discard(oldest, r)
}

// renameTo renames the live file, has a new one be made or not, and tells the service.
func (l *log) renameTo(to string, r *rand.Rand) error {
	if err := errors.Join(l.w.rename(l, l.path(), to), l.w.moment(r)); err != nil {
		return err
	}
	if l.Rotator == Create || l.Rotator == DateExt {
		f, err := os.OpenFile(l.path(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		l.w.begin(l.path(), l)
		if err := errors.Join(f.Close(), l.w.moment(r)); err != nil {
			return err
		}
	}
	if l.Late && l.file != nil {
		if err := l.write(1+r.IntN(5), r, false); err != nil {
			return err
		}
	}
	return l.reopen()
}

// copyTo copies the live file, and truncates it where that is wanted.
func (l *log) copyTo(to string, r *rand.Rand) error {
	if (l.w.wild || l.w.bounds.Shared) && l.Rotator == CopyTruncate {
		if info, err := os.Stat(l.path()); err == nil {
			l.w.extra += info.Size() // where both are found in the moment between
		}
	}
	if err := l.w.copyFile(l, l.path(), to, r); err != nil {
		return err
	}
	if l.Rotator == Copy {
		return nil
	}
	if err := errors.Join(l.w.seen(), l.w.moment(r), gone(os.Truncate(l.path(), 0))); err != nil {
		return err
	}
	g := l.w.begin(l.path(), l)
	if l.file != nil {
		l.gen = g
	}
	if l.w.running && !l.w.wild { // what is written at once may hide that it was truncated
		return l.w.reader.Looked()
	}
	return nil
}

// compress writes an archive beside a file, gives it the file's time, and removes the file.
func (l *log) compress(from, to string, r *rand.Rand) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return gone(err)
	}
	info, err := os.Stat(from)
	if err != nil {
		return gone(err)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	g := l.w.files[from]
	l.w.owner[to] = l
	if g != nil {
		l.w.files[to] = g
		if l.w.wild && !l.w.plan.Settings.Gzip {
			l.w.forgive(l, g)
		}
	}
	z := gzip.NewWriter(f)
	half := len(text)
	if l.w.plan.Has(Pieces) && half > 1 && r.IntN(3) == 0 {
		half = r.IntN(half)
	}
	_, err = z.Write(text[:half])
	if half < len(text) {
		err = errors.Join(err, z.Flush(), l.w.moment(r))
	}
	_, more := z.Write(text[half:])
	err = errors.Join(err, more, z.Close(), f.Close(), os.Chtimes(to, info.ModTime(), info.ModTime()), l.w.moment(r))
	if err != nil {
		return err
	}
	if l.Shred {
		return l.shred(from, r)
	}
	return l.w.unlink(from)
}

// shiftAndRename is log4j's and Python's way: all move up by one, the oldest is removed first.
func (l *log) shiftAndRename(r *rand.Rand, python bool) error {
	if err := l.discard(l.place(fmt.Sprintf(".%d", l.Keep)), r); err != nil {
		return err
	}
	for n := l.Keep - 1; n > 0; n-- {
		from, to := l.place(fmt.Sprintf(".%d", n)), l.place(fmt.Sprintf(".%d", n+1))
		if err := errors.Join(l.w.rename(l, from, to), l.w.moment(r)); err != nil {
			return err
		}
	}
	if python { // it closes its file before
		if err := l.reopen(); err != nil {
			return err
		}
	}
	return l.renameTo(l.place(".1"), r)
}

// log4jMax gives each file the next number; when all are taken, the files move down.
func (l *log) log4jMax(r *rand.Rand) error {
	name := func(n int) string { return filepath.Join(l.folder, fmt.Sprintf("%s.roll-%d", l.Name, n)) }
	if l.last >= l.Keep {
		if err := l.discard(name(1), r); err != nil {
			return err
		}
		for n := 2; n <= l.last; n++ {
			if err := errors.Join(l.w.rename(l, name(n), name(n-1)), l.w.moment(r)); err != nil {
				return err
			}
		}
		l.last--
	}
	l.last++
	return l.renameTo(name(l.last), r)
}

// pythonTime is TimedRotatingFileHandler.
func (l *log) pythonTime(r *rand.Rand) error {
	to := l.place("." + l.w.date("2006-01-02_15-04-05"))
	if err := l.reopen(); err != nil {
		return err
	}
	l.backups = append(l.backups, to)
	return errors.Join(l.renameTo(to, r), l.drop(r))
}

// logback renames to a temporary name, and compresses from there.
func (l *log) logback(r *rand.Rand) error {
	if err := l.reopen(); err != nil {
		return err
	}
	temporary := l.path() + fmt.Sprint(r.Uint32()) + ".tmp"
	to := l.place(fmt.Sprintf(".%s.%d.gz", l.w.date("2006-01-02"), l.w.day))
	if err := l.renameTo(temporary, r); err != nil {
		return err
	}
	l.backups = append(l.backups, to)
	return errors.Join(l.compress(temporary, to, r), l.drop(r))
}

// truncate empties the live file once it was read.
func (l *log) truncate(r *rand.Rand) error {
	return l.inPlace(func() error {
		if err := gone(os.Truncate(l.path(), 0)); err != nil {
			return err
		}
		g := l.w.begin(l.path(), l)
		if l.file != nil {
			l.gen = g
		}
		return l.w.moment(r)
	})
}

// remove removes the live file once it was read.
func (l *log) remove(r *rand.Rand) error {
	return l.inPlace(func() error { return errors.Join(l.close(), l.w.unlink(l.path()), l.w.moment(r)) })
}

// inPlace does something to the live file that takes its content away.
func (l *log) inPlace(what func() error) error {
	if _, err := os.Stat(l.path()); errors.Is(err, fs.ErrNotExist) {
		return errSkipped
	}
	if err := l.whole(); err != nil {
		return err
	}
	if err := l.w.arrive(l); err != nil {
		return err
	}
	return errors.Join(l.w.seen(), what(), l.looked())
}

// looked waits for the reader, also in a wild history: what is written to the same file at once may hide that it was
// truncated.
func (l *log) looked() error {
	if !l.w.running {
		return nil
	}
	return l.w.reader.Looked()
}

// orphan removes the live file, and writes to it: whoever has it open may still read it.
func (l *log) orphan(n int, r *rand.Rand) error {
	if l.file == nil || !l.Open {
		return errSkipped
	}
	err := l.inPlace(func() error { return l.w.unlink(l.path()) })
	if err != nil {
		return err
	}
	before := l.w.reader.Counted()
	if err := errors.Join(l.write(n, r, false), l.reopen()); err != nil {
		return err
	}
	return l.w.countedOr(before, l)
}

// countedOr waits until what was written is delivered, or counted as lost.
func (w *world) countedOr(before int64, l *log) error {
	for deadline := time.Now().Add(w.bounds.Patience); ; time.Sleep(w.bounds.Glance) {
		w.absorb()
		if len(w.short[l]) == 0 {
			return nil
		}
		bytes := int64(0)
		for k := range w.short[l] {
			bytes += int64(len(k.text)) + 1
		}
		if w.reader.Counted()-before >= bytes {
			w.forgive(l, l.lines[len(l.lines)-1].gen)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w, and not counted: %s", errMissing, w.missing(l))
		}
	}
}
