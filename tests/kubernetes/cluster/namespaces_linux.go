package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// programs that come from Debian, and their packages.
var packages = map[string]string{
	"etcd":                "etcd-server",
	"containerd":          "containerd",
	"ctr":                 "containerd",
	"runc":                "runc",
	"/usr/lib/cni/bridge": "containernetworking-plugins",
	"ip":                  "iproute2",
}

// missing says what this machine has not, or nothing.
func missing() string {
	if os.Geteuid() != 0 {
		return "a cluster needs root: its kubelet makes control groups and mounts"
	}
	lacking := map[string]bool{}
	for program, name := range packages {
		if _, err := exec.LookPath(program); err != nil {
			lacking[name] = true
		}
	}
	if len(lacking) == 0 {
		return ""
	}
	var names []string
	for _, name := range []string{"etcd-server", "containerd", "runc", "containernetworking-plugins", "iproute2"} {
		if lacking[name] {
			names = append(names, name)
		}
	}
	return "a cluster needs Debian's packages: apt-get install " + strings.Join(names, " ")
}

// rerun runs this program again in namespaces of its own, and says how it ended. With it end all processes that it began.
func rerun(environment ...string) (code int, err error) {
	runtime.LockOSThread() // Pdeathsig is about the thread
	command := exec.Command("/proc/self/exe", os.Args[1:]...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// settle makes the new namespaces a node: folders that the node's programs write to are below dir, and the network has
// the address at which pods find the API server.
func settle(dir string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts of its own: %w", err)
	}
	// As systemd does: the collector asks for mounts that come later.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("shared mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("/proc of its own: %w", err)
	}
	// The kubelet sets these for the whole machine; here it sets them in files.
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"} {
		path, own := "/proc/sys/"+name, filepath.Join(dir, "sysctl", name)
		value, err := os.ReadFile(path)
		if err != nil {
			continue // this kernel does not have it, so that the kubelet cannot set it
		}
		if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(own, value, 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(own, path, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s: %w", path, err)
		}
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("/run of its own: %w", err)
	}
	for _, path := range []string{"/var/log", "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/cni", "/var/lib/otelcol-cloudwatch", "/etc/cni"} {
		own := filepath.Join(dir, "node", path)
		for _, folder := range []string{own, path} {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		if err := syscall.Mount(own, path, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s: %w", path, err)
		}
	}
	if err := syscall.Sethostname([]byte(nodeName)); err != nil {
		return err
	}
	for _, line := range []string{
		"link set lo up",
		"address add " + apiAddress + "/32 dev lo",
		// A link that is the node's own; nobody is at its other end.
		"link add node0 type veth peer name node1",
		"address add " + nodeAddress + "/24 dev node0",
		"link set node0 up",
		"link set node1 up",
		"route add default dev node0",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, out)
		}
	}
	return nil
}

// controlGroups are the folders in which a group is made: one for each controller of version 1, one of version 2.
func controlGroups(name string) (groups []string) {
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.controllers"); err == nil {
		return []string{filepath.Join(root, name)}
	}
	folders, _ := os.ReadDir(root)
	for _, folder := range folders {
		info, err := os.Stat(filepath.Join(root, folder.Name())) // cpu may be a link to cpu,cpuacct
		if err == nil && info.IsDir() {
			groups = append(groups, filepath.Join(root, folder.Name(), name))
		}
	}
	return groups
}

// makeControlGroup makes the group below which the kubelet makes those of pods.
func makeControlGroup(name string) error {
	for _, group := range controlGroups(name) {
		if err := os.MkdirAll(group, 0o755); err != nil {
			return err
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // a group of version 1 has none at first, and takes no process
			above, err := os.ReadFile(filepath.Join(filepath.Dir(group), file))
			if err != nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(group, file), above, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeControlGroup removes it with those below.
func removeControlGroup(name string) {
	for _, group := range controlGroups(name) {
		var below []string
		_ = filepath.WalkDir(group, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				below = append(below, path)
			}
			return nil
		})
		for i := len(below) - 1; i >= 0; i-- {
			_ = os.Remove(below[i])
		}
	}
}
