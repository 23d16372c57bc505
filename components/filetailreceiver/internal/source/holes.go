package source

import (
	"errors"
	"io"
)

const (
	// searchAtOnce is how much is looked through for the end of a hole before others have their turn, in bytes.
	searchAtOnce = 256 << 20
	searchChunk  = 256 << 10
)

// zeros are bytes of a file that were seen to be NUL, by a search that goes on.
type zeros struct{ from, to int64 }

// AfterHole is the first place from at on that is not NUL. found is false where there is none: next is then how far was looked,
// which is the text's end or, with more, a bound. Holes of sparse files are passed without being read where the system tells them.
func (t *Text) AfterHole(at int64) (next int64, found, more bool, err error) {
	next = at
	if t.zeros.from <= at && at < t.zeros.to { // what was looked through before is NUL, unless it was written to
		var first [1]byte
		if n, err := t.ReadAt(first[:], at); n == 1 && first[0] == 0 {
			next = t.zeros.to
		} else if err != nil && !errors.Is(err, io.EOF) {
			return at, false, false, err
		}
	}
	began := next
	var buffer []byte
	for next-began < searchAtOnce {
		if !t.Archive() {
			size, err := t.opened.Seek(0, io.SeekEnd) // before what is written meanwhile
			if err != nil {
				return at, false, false, err
			}
			data, none := t.data(next)
			if none {
				t.zeros = zeros{}
				return max(next, size), false, false, nil
			}
			began += data - next
			next = data
		}
		if buffer == nil {
			buffer = make([]byte, searchChunk)
		}
		n, err := ReadFull(t, buffer, next)
		if err != nil {
			return at, false, false, err
		}
		text := next
		next += int64(NULs(buffer[:n]))
		if found := next < text+int64(n); found || n < len(buffer) {
			t.zeros = zeros{}
			return next, found, false, nil
		}
	}
	t.zeros = zeros{at, next}
	return next, false, true, nil
}

// NULs is how many NUL bytes a text begins with.
func NULs(text []byte) int {
	n := 0
	for len(text)-n >= len(block) && [len(block)]byte(text[n:]) == block {
		n += len(block)
	}
	for n < len(text) && text[n] == 0 {
		n++
	}
	return n
}

// block is what NULs compares with at once.
var block [512]byte
