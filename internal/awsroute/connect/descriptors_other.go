//go:build !unix

package connect

// descriptors is how many files the process may have open; there is no limit to speak of.
func descriptors() int { return MaxConnections * descriptorsPerPlace }
