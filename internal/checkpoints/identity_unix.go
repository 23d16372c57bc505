//go:build unix

package checkpoints

import (
	"fmt"
	"os"
	"syscall"
)

// identity is a file's device and inode.
func identity(f *os.File, info os.FileInfo) (device, inode uint64, err error) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("the system does not tell the inode of %s", f.Name())
	}
	return uint64(s.Dev), s.Ino, nil
}
