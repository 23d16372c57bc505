//go:build !windows

package reload

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// trust refuses what another user may have written: a configuration runs programs with this process's rights.
func trust(info fs.FileInfo) error {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if own := os.Geteuid(); int(s.Uid) != own && s.Uid != 0 {
		return fmt.Errorf("it belongs to uid %d, and this process is uid %d: give it to that user", s.Uid, own)
	}
	const othersWrite = 0o002
	if info.Mode().Perm()&othersWrite != 0 {
		return fmt.Errorf("every user may write it (%s): take that right away, or remove it", info.Mode().Perm())
	}
	return nil
}

// syncFolder makes renames outlive a power cut.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_ = f.Sync() // some file systems cannot, and the file itself was synced
	return nil
}
