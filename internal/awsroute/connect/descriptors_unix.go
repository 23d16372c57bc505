//go:build unix

package connect

import "syscall"

// descriptors is how many files the process may have open.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return MaxConnections * descriptorsPerPlace
	}
	return int(min(uint64(limit.Cur), 1<<30))
}
