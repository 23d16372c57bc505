package source

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// unzipped is the text of a gzip file. Its reader goes forwards; to go back it begins again.
type unzipped struct {
	opened *files.Opened
	reader *gzip.Reader
	at     int64
	last   []byte // the text before at
	keep   int    // how much of it there may be

	complete bool  // the archive's end was read, where one of its members ends
	damage   error // why no more can be read

	short  int64     // how much of the archive was there when it ended within a member; 0: it did not
	waited time.Time // since when it is not read again as it grows; zero: it is not waited for
}

const (
	// stillTime is how long an archive that ended within a member is not written to before it is read again, and maxWait for how long
	// it is left alone at most. It is read from its beginning each time.
	stillTime = 2 * time.Second
	maxWait   = 30 * time.Second
)

// growing reports whether an archive that ended within a member is better read later: it is written to, and is not yet twice as
// large, so that all of these readings together cost no more than two.
func (u *unzipped) growing(now time.Time) bool {
	info, err := u.opened.Stat()
	if err != nil || u.short == 0 || info.Size() == u.short || info.Size() >= 2*u.short || now.Sub(info.ModTime()) >= stillTime {
		u.waited = time.Time{}
		return false
	}
	if u.waited.IsZero() {
		u.waited = now
	}
	return now.Sub(u.waited) < maxWait
}

// ReadAt reads the text from a place on. A file that ends within its text may be written to at this moment, so that is
// the end of the text for now.
func (u *unzipped) ReadAt(p []byte, at int64) (n int, err error) {
	if u.reader == nil || at < u.at-int64(len(u.last)) {
		if err := u.rewind(); err != nil {
			return 0, err
		}
	}
	if back := u.at - at; back > 0 {
		n = copy(p, u.last[int64(len(u.last))-back:])
		if n == len(p) {
			return n, nil
		}
	}
	var skip []byte
	for u.at < at { // to the place
		if skip == nil {
			skip = make([]byte, min(at-u.at, 64<<10))
		}
		got, err := u.next(skip[:min(at-u.at, int64(len(skip)))])
		if err != nil || got == 0 {
			return 0, err
		}
	}
	got, err := u.next(p[n:])
	return n + got, err
}

// forget drops the text before a place, which is not read again. What is kept of every file that is open would add up.
func (u *unzipped) forget(before int64) {
	if drop := before - (u.at - int64(len(u.last))); drop > 0 {
		u.last = append([]byte(nil), u.last[min(drop, int64(len(u.last))):]...)
	}
}

func (u *unzipped) rewind() error {
	u.at, u.last, u.reader, u.complete = 0, nil, nil, false
	if _, err := u.opened.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r, err := gzip.NewReader(bufio.NewReaderSize(u.opened.File, 16<<10))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF // nothing yet
	}
	if err == nil {
		u.reader = r
	}
	return err
}

// next reads on. Where more can only be found by reading again, it has no reader afterwards.
func (u *unzipped) next(p []byte) (int, error) {
	n, err := u.reader.Read(p)
	u.at += int64(n)
	u.last = append(u.last, p[:n]...)
	if over := len(u.last) - u.keep; over > u.keep {
		u.last = append(u.last[:0], u.last[over:]...)
	}
	if err == nil {
		return n, nil
	}
	u.complete, u.damage = errors.Is(err, io.EOF), nil
	if _, failed := errors.AsType[*fs.PathError](err); failed {
		return n, err // the file cannot be read
	}
	u.reader, u.short = nil, 0
	if errors.Is(err, io.ErrUnexpectedEOF) {
		u.short, _ = u.opened.Seek(0, io.SeekCurrent) // where it cannot be told, it is read again at once
	}
	if !u.complete && !errors.Is(err, io.ErrUnexpectedEOF) {
		u.complete, u.damage = true, err
	}
	return n, io.EOF
}
