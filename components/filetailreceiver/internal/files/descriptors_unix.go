//go:build unix

package files

import "golang.org/x/sys/unix"

// tooMany are the errors of the process and of the system.
var tooMany = []error{unix.EMFILE, unix.ENFILE}

// descriptorLimit is how many files the process may have open.
func descriptorLimit() (limit int, ok bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return int(min(uint64(r.Cur), 1<<30)), true
}
