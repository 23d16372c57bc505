// Package source is the text of log files: their bytes, or what an archive of gzip has. It tells archives by their first bytes,
// and where a file has text again after a hole.
package source

import (
	"errors"
	"io"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// Compression says which files are read as archives.
type Compression int

// Which files are read as archives.
const (
	// Plain reads none, and leaves archives out.
	Plain Compression = iota
	// Auto reads those that are archives of gzip by their first bytes, and leaves other archives out.
	Auto
	// Always reads each file as an archive of gzip.
	Always
)

// Text is the text of an open file. One goroutine uses it at a time.
type Text struct {
	opened      *files.Opened
	compression Compression
	format      Format
	keep        int
	unzipped    *unzipped
	zeros       zeros
}

// New is the text of a file. keep is how much of an archive's text can be read again without beginning again, in bytes.
func New(f *files.Opened, c Compression, keep int) *Text {
	return &Text{opened: f, compression: c, keep: keep}
}

// File is what is open.
func (t *Text) File() *files.Opened { return t.opened }

// Close closes the file.
func (t *Text) Close() error { return t.opened.Close() }

// Archive reports whether the file, of which something was read, is an archive: its size is not that of its text.
func (t *Text) Archive() bool { return t.compression == Always || t.format != None }

// LeftOut is the format of the file if it is an archive that is not read, and None otherwise.
func (t *Text) LeftOut() Format {
	if t.compression == Always || t.compression == Auto && t.format == Gzip {
		return None
	}
	return t.format
}

// Complete reports whether nothing is added to an archive's text, as far as its end tells.
func (t *Text) Complete() bool { return t.unzipped != nil && t.unzipped.complete }

// Growing reports whether an archive is being written, and better read later.
func (t *Text) Growing(now time.Time) bool { return t.unzipped != nil && t.unzipped.growing(now) }

// Damage is why the text of an archive ends before the archive does, or nil.
func (t *Text) Damage() error {
	if t.unzipped == nil {
		return nil
	}
	return t.unzipped.damage
}

// ReadAt is that of io.ReaderAt. The text of an archive that is left out is empty, and so is that of a file whose first bytes
// may yet become an archive's.
func (t *Text) ReadAt(p []byte, at int64) (int, error) {
	if at == 0 && t.compression != Always {
		if err := t.recognise(); err != nil {
			return 0, err
		}
	}
	switch {
	case t.LeftOut() != None:
		return 0, io.EOF
	case t.Archive():
		if t.unzipped == nil {
			t.unzipped = &unzipped{opened: t.opened, keep: t.keep}
		}
		return t.unzipped.ReadAt(p, at)
	}
	return t.opened.ReadAt(p, at)
}

// Forget drops what is kept of an archive's text before a place, which is not read again.
func (t *Text) Forget(before int64) {
	if t.unzipped != nil {
		t.unzipped.forget(before)
	}
}

// recognise finds out what the file is, which is another when its content was replaced.
func (t *Text) recognise() error {
	var head [longestMagic]byte
	n, err := t.opened.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	t.zeros = zeros{}
	if format := FormatOf(head[:n]); format != t.format {
		t.format, t.unzipped = format, nil
	}
	return nil
}

// ReadFull reads until the text ends or p is full. The end is no error.
func ReadFull(t io.ReaderAt, p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		got, err := t.ReadAt(p[n:], at+int64(n))
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
