package loghistory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// grow puts a new file with the old content and more in the place of the live one, by way of a temporary name.
func (l *log) grow(n int, r *rand.Rand, temporary string, keepTime bool) error {
	if !l.exists() {
		return errSkipped
	}
	if err := errors.Join(l.recognisable(r), l.reopen(), l.w.seen()); err != nil {
		return err
	}
	info, err := os.Stat(l.path())
	if err != nil {
		return err
	}
	g := l.w.files[l.path()]
	if err := l.w.copyFile(l, l.path(), temporary, r); err != nil {
		return err
	}
	f, err := os.OpenFile(temporary, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	l.file, l.gen = f, g
	if err := errors.Join(l.write(n, r, false), l.reopen(), l.w.moment(r)); err != nil {
		return err
	}
	if keepTime { // rsync -t: that of the source
		if err := os.Chtimes(temporary, info.ModTime(), info.ModTime()); err != nil {
			return err
		}
	}
	return errors.Join(l.w.rename(l, temporary, l.path()), l.w.seen())
}

// rsync brings a file with more lines.
func (l *log) rsync(n int, r *rand.Rand) error {
	return l.grow(n, r, filepath.Join(l.folder, fmt.Sprintf(".%s.%06x", l.Name, r.IntN(1<<24))), r.IntN(4) == 0)
}

// edit adds lines as sed -i does, or as vi does: the old file gets another name, the new one is written in its place.
func (l *log) edit(n int, r *rand.Rand) error {
	if r.IntN(2) == 0 {
		return l.grow(n, r, filepath.Join(l.folder, fmt.Sprintf("sed%06x~", r.IntN(1<<24))), false)
	}
	if !l.exists() {
		return errSkipped
	}
	if err := errors.Join(l.recognisable(r), l.reopen(), l.w.seen()); err != nil {
		return err
	}
	old := l.path() + "~"
	g := l.w.files[l.path()]
	if err := l.w.rename(l, l.path(), old); err != nil {
		return err
	}
	if err := errors.Join(l.w.moment(r), l.w.copyFile(l, old, l.path(), r)); err != nil {
		return err
	}
	l.w.files[l.path()] = g
	return errors.Join(l.write(n, r, false), l.reopen(), l.w.moment(r), l.w.unlink(old), l.w.seen())
}

// backup is cp app.log app.log.bak.
func (l *log) backup(r *rand.Rand) error {
	if !l.exists() {
		return errSkipped
	}
	if err := errors.Join(l.recognisable(r), l.w.seen()); err != nil {
		return err
	}
	name := []string{".bak", ".orig", ".copy", "-backup", ".2026-11-28"}[r.IntN(5)]
	to := l.path() + name
	if _, err := os.Stat(to); err == nil { // it may have what was not read elsewhere
		if err := l.w.arrive(l); err != nil {
			return err
		}
	}
	return errors.Join(l.w.copyFile(l, l.path(), to, r), l.w.seen())
}

// unbackup removes the copies.
func (l *log) unbackup() error {
	found := false
	for _, name := range []string{".bak", ".orig", ".copy", "-backup", ".2026-11-28"} {
		if _, err := os.Stat(l.path() + name); err == nil {
			found = true
			if err := l.w.arrive(l); err != nil { // it may have what was not read before the file was truncated
				return err
			}
			if err := l.w.unlink(l.path() + name); err != nil {
				return err
			}
		}
	}
	if !found {
		return errSkipped
	}
	return l.w.seen()
}

// move is mv to another file system: copy, then remove.
func (l *log) move(r *rand.Rand) error {
	if l.w.places.Other == "" || !l.exists() {
		return errSkipped
	}
	if err := errors.Join(l.recognisable(r), l.w.seen()); err != nil {
		return err
	}
	if l.w.plan.Settings.Narrow {
		if err := l.w.arrive(l); err != nil {
			return err
		}
	}
	l.rotated++
	to := filepath.Join(l.w.places.Other, fmt.Sprintf("%s.moved.%d", l.Name, l.rotated))
	from, g := l.path(), l.w.files[l.path()]
	l.w.absorb()
	if g != nil {
		g.known = g.known || g.arrived
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := l.w.copyFile(l, from, to, r); err != nil {
		return err
	}
	return errors.Join(os.Chtimes(to, info.ModTime(), info.ModTime()), l.w.moment(r), l.close(), l.w.unlink(from), l.w.seen())
}
