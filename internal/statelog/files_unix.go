//go:build !windows

package statelog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// owners are the users whose files are read.
type owners []uint32

// ownersOf are root, the process's user and the owner of the folder: a file of anybody else was planted.
func ownersOf(folder string) (owners, error) {
	var of unix.Stat_t
	if err := unix.Lstat(folder, &of); err != nil {
		return nil, err
	}
	if of.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil, fmt.Errorf("%s is not a folder", folder)
	}
	return owners{0, uint32(os.Geteuid()), of.Uid}, nil
}

// openFile opens a file to be read. It follows no link, waits for no pipe, and takes regular files of the owners alone.
func openFile(path string, o owners) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.ELOOP) {
			return nil, errors.New("is a link, which is not followed here")
		}
		return nil, err
	}
	var of unix.Stat_t
	err = unix.Fstat(fd, &of)
	switch {
	case err != nil:
	case of.Mode&unix.S_IFMT != unix.S_IFREG:
		err = errors.New("is not a regular file")
	case !slices.Contains(o, of.Uid):
		err = fmt.Errorf("belongs to the user %d, who is neither root, nor the collector's user, nor the folder's owner", of.Uid)
	}
	if err != nil {
		_ = unix.Close(fd) // nothing was written
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// createFile makes a file that nobody else can read. It is an error where one is there.
func createFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := GiveToOwner(path); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// GiveToOwner makes what root has made in a folder that of the folder's owner: a collector that somebody ran as root must not
// leave state that the service cannot read.
func GiveToOwner(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	var of unix.Stat_t
	if err := unix.Lstat(filepath.Dir(path), &of); err != nil || of.Uid == 0 {
		return err
	}
	return os.Lchown(path, int(of.Uid), int(of.Gid))
}

// reopenFile opens a file that was read to be written, too. It is an error where another one has its name.
func reopenFile(path string, as *os.File) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return sameFile(f, as)
}

// syncFolder makes the names in a folder last over a power cut.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
