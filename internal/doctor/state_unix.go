//go:build !windows

package doctor

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	readRemedy   = "give this user the right to read them: setfacl -m u:USER:r FILE, or the group that owns them"
	searchRemedy = "give this user the right to search the folder: setfacl -m u:USER:rx FOLDER"
	writeRemedy  = "give it to the collector's user (chown), or run doctor as that user"
)

// canWrite asks the kernel, with the rights that a write would have.
func canWrite(folder string) error {
	return unix.Faccessat(unix.AT_FDCWD, folder, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

func spaceAt(folder string) (space, error) {
	var s unix.Statfs_t
	var err error
	for { // statfs may be interrupted by a signal
		if err = unix.Statfs(folder, &s); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return space{}, err
	}
	block := uint64(s.Bsize)
	return space{
		free: uint64(s.Bavail) * block, total: s.Blocks * block,
		inodes: s.Ffree, countsInodes: s.Files > 0,
	}, nil
}

// ownership is who owns a file and its mode, in brackets.
func ownership(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	owner := "?"
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = name(user.LookupId, s.Uid, func(u *user.User) string { return u.Username }) + ":" +
			name(user.LookupGroupId, s.Gid, func(g *user.Group) string { return g.Name })
	}
	return fmt.Sprintf(" (%s, %s)", owner, info.Mode())
}

func name[T any](lookup func(string) (T, error), id uint32, of func(T) string) string {
	text := strconv.FormatUint(uint64(id), 10)
	found, err := lookup(text)
	if err != nil {
		return text
	}
	return of(found)
}
