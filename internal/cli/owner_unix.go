//go:build !windows

package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// collectorUsers are the users that the collector of this host may run as: root, this process's, and the owner of the
// state folder.
func collectorUsers() []int {
	users := []int{0}
	if own := os.Geteuid(); own != 0 {
		users = append(users, own)
	}
	if info, err := os.Stat(filepath.Dir(reload.DefaultStateDir())); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && !slices.Contains(users, int(owner.Uid)) {
			users = append(users, int(owner.Uid))
		}
	}
	return users
}

// giveToOwner makes what root wrote into a folder that of the folder's owner: the collector is not root.
func giveToOwner(folder string) error {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 || os.Geteuid() != 0 {
		return nil
	}
	root, err := os.OpenRoot(folder) // a link in it leads nowhere else
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it was read
	return fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if of, ok := info.Sys().(*syscall.Stat_t); !ok || of.Uid != 0 {
			return nil
		}
		return root.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}
