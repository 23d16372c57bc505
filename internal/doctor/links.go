package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// linkSettings keep local users from making links to what they may not read, in folders where others write (proc_sys_fs(5)).
var linkSettings = []string{"protected_hardlinks", "protected_symlinks"}

// linkChecks look at the kernel's own protection against links. file_tail judges links by itself, and other programs that read
// logs, such as logrotate, do not.
func linkChecks(root string) []Check {
	if runtime.GOOS != "linux" {
		return nil
	}
	c := Check{ID: "files.links", Title: "Kernel settings for links", Status: OK, Detail: "local users cannot link to files that are not theirs"}
	var off []string
	for _, name := range linkSettings {
		text, err := os.ReadFile(filepath.Join(root, "proc/sys/fs", name))
		if err != nil {
			return []Check{notChecked(c.ID, c.Title, "fs."+name+" cannot be read: "+brief(cause(err)))}
		}
		value := strings.TrimSpace(string(text))
		c.fact("fs."+name, value)
		if value == "0" {
			off = append(off, "fs."+name)
		}
	}
	if len(off) > 0 {
		c.Status = Warning
		c.Detail = strings.Join(off, " and ") + " is 0: local users can put links to files of others into folders where they may write"
		c.Remedy = "sysctl -w " + strings.Join(off, "=1 ") + "=1, and write it into /etc/sysctl.d"
	}
	return []Check{c}
}
