//go:build !windows

package statefolder

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func openLock(path string, write bool) (*os.File, error) {
	how := os.O_RDONLY
	if write {
		how = os.O_RDWR | os.O_CREATE
	}
	return os.OpenFile(path, how|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
}

// lock reports whether another process has the lock.
func lock(f *os.File) (held bool, err error) {
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return errors.Is(err, unix.EWOULDBLOCK), err
		}
	}
}

// unlock gives a lock back at once. Closing the file is not enough: a child that is being started at this moment has a copy
// of it until it runs its program, and with it the lock.
func unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }
