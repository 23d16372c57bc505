package safepath

import "golang.org/x/sys/unix"

// systems are file systems that show what the kernel has, by their names.
var systems = map[string]bool{"devfs": true, "fdesc": true, "procfs": true}

// systemKind names the file system of something, or of its folder where it is not open.
func systemKind(fd, folder int) string {
	if fd < 0 {
		fd = folder
	}
	var s unix.Statfs_t
	if fd < 0 || unix.Fstatfs(fd, &s) != nil {
		return ""
	}
	if kind := unix.ByteSliceToString(s.Fstypename[:]); systems[kind] {
		return kind
	}
	return ""
}
