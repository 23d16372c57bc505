//go:build linux

package routes

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(address string) netip.Addr { return netip.MustParseAddr(address) }

// requireTimeout expects that nothing answered: neither a connection nor an error of the network.
func requireTimeout(t *testing.T, err error) {
	t.Helper()
	var failed net.Error
	require.ErrorAs(t, err, &failed)
	require.True(t, failed.Timeout(), err)
}

func TestAnIdleLabSendsNotOnePacket(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	// Router solicitations and multicast reports, if any, come within the first seconds.
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(glance) {
		for name := range l.links {
			require.Equal(t, packets{}, l.packets(name), "link %s", name)
		}
	}
}

func TestACutLinkLosesEverythingWithoutAnError(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.dns.set(logsHost, endpointA)
	client := l.client(l.dialer(from{}), nil)
	require.NoError(t, describe(t, l, client))
	l.cut(linkPrivate)
	before, connections := l.mark(), l.arrived.connections(linkPrivate)
	for _, address := range []string{"10.1.0.10:443", "[fd00:10:1::10]:443"} {
		_, err := l.dialer(from{})(l.soon(), "tcp", address)
		requireTimeout(t, err)
	}
	before.onlyUsed(linkPrivate)
	assert.Equal(t, connections, l.arrived.connections(linkPrivate))
	l.restore(linkPrivate)
	require.NoError(t, describe(t, l, client), "the connection from before the cut goes on")
	require.NoError(t, describe(t, l, l.client(l.dialer(from{}), nil)))
}

func TestARefusingLinkRefusesAtOnceAndResetsWhatIsOpen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		link    linkName
		address string
		way     from
	}{
		{linkPrivate, "10.1.0.10:443", from{}},
		{linkPrivate, "[fd00:10:1::11]:443", from{}},
		{linkDXPublic, "198.51.100.10:443", from{source: dxSource}},
		{linkInternet, "198.51.100.10:443", from{}},
		{linkProxy, "172.16.1.1:3128", from{}},
		{linkMgmt, "10.255.0.1:53", from{}},
	} {
		t.Run(string(test.link)+" "+test.address, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			conn, err := l.dialer(test.way)(t.Context(), "tcp", test.address)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
			l.refuse(test.link)
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
			_, err = l.dialer(test.way)(t.Context(), "tcp", test.address)
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			l.restore(test.link)
			again, err := l.dialer(test.way)(t.Context(), "tcp", test.address)
			require.NoError(t, err)
			assert.NoError(t, again.Close())
		})
	}
}

func TestPublicAddressesStayReachableByTheOtherLink(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.dns.set(logsHost, publicA)
	l.cut(linkDXPublic)
	_, err := l.dialer(from{source: dxSource})(l.soon(), "tcp", logsHost+":443")
	requireTimeout(t, err)
	require.NoError(t, describe(t, l, l.client(l.dialer(from{}), nil)))
	l.refuse(linkInternet)
	_, err = l.dialer(from{})(t.Context(), "tcp", logsHost+":443")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	l.restore(linkDXPublic)
	require.NoError(t, describe(t, l, l.client(l.dialer(from{source: dxSource}), nil)))
}

func TestARefusingUplinkMakesTheProxyFail(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.refuse(linkUplink)
	proxyURL := &url.URL{Scheme: "http", Host: proxyPlain.String()}
	require.ErrorContains(t, describe(t, l, l.client(l.dialer(from{}), proxyURL)), "Bad Gateway")
}

func TestOneAddressFailsAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, address := range []netip.Addr{endpointA, endpointA6} {
		l.cutAddress(address)
		_, err := l.dialer(from{})(l.soon(), "tcp", net.JoinHostPort(address.String(), "443"))
		requireTimeout(t, err)
	}
	l.dns.set(logsHost, endpointB)
	require.NoError(t, describe(t, l, l.client(l.dialer(from{}), nil)))
	for _, address := range []netip.Addr{endpointA, endpointA6} {
		l.restoreAddress(address)
		l.dns.set(logsHost, address)
		require.NoError(t, describe(t, l, l.client(l.dialer(from{}), nil)))
	}
}
