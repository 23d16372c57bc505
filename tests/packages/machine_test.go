//go:build linux

package packages

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience is how long anything may take on a slow machine; nothing is expected to.
	patience = time.Minute
	// glance is the pause between two looks at something that is awaited.
	glance = 50 * time.Millisecond
)

// boot makes the namespaces in which systemd runs, as container managers do, except for the network's: the local
// CloudWatch is on this machine's loopback. $1 is the root, $2 a folder for a cgroup2, $3 the name of the cgroup.
const boot = `
mount --make-rprivate /
mount -t cgroup2 none "$2"
mkdir "$2/$3"
echo $$ > "$2/$3/cgroup.procs"
exec unshare --pid --fork --kill-child --mount --uts --ipc --cgroup sh -ec '
  root=$1
  mount --bind "$root" "$root"
  cd "$root"
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs tmpfs run
  mount -t tmpfs -o mode=755 tmpfs dev
  mkdir dev/pts dev/shm
  for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
  ln -s /proc/self/fd dev/fd
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  pivot_root . mnt
  umount -l /mnt
  exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console
' sh "$1"
`

// machine is a clean Debian with a systemd that runs.
type machine struct {
	t    *testing.T
	root string
	init int // process of its systemd, as this machine counts
	log  *os.File
}

// packagesFolder has the packages and the root. Without it the test is skipped: it takes minutes to make.
func packagesFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("OTELCOL_CLOUDWATCH_PACKAGES")
	if folder == "" {
		t.Skip("'make test-packages' builds the packages that this needs")
	}
	return folder
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	base := filepath.Join(packagesFolder(t), "root")
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a machine of its own")
	}
	if _, err := os.Stat(base); err != nil {
		t.Skip("needs Debian's debootstrap, for a clean root")
	}
	m := &machine{t: t, root: filepath.Join(t.TempDir(), "root")}
	// A file system of its own: metrics leave out what is a part of another one.
	const fill = `truncate --size 2G "$3" && mkfs.ext4 -q -F -d "$1" "$3" && mkdir "$2" && mount -o loop "$3" "$2"`
	out, err := exec.Command("sh", "-ec", fill, "sh", base, m.root, filepath.Join(t.TempDir(), "disk")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", m.root).Run() })
	for path, text := range map[string]string{"etc/machine-id": "", "etc/fstab": "", "etc/hostname": "clean-machine\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(m.root, path), []byte(text), 0o644))
	}
	m.log, err = os.Create(filepath.Join(t.TempDir(), "boot.log"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.log.Close() })

	group := fmt.Sprintf("otelcol-packages-%d", time.Now().UnixNano())
	cgroups := t.TempDir()
	outer := exec.Command("unshare", "--mount", "sh", "-ec", boot, "sh", m.root, cgroups, group)
	outer.Stdout, outer.Stderr = m.log, m.log
	outer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, outer.Start())
	t.Cleanup(func() {
		if m.init != 0 {
			_ = syscall.Kill(m.init, syscall.SIGKILL) // and with the first process all others
		}
		_ = outer.Process.Kill()
		_ = outer.Wait()
		remove := `mount -t cgroup2 none "$1"; for i in $(seq 100); do
			find "$1/$2" -depth -type d -exec rmdir {} + 2>/dev/null && break # once all processes have ended
			sleep 0.1
		done; [ ! -d "$1/$2" ]`
		if out, err := exec.Command("unshare", "--mount", "sh", "-c", remove, "sh", cgroups, group).CombinedOutput(); err != nil {
			t.Logf("the cgroup %s is left: %v: %s", group, err, out)
		}
	})
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(m.log.Name())
			t.Logf("systemd:\n%s", text[max(0, len(text)-4<<10):])
			t.Logf("the journal:\n%s", m.output("journalctl", "--no-pager", "-n", "100", "--unit", service))
		}
	})
	await(t, "systemd to be up", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", outer.Process.Pid))
		pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
		if err != nil {
			if outer.ProcessState != nil {
				t.Fatal("the machine ended")
			}
			return false
		}
		m.init = pid
		state := strings.TrimSpace(m.output("systemctl", "is-system-running"))
		return state == "running" || state == "degraded"
	})
	return m
}

// command is one that runs in the machine.
func (m *machine) command(args ...string) *exec.Cmd {
	all := append([]string{"--target", strconv.Itoa(m.init), "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd", "--"}, args...)
	c := exec.Command("nsenter", all...)
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0"}
	return c
}

// run is a command that succeeds.
func (m *machine) run(args ...string) string {
	m.t.Helper()
	out, err := m.command(args...).CombinedOutput()
	require.NoError(m.t, err, "%s: %s", strings.Join(args, " "), out)
	return string(out)
}

// output is what a command says, whether it succeeds or not.
func (m *machine) output(args ...string) string {
	out, _ := m.command(args...).CombinedOutput()
	return string(out)
}

func (m *machine) path(path string) string { return filepath.Join(m.root, path) }

func (m *machine) write(path, text string) {
	m.t.Helper()
	require.NoError(m.t, os.WriteFile(m.path(path), []byte(text), 0o600))
}

// copyIn puts a file of this machine into the other's /root.
func (m *machine) copyIn(path string) string {
	m.t.Helper()
	to := filepath.Join("/root", filepath.Base(path))
	out, err := exec.Command("cp", path, m.path(to)).CombinedOutput()
	require.NoError(m.t, err, "%s", out)
	return to
}

// property is one of the service's, as systemd knows it.
func (m *machine) property(name string) string {
	m.t.Helper()
	return strings.TrimSpace(m.run("systemctl", "show", "--value", "--property", name, service))
}

// mainProcess is the service's process, as this machine counts, and 0 where there is none.
func (m *machine) mainProcess() int {
	m.t.Helper()
	inside := m.property("MainPID")
	if inside == "0" {
		return 0
	}
	files, err := filepath.Glob("/proc/[0-9]*/status")
	require.NoError(m.t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("\t"+inside+"\n")) {
			continue
		}
		if fields := strings.Fields(statusField(text, "NSpid")); len(fields) == 2 && fields[1] == inside && sameNamespace(fields[0], m.init) {
			pid, err := strconv.Atoi(fields[0])
			require.NoError(m.t, err)
			return pid
		}
	}
	return 0
}

func sameNamespace(pid string, as int) bool {
	a, errA := os.Readlink("/proc/" + pid + "/ns/pid")
	b, errB := os.Readlink("/proc/" + strconv.Itoa(as) + "/ns/pid")
	return errA == nil && errB == nil && a == b
}

// statusField is one of /proc/PID/status.
func statusField(status []byte, name string) string {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !reached(); time.Sleep(glance) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}
