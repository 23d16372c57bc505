package statefolder

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func openLock(path string, write bool) (*os.File, error) {
	if write {
		return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	}
	return os.Open(path)
}

// lockedByte is far behind the number of the process, which others have to be able to read.
const lockedByte = 1 << 20

// lock reports whether another process has the lock.
func lock(f *os.File) (held bool, err error) {
	at := windows.Overlapped{Offset: lockedByte}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	return errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING), err
}

// unlock has nothing to do: children get no handles that they are not given.
func unlock(*os.File) error { return nil }
