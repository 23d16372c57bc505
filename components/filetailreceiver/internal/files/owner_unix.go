//go:build unix

package files

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Owner names who owns a file, and its permissions in octal, such as 0644. Who has no name is given by number.
func Owner(path string) (owner, group, permissions string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", "", err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", "", "", fmt.Errorf("the system does not tell the owner of %s", path)
	}
	owner, group = strconv.FormatUint(uint64(s.Uid), 10), strconv.FormatUint(uint64(s.Gid), 10)
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group, fmt.Sprintf("%04o", info.Mode().Perm()), nil
}
