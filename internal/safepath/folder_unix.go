//go:build unix

package safepath

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// folder is an open folder that is being listed.
type folder struct {
	*os.File
	rules *Rules
	st    unix.Stat_t
	path  string
}

// openFolder opens a folder for a list of what it has.
func (r *Rules) openFolder(path string) (*folder, error) {
	f, err := r.resolve(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if !f.info.Mode.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: unix.ENOTDIR}
	}
	dir, err := retry(func() (int, error) {
		return unix.Openat(f.last.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &folder{os.NewFile(uintptr(dir), path), r, f.last.st, path}, nil
}

func (f *folder) id() ID { return ID{uint64(f.st.Dev), uint64(f.st.Ino)} }

// look says what a name in the folder is. A link is only followed where the rules let it be.
func (f *folder) look(name string) (Info, error) {
	var st unix.Stat_t
	if _, err := retry(func() (int, error) {
		return 0, unix.Fstatat(int(f.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	}); err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: filepath.Join(f.path, name), Err: err}
	}
	path := filepath.Join(f.path, name)
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFLNK:
		n, err := f.rules.resolve(path)
		if err != nil {
			return Info{}, err
		}
		defer n.close()
		n.info.Link = true
		return n.info, nil
	case unix.S_IFREG:
		if st.Dev != f.st.Dev { // a file of another file system was mounted here
			return f.rules.Look(path)
		}
		if err := f.rules.hardLink(path, &st, &f.st, path); err != nil {
			return Info{}, err
		}
	}
	info := infoOf(&st)
	info.Resolved = path
	return info, nil
}

// list is the names of what comes next in the folder, and io.EOF at its end.
func (f *folder) list(n int) ([]fs.DirEntry, error) {
	entries, err := f.ReadDir(n)
	if len(entries) > 0 && !errors.Is(err, io.EOF) && err != nil {
		err = nil // the rest of them tells
	}
	return entries, err
}

// Linked reports whether an open file still has a name.
func Linked(f *os.File) bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.Fd()), &st) != nil || st.Nlink > 0
}
