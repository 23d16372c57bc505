package safepath

import (
	"golang.org/x/sys/unix"
)

func openRoot() (node, error) {
	fd, err := retry(func() (int, error) { return unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return node{fd: -1}, err
	}
	n := node{fd: fd}
	if err := unix.Fstat(fd, &n.st); err != nil {
		n.close()
		return node{fd: -1}, err
	}
	return n, nil
}

// child opens a name in a folder, also one that is a link, for looking at it alone.
func child(folder int, name string) (node, error) {
	fd, err := retry(func() (int, error) { return unix.Openat(folder, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0) })
	if err != nil {
		return node{fd: -1}, err
	}
	n := node{fd: fd}
	if err = unix.Fstat(fd, &n.st); err == nil && n.kind() == unix.S_IFLNK {
		n.target, err = readlink(fd, "")
	}
	if err != nil {
		n.close()
		return node{fd: -1}, err
	}
	return n, nil
}

func readlink(fd int, name string) (string, error) {
	text := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, name, text)
	if err != nil {
		return "", err
	}
	return string(text[:n]), nil
}

// systems are file systems that show what the kernel and its parts have, by their magic numbers (statfs(2), magic.h).
// Nobody writes log files there, and reading some of it tells secrets or changes something.
var systems = map[int64]string{
	unix.PROC_SUPER_MAGIC: "proc", unix.SYSFS_MAGIC: "sysfs", unix.DEBUGFS_MAGIC: "debugfs", unix.TRACEFS_MAGIC: "tracefs",
	unix.SECURITYFS_MAGIC: "securityfs", unix.SELINUX_MAGIC: "selinuxfs", unix.SMACK_MAGIC: "smackfs", unix.CGROUP_SUPER_MAGIC: "cgroup",
	unix.CGROUP2_SUPER_MAGIC: "cgroup2", unix.BPF_FS_MAGIC: "bpf", unix.EFIVARFS_MAGIC: "efivarfs", unix.PSTOREFS_MAGIC: "pstore",
	unix.BINFMTFS_MAGIC: "binfmt_misc", unix.DEVPTS_SUPER_MAGIC: "devpts", unix.NSFS_MAGIC: "nsfs", unix.RDTGROUP_SUPER_MAGIC: "resctrl",
	unix.SOCKFS_MAGIC: "sockfs", unix.PIPEFS_MAGIC: "pipefs", unix.ANON_INODE_FS_MAGIC: "anon_inode", unix.XENFS_SUPER_MAGIC: "xenfs",
	unix.OPENPROM_SUPER_MAGIC: "openprom", 0x62656570: "configfs", 0x19800202: "mqueue", 0x65735543: "fusectl", 0x67596969: "rpc_pipefs",
	0x5a3c69f0: "apparmorfs", 0x53434652: "secretmem",
}

// systemKind names the file system of something that is open, if it shows the system's state.
func systemKind(fd, _ int) string {
	var s unix.Statfs_t
	if fd < 0 || unix.Fstatfs(fd, &s) != nil {
		return ""
	}
	return systems[int64(s.Type)]
}
