package tail

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// source is a file's text.
type source interface {
	// ReadAt is that of io.ReaderAt.
	ReadAt(p []byte, at int64) (int, error)
	Close() error
	// file is what is open.
	file() *files.Opened
}

// readFull reads until the text ends or p is full. The end is no error.
func readFull(s source, p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		got, err := s.ReadAt(p[n:], at+int64(n))
		n += got
		if errors.Is(err, io.EOF) || err == nil && got == 0 {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// opener opens files.
type opener struct {
	// open is the Finder's Open.
	open func(path string) (*files.Opened, error)
}

// source opens a file. keep is how much of a compressed text can be read again without beginning again, in bytes.
func (o *opener) source(path string, zipped bool, keep int) (source, error) {
	f, err := o.open(path)
	if err != nil {
		return nil, err
	}
	if zipped {
		return &unzipped{opened: f, keep: keep}, nil
	}
	return plain{f}, nil
}

// has tells whether the file of a name is compressed.
func (g Gzip) has(path string) bool {
	return g == Always || g == ByName && strings.HasSuffix(strings.ToLower(path), ".gz")
}

type plain struct{ *files.Opened }

func (p plain) file() *files.Opened { return p.Opened }

// unzipped is the text of a gzip file. Its reader goes forwards; to go back it begins again.
type unzipped struct {
	opened *files.Opened
	reader *gzip.Reader
	at     int64
	last   []byte // the text before at
	keep   int    // how much of it there may be
}

func (u *unzipped) file() *files.Opened { return u.opened }
func (u *unzipped) Close() error        { return u.opened.Close() }

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
	for u.at < at { // to the place
		skip := make([]byte, min(at-u.at, 64<<10))
		got, err := u.next(skip)
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
	u.at, u.last, u.reader = 0, nil, nil
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

func (u *unzipped) next(p []byte) (int, error) {
	n, err := u.reader.Read(p)
	u.at += int64(n)
	u.last = append(u.last, p[:n]...)
	if over := len(u.last) - u.keep; over > u.keep {
		u.last = append(u.last[:0], u.last[over:]...)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		u.reader, err = nil, io.EOF // more can only be found by reading again
	}
	return n, err
}
