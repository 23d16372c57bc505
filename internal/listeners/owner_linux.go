package listeners

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// listening is the state TCP_LISTEN of /proc/net/tcp (include/net/tcp_states.h).
	listening = "0A"
	// longestCommand is what the kernel keeps of a process's name, without the end (TASK_COMM_LEN).
	longestCommand = 15
)

// socket is a listening one.
type socket struct {
	uid   int
	inode string
}

// Of is who listens at "HOST:PORT", where connections to that address would go. It returns false where nobody does, or
// the system does not say.
func Of(address string) (Owner, bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return Owner{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Owner{}, false
	}
	var addresses []netip.Addr
	switch a, err := netip.ParseAddr(host); {
	case err == nil:
		addresses = append(addresses, a.Unmap())
	case host == "":
		addresses = append(addresses, netip.IPv4Unspecified(), netip.IPv6Unspecified())
	case host == "localhost":
		addresses = append(addresses, netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback())
	}
	for _, a := range addresses {
		if s, ok := find(a, uint16(n)); ok {
			o := Owner{UID: s.uid}
			o.PID, o.Command = process(s.inode)
			return o, true
		}
	}
	return Owner{}, false
}

// find gives the socket at an address, and otherwise one at every address.
func find(want netip.Addr, port uint16) (found socket, ok bool) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || fields[3] != listening {
				continue
			}
			local, err := parse(fields[1])
			if err != nil || local.Port() != port {
				continue
			}
			uid, err := strconv.Atoi(fields[7])
			if err != nil {
				continue
			}
			switch at := local.Addr(); {
			case at == want:
				return socket{uid, fields[9]}, true
			case at.IsUnspecified() || want.IsUnspecified():
				found, ok = socket{uid, fields[9]}, true
			}
		}
	}
	return found, ok
}

// parse reads an address of /proc/net/tcp or tcp6: words of 32 bits in the machine's order, and the port.
func parse(text string) (netip.AddrPort, error) {
	address, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if err != nil || !ok || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("%q is no address of /proc/net/tcp", text)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for word := 0; word < len(raw); word += 4 {
		binary.NativeEndian.PutUint32(raw[word:], binary.BigEndian.Uint32(raw[word:]))
	}
	a, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}

// process finds who has a socket among the processes that this one may look at.
func process(inode string) (pid int, command string) {
	name := "socket:[" + inode + "]"
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, ""
	}
	for _, file := range files {
		if to, err := os.Readlink(file); err != nil || to != name {
			continue
		}
		of := strings.Split(file, "/")[2]
		if pid, err = strconv.Atoi(of); err != nil {
			continue
		}
		text, _ := os.ReadFile("/proc/" + of + "/comm") // it may have ended
		text = bytes.TrimSpace(text)
		return pid, string(text[:min(len(text), longestCommand)])
	}
	return 0, ""
}
