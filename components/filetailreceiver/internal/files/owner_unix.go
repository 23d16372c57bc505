//go:build unix

package files

import (
	"fmt"
	"os/user"
)

// Owner names who owns a file that was opened, and its permissions in octal, such as 0644. Who has no name is given by number.
func Owner(f Info) (owner, group, permissions string) {
	owner, group = f.Owner, f.Group
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group, fmt.Sprintf("%04o", f.Mode.Perm())
}
