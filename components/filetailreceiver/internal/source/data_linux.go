package source

import (
	"errors"
	"syscall"
)

// seekData is SEEK_DATA of lseek(2): the next place that is no hole.
const seekData = 3

// data is the next place from at on that is no hole of a sparse file, as far as its file system tells; none: there is none.
func (t *Text) data(at int64) (next int64, none bool) {
	next, err := t.opened.Seek(at, seekData)
	switch {
	case errors.Is(err, syscall.ENXIO):
		return at, true
	case err != nil || next < at:
		return at, false
	}
	return next, false
}
