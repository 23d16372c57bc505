package safepath

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// unused takes a lease of a file that is open for reading: the kernel gives none while somebody has it open for writing
// (fcntl(2)). It ends when the file is closed; who opens it for writing meanwhile waits until then.
func unused(path string, f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN):
		return ErrInUse
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return unknownUse(path, "a lease is for the owner of a file")
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS):
		return unknownUse(path, "this file system has no leases")
	}
	return &fs.PathError{Op: "lease", Path: path, Err: err}
}

// inUse reports whether somebody waits to open a file for writing of which there is a lease.
func inUse(f *os.File) bool {
	lease, err := unix.FcntlInt(f.Fd(), unix.F_GETLEASE, 0)
	return err != nil || lease != unix.F_RDLCK
}

// Writers reports whether somebody has a file open for writing that is open for reading, as far as that is known.
func Writers(f *os.File) (some, known bool) {
	err := unused("", f)
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		return false, err == nil
	}
	return true, errors.Is(err, ErrInUse)
}
