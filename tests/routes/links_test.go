//go:build linux

package routes

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linkName is a link, and the name of its device at the near end: on the host, but for the uplink.
type linkName string

const (
	linkPrivate  linkName = "private"  // Direct Connect private VIF or VPN
	linkDXPublic linkName = "dxpublic" // Direct Connect public VIF
	linkInternet linkName = "internet" // the default route
	linkProxy    linkName = "proxy"    // to the HTTP proxy
	linkMgmt     linkName = "mgmt"     // to the DNS server
	linkUplink   linkName = "uplink"   // from the HTTP proxy to AWS
)

// dataLinks are the ways that data can leave the host. DNS has a link of its own, so that looking a name
// up does not count as leaving.
var dataLinks = []linkName{linkPrivate, linkDXPublic, linkInternet, linkProxy}

// opener is what listens at the far end of a link.
type opener interface {
	open() error
	close()
}

// link is a pair of devices.
type link struct {
	name      linkName
	near, far *namespace
	farDevice string
	services  []opener
	refusing  bool
}

// hardware is the address of both ends of every link: see addLink. lost is the far end's while the link
// is cut.
const (
	hardware = "02:00:00:00:00:01"
	lost     = "02:00:00:00:00:02"
)

// addLink makes a link that carries nothing but what is sent over it. Without ARP (and, with it, without
// IPv6 neighbour discovery and multicast reports) a device takes its own hardware address for that of
// every neighbour; as both ends have the same one, that is right.
func (l *lab) addLink(name linkName, near, far *namespace) {
	l.t.Helper()
	k := &link{name: name, near: near, far: far, farDevice: "at-" + string(name)}
	require.NoError(l.t, ip(near.name,
		fmt.Sprintf("link add %s address %s type veth peer name %s address %s netns %s", name, hardware, k.farDevice, hardware, far.name),
		fmt.Sprintf("link set %s arp off up", name),
	))
	require.NoError(l.t, ip(far.name, fmt.Sprintf("link set %s arp off up", k.farDevice)))
	l.links[name] = k
}

// cut makes a link lose everything, as a break somewhere on the way does: both ends stay up, what is
// sent is counted, no error comes back and nothing arrives.
func (l *lab) cut(name linkName) {
	l.t.Helper()
	k := l.links[name]
	require.NoError(l.t, ip(k.far.name, fmt.Sprintf("link set %s address %s", k.farDevice, lost)))
}

// refuse makes the far end of a link refuse connections, and resets those that are open.
func (l *lab) refuse(name linkName) {
	l.t.Helper()
	k := l.links[name]
	k.refusing = true
	for _, service := range k.services {
		service.close()
	}
}

// restore ends cut and refuse.
func (l *lab) restore(name linkName) {
	l.t.Helper()
	k := l.links[name]
	require.NoError(l.t, ip(k.far.name, fmt.Sprintf("link set %s address %s", k.farDevice, hardware)))
	if !k.refusing {
		return
	}
	k.refusing = false
	for _, service := range k.services {
		require.NoError(l.t, service.open())
	}
}

// cutAddress makes one of AWS's addresses lose what is sent to it, as a zone that fails does; its link
// goes on.
func (l *lab) cutAddress(address netip.Addr) {
	l.t.Helper()
	require.NoError(l.t, ip(l.cloud.name,
		"route add blackhole "+address.String(), // else the kernel says that there is no route
		addressLine("del", address),
	))
}

// restoreAddress ends cutAddress.
func (l *lab) restoreAddress(address netip.Addr) {
	l.t.Helper()
	require.NoError(l.t, ip(l.cloud.name,
		addressLine("add", address),
		"route del blackhole "+address.String(),
	))
}

// addressLine adds or deletes an address of AWS.
func addressLine(verb string, address netip.Addr) string {
	line := fmt.Sprintf("addr %s %s/%d dev lo", verb, address, address.BitLen())
	if verb == "add" && address.Is6() {
		line += " nodad"
	}
	return line
}

// packets are the counters of a link's near end.
type packets struct {
	sent, received           int
	sentBytes, receivedBytes int
}

func (p packets) String() string {
	return fmt.Sprintf("sent %d packets (%d bytes), received %d (%d)", p.sent, p.sentBytes, p.received, p.receivedBytes)
}

// packets reads what a link has carried since it was made. A large segment that the kernel hands over
// whole counts as one packet.
func (l *lab) packets(name linkName) packets {
	l.t.Helper()
	var p packets
	var text []byte
	require.NoError(l.t, l.links[name].near.do(func() (err error) {
		text, err = os.ReadFile("/proc/thread-self/net/dev")
		return err
	}))
	for line := range strings.Lines(string(text)) {
		device, counters, _ := strings.Cut(strings.TrimSpace(line), ":")
		if device != string(name) {
			continue
		}
		var other int // errors, drops and the like
		_, err := fmt.Sscan(counters, &p.receivedBytes, &p.received,
			&other, &other, &other, &other, &other, &other, &p.sentBytes, &p.sent)
		require.NoError(l.t, err, "counters of %s: %q", name, counters)
		return p
	}
	l.t.Fatalf("the link %s has no counters in:\n%s", name, text)
	return p
}

// mark is where the data links' counters stood at one time. A connection that is still open may send
// once more after it (a late acknowledgement): mark before the first one, or when all are closed.
type mark struct {
	lab    *lab
	before map[linkName]packets
}

func (l *lab) mark() mark {
	l.t.Helper()
	m := mark{l, map[linkName]packets{}}
	for _, name := range dataLinks {
		m.before[name] = l.packets(name)
	}
	return m
}

// sent is how many packets left by a link since the mark.
func (m mark) sent(name linkName) int {
	m.lab.t.Helper()
	return m.lab.packets(name).sent - m.before[name].sent
}

// onlyUsed fails unless each of the named data links sent something since the mark, and no other one a
// single packet.
func (m mark) onlyUsed(names ...linkName) {
	m.lab.t.Helper()
	used := map[linkName]bool{}
	for _, name := range names {
		used[name] = true
	}
	for _, name := range dataLinks {
		if sent := m.sent(name); used[name] {
			assert.Positive(m.lab.t, sent, "packets sent on link %s", name)
		} else {
			assert.Zero(m.lab.t, sent, "packets sent on link %s", name)
		}
	}
}
