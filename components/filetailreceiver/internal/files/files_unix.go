//go:build unix

package files

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// identifier reads identities.
type identifier struct{}

func (identifier) of(path string, info fs.FileInfo) (ID, error) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ID{}, fmt.Errorf("the system does not tell the inode of %s", path)
	}
	return ID{Device: uint64(s.Dev), Inode: s.Ino}, nil
}

func identityOf(f *os.File, info fs.FileInfo) (ID, error) { return identifier{}.of(f.Name(), info) }

// open never waits for a writer of a pipe.
func open(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) }

// Linked tells whether a file still has a name.
func Linked(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return true
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || s.Nlink > 0
}
