//go:build !windows

package statefolder

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Suspicious says what makes a folder of state one that others may change, or nil.
func Suspicious(folder string) error {
	var of unix.Stat_t
	if err := unix.Stat(folder, &of); err != nil {
		return nil // whoever uses it says so
	}
	switch {
	case of.Mode&0o022 != 0 && of.Mode&unix.S_ISVTX == 0, of.Mode&0o022 != 0 && of.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("others may write to %s (mode %04o), and so choose what the collector takes for delivered: chmod go-w %s", folder, of.Mode&0o7777, folder)
	case of.Uid != 0 && of.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("%s belongs to the user %d, and the collector runs as %d: what that user changes there, the collector takes for its own", folder, of.Uid, os.Geteuid())
	}
	return nil
}
