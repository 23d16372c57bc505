//go:build unix && !linux

package safepath

import "golang.org/x/sys/unix"

func openRoot() (node, error) {
	fd, err := retry(func() (int, error) { return unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return node{fd: -1}, err
	}
	n := node{fd: fd}
	if err := unix.Fstat(fd, &n.st); err != nil {
		n.close()
		return node{fd: -1}, err
	}
	return n, nil
}

// child looks at a name in a folder. There is no O_PATH here: a link is looked at before and after it is read, a folder
// before and after it is opened, and a file is compared when it is opened.
func child(folder int, name string) (node, error) {
	n := node{fd: -1}
	if err := unix.Fstatat(folder, name, &n.st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return n, err
	}
	var again unix.Stat_t
	switch n.kind() {
	case unix.S_IFLNK:
		text := make([]byte, unix.PathMax)
		length, err := unix.Readlinkat(folder, name, text)
		if err != nil {
			return n, err
		}
		n.target = string(text[:length])
		if err := unix.Fstatat(folder, name, &again, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return n, err
		}
	case unix.S_IFDIR:
		fd, err := retry(func() (int, error) {
			return unix.Openat(folder, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		})
		if err != nil {
			return n, err
		}
		n.fd = fd
		if err := unix.Fstat(fd, &again); err != nil {
			n.close()
			return node{fd: -1}, err
		}
	default:
		return n, nil
	}
	if again.Dev != n.st.Dev || again.Ino != n.st.Ino || again.Uid != n.st.Uid {
		n.close()
		return node{fd: -1}, errMoved
	}
	return n, nil
}
