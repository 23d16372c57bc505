//go:build !linux

package boltdb

// limitMemory has nothing to do: Go's own limit is left.
func limitMemory(uint64) {}
