//go:build linux

package routes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	// namePrefix starts the names of all namespaces of this package: PREFIX-PID-NUMBER-ROLE.
	namePrefix = "ocw-lab"
	// namespaces is where iproute2 mounts them, namespaceFiles where it looks for their own /etc files.
	namespaces     = "/var/run/netns"
	namespaceFiles = "/etc/netns"
	// requireVariable makes a missing precondition a failure, for the machines that must have it.
	requireVariable = "OTELCOL_CLOUDWATCH_REQUIRE_NETNS"
)

// A thread that entered a namespace ends with its goroutine. The process's first thread cannot end: it
// would stay in the namespace, and with it what /proc/self shows. So it is kept for the main goroutine.
func init() { runtime.LockOSThread() }

// labs numbers the laboratories of this process.
var labs atomic.Int64

// labName starts the names of the namespaces of one laboratory, of this process or of another.
func labName() string { return fmt.Sprintf("%s-%d-%d-", namePrefix, os.Getpid(), labs.Add(1)) }

// needNamespaces skips the test where no namespace can be made, and removes once what killed runs left.
func needNamespaces(t testing.TB) {
	t.Helper()
	err := namespacesUsable()
	switch {
	case err == nil:
	case os.Getenv(requireVariable) == "1":
		t.Fatalf("%s=1, but %v", requireVariable, err)
	default:
		t.Skipf("no network namespaces here: %v", err)
	}
}

var namespacesUsable = sync.OnceValue(func() error {
	if os.Geteuid() != 0 {
		return errors.New("they need root; run the tests as root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("iproute2 is missing: %w; install the package iproute2", err)
	}
	// An earlier process had this one's number, if there is anything of it already.
	if err := removeLeftovers(func(pid int) bool { return pid == os.Getpid() || gone(pid) }); err != nil {
		return err
	}
	if err := os.MkdirAll(namespaceFiles, 0o755); err != nil {
		return err
	}
	probe := &namespace{name: fmt.Sprintf("%s-%d-0-probe", namePrefix, os.Getpid())}
	err := probe.open()
	if err == nil {
		err = ip(probe.name, "link add probe1 type veth peer name probe2", "rule add from 192.0.2.2 lookup 100")
	}
	return errors.Join(err, probe.remove())
})

// ip runs lines of the ip command in a namespace, or in the process's own where it is "". The first
// that fails ends it.
func ip(namespace string, lines ...string) error {
	if namespace == "" {
		return ipBatch(nil, lines)
	}
	return ipBatch([]string{"-n", namespace}, lines)
}

// ip6 is ip for lines that would otherwise mean IPv4, such as rules.
func ip6(namespace string, lines ...string) error {
	return ipBatch([]string{"-6", "-n", namespace}, lines)
}

func ipBatch(options, lines []string) error {
	command := exec.Command("ip", append(options, "-batch", "-")...)
	command.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s: %s, of the lines\n%s", err, command, strings.TrimSpace(string(out)), strings.Join(lines, "\n"))
	}
	return nil
}

// gone is whether there is no process of a number.
func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// removeLeftovers removes the namespaces of runs that were killed.
func removeLeftovers(killed func(pid int) bool) error {
	var errs []error
	for _, folder := range []string{namespaces, namespaceFiles} {
		found, err := filepath.Glob(filepath.Join(folder, namePrefix+"-*"))
		errs = append(errs, err)
		for _, path := range found {
			number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), namePrefix+"-"), "-")
			pid, err := strconv.Atoi(number)
			if err != nil || !killed(pid) {
				continue
			}
			if folder == namespaces {
				err = ip("", "netns del "+filepath.Base(path))
			} else {
				err = os.RemoveAll(path)
			}
			if !errors.Is(err, os.ErrNotExist) && exists(path) { // another run may remove it at the same time
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// namespace is one network namespace.
type namespace struct {
	name string
	file *os.File
}

// newNamespace makes a namespace that ends with the test, and its files, which `ip netns exec` mounts
// over those in /etc for the processes in it.
func newNamespace(t testing.TB, name string, files map[string]string) *namespace {
	t.Helper()
	n := &namespace{name: name}
	t.Cleanup(func() { // before anything is made: what is half made is removed as well
		if err := n.remove(); err != nil {
			t.Errorf("remove the namespace %s: %v", name, err)
		}
	})
	require.NoError(t, n.open())
	folder := filepath.Join(namespaceFiles, name)
	if len(files) > 0 {
		require.NoError(t, os.MkdirAll(folder, 0o755))
	}
	for file, text := range files {
		if !exists(filepath.Join("/etc", file)) {
			continue // there is nothing that it could be mounted over
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644))
	}
	return n
}

// open makes the namespace, silent.
func (n *namespace) open() error {
	if err := ip("", "netns add "+n.name); err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(namespaces, n.name))
	if err != nil {
		return err
	}
	n.file = file
	return n.do(func() error { return set(quietSettings) })
}

func (n *namespace) remove() error {
	if n.file != nil {
		_ = n.file.Close()
	}
	var err error
	if path := filepath.Join(namespaces, n.name); exists(path) {
		err = ip("", "netns del "+n.name)
	}
	return errors.Join(err, os.RemoveAll(filepath.Join(namespaceFiles, n.name)))
}

// quietSettings keep a kernel from sending anything of its own accord, and let answers come in on
// another link than the one that the main table would take.
var quietSettings = map[string]string{
	"net/ipv4/conf/all/rp_filter":                "0",
	"net/ipv4/conf/default/rp_filter":            "0",
	"net/ipv4/icmp_ratelimit":                    "0",
	"net/ipv6/conf/all/disable_ipv6":             "0",
	"net/ipv6/conf/default/disable_ipv6":         "0",
	"net/ipv6/conf/default/accept_ra":            "0",
	"net/ipv6/conf/default/router_solicitations": "0",
	"net/ipv6/conf/default/dad_transmits":        "0",
	"net/ipv6/conf/default/addr_gen_mode":        "1", // no link-local address
}

// set writes kernel settings of the calling thread's namespace.
func set(settings map[string]string) error {
	for name, value := range settings {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// do calls f on a thread of its own inside the namespace. Sockets that f opens stay there; goroutines
// that it starts do not. The thread is never unlocked, so that it ends with the goroutine.
func (n *namespace) do(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- fmt.Errorf("enter the namespace %s: %w", n.name, err)
			return
		}
		result <- f()
	}()
	return <-result
}

// bind binds a socket to a device of its namespace, as `source: eth1` does; "" binds to none.
func bind(device string) func(network, address string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		if device == "" {
			return nil
		}
		var err error
		if failed := raw.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), device) }); failed != nil {
			return failed
		}
		return err
	}
}

// listen opens a TCP listener inside the namespace. Once its Close returns, it and what it accepted are closed.
func (n *namespace) listen(address netip.AddrPort, device string) (net.Listener, error) {
	var socket net.Listener
	err := n.do(func() (err error) {
		config := net.ListenConfig{Control: bind(device)}
		socket, err = config.Listen(context.Background(), "tcp", address.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return newListener(socket.(*net.TCPListener)), nil
}

// listenPacket opens a UDP socket inside the namespace. Once its Close returns, it is closed.
func (n *namespace) listenPacket(address netip.AddrPort) (net.PacketConn, error) {
	var socket net.PacketConn
	err := n.do(func() (err error) {
		config := net.ListenConfig{Control: reusable}
		socket, err = config.ListenPacket(context.Background(), "udp", address.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return packetListener{socket.(*net.UDPConn)}, nil
}

// dial connects from inside the namespace. The address is an IP address with a port: looking up a name
// would be another goroutine's work, outside.
func (n *namespace) dial(ctx context.Context, dialer net.Dialer, network string, address netip.AddrPort) (conn net.Conn, err error) {
	err = n.do(func() error {
		conn, err = dialer.DialContext(ctx, network, address.String())
		return err
	})
	return conn, err
}
