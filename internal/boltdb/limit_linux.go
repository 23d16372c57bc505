package boltdb

import "golang.org/x/sys/unix"

// limitMemory makes the kernel refuse more than that many bytes. The mapped database does not count.
func limitMemory(bytes uint64) {
	limit := unix.Rlimit{Cur: bytes, Max: bytes}
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &limit) // Go's own limit is left
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
