// Package programs writes programs for tests that run them.
package programs

import (
	"os"
	"syscall"
)

// Write writes a program. Nothing forks meanwhile: a child would have a copy of the file that is open for writing until
// its exec, and whoever runs the program then is told "text file busy".
func Write(path, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(text), 0o755) //nolint:gosec // a program has to be executable
}
