//go:build !linux

package source

// data is the next place from at on that may be no hole.
func (t *Text) data(at int64) (next int64, none bool) { return at, false }
