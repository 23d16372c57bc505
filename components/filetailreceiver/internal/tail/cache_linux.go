package tail

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeCache tells that a part of a file needs no cache.
func freeCache(f *os.File, from, bytes int64) {
	_ = unix.Fadvise(int(f.Fd()), from, bytes, unix.FADV_DONTNEED) // advice
}
