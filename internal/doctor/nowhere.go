package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
)

// errNoWay is why nothing is sent where the routes are not known.
var errNoWay = errors.New("not sent: which routes are allowed is not known")

// nowhere is a Router that leads to this host alone: its loopback and metadata addresses, where
// credentials may come from.
type nowhere struct{}

// metadataV6 are the addresses of EC2's and EKS's metadata over IPv6.
var metadataV6 = netip.MustParsePrefix("fd00:ec2::/32")

func (nowhere) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !(to.Addr().IsLoopback() || to.Addr().IsLinkLocalUnicast() || metadataV6.Contains(to.Addr())) {
		return nil, errNoWay
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (nowhere) Generation() uint64      { return 0 }
func (nowhere) RootCAs() *x509.CertPool { return nil }
