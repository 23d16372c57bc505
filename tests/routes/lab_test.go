//go:build linux

package routes

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
)

// The addresses of the laboratory. Those of AWS are the private ones of an interface endpoint in two
// zones, and public ones from the ranges for documentation; elsewhere is somebody else's public address.
var (
	endpointA  = netip.MustParseAddr("10.1.0.10")
	endpointB  = netip.MustParseAddr("10.1.0.11")
	endpointA6 = netip.MustParseAddr("fd00:10:1::10")
	endpointB6 = netip.MustParseAddr("fd00:10:1::11")
	publicA    = netip.MustParseAddr("198.51.100.10")
	publicB    = netip.MustParseAddr("198.51.100.11")
	publicA6   = netip.MustParseAddr("2001:db8:aa::10")
	elsewhere  = netip.MustParseAddr("203.0.113.10")
	elsewhere6 = netip.MustParseAddr("2001:db8:ee::10")

	// dxSource and dxSource6 are the machine's own addresses on the Direct Connect public VIF.
	dxSource  = netip.MustParseAddr("192.0.2.2")
	dxSource6 = netip.MustParseAddr("2001:db8:d::2")

	// hostDNS is the machine's DNS server. vpcDNS is a Route 53 inbound resolver endpoint, reached over
	// the private link.
	hostDNS = netip.MustParseAddrPort("10.255.0.1:53")
	vpcDNS  = netip.MustParseAddrPort("10.1.0.53:53")

	// proxyPlain and proxyTLS are the HTTP proxy. Its certificate is for proxyName and its address.
	proxyPlain = netip.MustParseAddrPort("172.16.1.1:3128")
	proxyTLS   = netip.MustParseAddrPort("172.16.1.1:3129")
)

// proxyName is what the HTTP proxy is called. Like every name it has no address until a test sets one.
const proxyName = "proxy.example.internal"

// lab is one laboratory. Everything in it ends with the test.
type lab struct {
	t testing.TB

	host, cloud, gateway, names *namespace
	links                       map[linkName]*link

	aws     *awslocal.Server // its URL is for the test itself, on loopback outside the namespaces
	arrived arrivals         // what came to the addresses of AWS and of elsewhere
	dns     *dnsServer       // hostDNS
	vpcDNS  *dnsServer       // vpcDNS
	proxy   *proxy

	region    string
	keyPair   [2]string // access key id, secret access key
	authority *certs.Authority
	caFile    string // the authority's certificate, for SSL_CERT_FILE and AWS_CA_BUNDLE
	roots     *x509.CertPool
}

// newLab makes a laboratory with the links up, AWS and the proxy listening, and no name in the DNS. It
// skips the test where that cannot be done.
func newLab(t testing.TB) *lab {
	t.Helper()
	return newLabWith(t, awslocal.Options{})
}

// newLabWith is newLab with options of cloudwatch-local, such as faults.
func newLabWith(t testing.TB, options awslocal.Options) *lab {
	t.Helper()
	needNamespaces(t)
	l := &lab{t: t, links: map[linkName]*link{}}
	l.makeAuthority(&options)
	l.aws = awslocal.Serve(t, options)
	prefix := labName()
	l.host = newNamespace(t, prefix+"host", map[string]string{
		"resolv.conf": "nameserver " + hostDNS.Addr().String() + "\noptions timeout:1 attempts:2\n",
		"hosts":       "127.0.0.1 localhost\n::1 localhost\n",
		// The C library asks what is named here; the DNS alone shall decide.
		"nsswitch.conf": "hosts: files dns\n",
	})
	l.cloud = newNamespace(t, prefix+"aws", nil)
	l.gateway = newNamespace(t, prefix+"proxy", nil)
	l.names = newNamespace(t, prefix+"dns", nil)
	l.connect()
	l.serveAWS()
	l.dns = newDNSServer(t, l.names, hostDNS)
	l.vpcDNS = newDNSServer(t, l.cloud, vpcDNS)
	l.proxy = newProxy(t, l.gateway, l.authority)
	l.links[linkMgmt].services = append(l.links[linkMgmt].services, l.dns)
	l.links[linkPrivate].services = append(l.links[linkPrivate].services, l.vpcDNS)
	l.links[linkProxy].services = append(l.links[linkProxy].services, l.proxy)
	for name, link := range l.links {
		for _, service := range link.services {
			require.NoError(t, service.open(), "link %s", name)
			t.Cleanup(service.close)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the laboratory:\n%s", l)
		}
	})
	return l
}

func (l *lab) makeAuthority(options *awslocal.Options) {
	l.t.Helper()
	if options.Authority == nil {
		authority, err := certs.New(time.Now())
		require.NoError(l.t, err)
		options.Authority = authority
	}
	l.authority = options.Authority
	l.caFile = filepath.Join(l.t.TempDir(), "ca.pem")
	require.NoError(l.t, os.WriteFile(l.caFile, l.authority.PEM(), 0o644))
	l.roots = x509.NewCertPool()
	require.True(l.t, l.roots.AppendCertsFromPEM(l.authority.PEM()))
	l.region = cmp.Or(options.Region, awslocal.DefaultRegion)
	l.keyPair = [2]string{
		cmp.Or(options.AccessKeyID, awslocal.DefaultAccessKeyID),
		cmp.Or(options.SecretAccessKey, awslocal.DefaultSecretAccessKey),
	}
}

// connect makes the links, addresses and routes.
func (l *lab) connect() {
	l.t.Helper()
	l.addLink(linkPrivate, l.host, l.cloud)
	l.addLink(linkDXPublic, l.host, l.cloud)
	l.addLink(linkInternet, l.host, l.cloud)
	l.addLink(linkProxy, l.host, l.gateway)
	l.addLink(linkMgmt, l.host, l.names)
	l.addLink(linkUplink, l.gateway, l.cloud)

	require.NoError(l.t, ip(l.host.name,
		"link set lo up",
		"addr add 10.0.1.2/30 dev private",
		"addr add fd00:0:1::2/64 dev private nodad",
		"addr add "+dxSource.String()+"/30 dev dxpublic",
		"addr add "+dxSource6.String()+"/64 dev dxpublic nodad",
		"addr add 192.168.1.2/30 dev internet",
		"addr add 2001:db8:1::2/64 dev internet nodad",
		"addr add 172.16.1.2/30 dev proxy",
		"addr add 10.255.0.2/30 dev mgmt",
		"route add 10.1.0.0/24 via 10.0.1.1",
		"route add fd00:10:1::/64 via fd00:0:1::1",
		"route add default via 192.168.1.1",
		"route add ::/0 via 2001:db8:1::1",
		// The public addresses are reached over the Direct Connect public VIF only by who asks for it,
		// with its source address or its device, and nothing but AWS is reached over it.
		"route add 198.51.100.0/24 via 192.0.2.1 table 100",
		"route add unreachable default table 100",
		"route add 2001:db8:aa::/48 via 2001:db8:d::1 table 100",
		"route add unreachable ::/0 table 100",
		"rule add from "+dxSource.String()+" lookup 100",
		"rule add oif dxpublic lookup 100",
	))
	require.NoError(l.t, ip6(l.host.name,
		"rule add from "+dxSource6.String()+" lookup 100",
		"rule add oif dxpublic lookup 100",
	))
	lines := []string{
		"link set lo up",
		"addr add 10.0.1.1/30 dev " + l.links[linkPrivate].farDevice,
		"addr add fd00:0:1::1/64 dev " + l.links[linkPrivate].farDevice + " nodad",
		"addr add 192.0.2.1/30 dev " + l.links[linkDXPublic].farDevice,
		"addr add 2001:db8:d::1/64 dev " + l.links[linkDXPublic].farDevice + " nodad",
		"addr add 192.168.1.1/30 dev " + l.links[linkInternet].farDevice,
		"addr add 2001:db8:1::1/64 dev " + l.links[linkInternet].farDevice + " nodad",
		"addr add 192.0.2.5/30 dev " + l.links[linkUplink].farDevice,
		"addr add " + vpcDNS.Addr().String() + "/32 dev lo",
	}
	for _, address := range cloudAddresses() {
		lines = append(lines, addressLine("add", address))
	}
	require.NoError(l.t, ip(l.cloud.name, lines...))
	require.NoError(l.t, ip(l.gateway.name,
		"link set lo up",
		"addr add 172.16.1.1/30 dev "+l.links[linkProxy].farDevice,
		"addr add 192.0.2.6/30 dev uplink",
		"route add default via 192.0.2.5",
	))
	require.NoError(l.t, ip(l.names.name,
		"link set lo up",
		"addr add 10.255.0.1/30 dev "+l.links[linkMgmt].farDevice,
	))
}

// String shows what a failed test may want to know.
func (l *lab) String() string {
	text := ""
	for _, name := range []linkName{linkPrivate, linkDXPublic, linkInternet, linkProxy, linkMgmt, linkUplink} {
		text += fmt.Sprintf("link %-9s %v\n", name, l.packets(name))
	}
	return text + "arrived at AWS and elsewhere:\n" + l.arrived.String() +
		"asked of the DNS: " + l.dns.String() + "\nasked of the VPC's DNS: " + l.vpcDNS.String() +
		"\nasked of the proxy: " + fmt.Sprint(l.proxy.targets()) + "\n"
}
