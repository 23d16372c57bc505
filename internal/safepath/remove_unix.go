//go:build unix

package safepath

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// own is a folder without links, all of which have to be root's or the program's user's.
func (r *Rules) own(folder string) (string, error) {
	f, _, err := r.walk(folder, func(link string, owner uint32) error {
		if owner != 0 && owner != uint32(os.Geteuid()) {
			return throughLink(link)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	defer f.close()
	return f.info.Resolved, nil
}

// Remove removes a file if its identity is the one that is given, nobody has it open for writing, and may, which is asked last,
// agrees. It goes through no link below base, and removes none.
func (r *Rules) Remove(base, path string, id ID, may func(Info) bool) error {
	place, err := r.placeOf(base, path)
	if err != nil {
		return err
	}
	f, unsure, err := r.walk(place, func(link string, _ uint32) error { return throughLink(link) })
	if err != nil {
		return err
	}
	defer f.close()
	if err := r.judge(path, f, unsure); err != nil {
		return err
	}
	if f.info.ID != id || !f.info.Mode.IsRegular() {
		return ErrChanged
	}
	file, err := openBelow(f.folder().fd, &f.last, path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only looked at
	if err := unused(path, file); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if !may(infoOf(&st)) || inUse(file) {
		return ErrChanged
	}
	var named unix.Stat_t
	err = unix.Fstatat(f.folder().fd, f.last.name, &named, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) || err == nil && (named.Dev != st.Dev || named.Ino != st.Ino) {
		return ErrChanged
	}
	if err == nil {
		err = unix.Unlinkat(f.folder().fd, f.last.name, 0)
	}
	if err != nil {
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	return nil
}
