package files

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// inherited are the files that the process had open when it began: they are somebody else's.
var inherited = writable(3)

// writing are the regular files that this process has open for writing. True are those that it also reads, such as databases;
// the others, and its standard output and error, are logs.
func writing() map[ID]bool {
	own := writable(0)
	for id := range inherited {
		delete(own, id)
	}
	return own
}

// writable are the regular files that are open for writing under descriptors from first on.
func writable(first int) map[ID]bool {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	own := map[ID]bool{}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd < first {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY {
			continue
		}
		var st unix.Stat_t
		if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		id := ID{Device: uint64(st.Dev), Inode: st.Ino}
		own[id] = own[id] || fd > 2 && flags&unix.O_ACCMODE == unix.O_RDWR
	}
	return own
}
