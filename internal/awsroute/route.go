package awsroute

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// Kind is what a route is.
type Kind string

// The kinds of routes, by the key that makes them.
const (
	KindVPCEndpoints Kind = "vpc_endpoints"
	KindPrivateDNS   Kind = "private_dns"
	KindPublic       Kind = "public"
	KindHTTPProxy    Kind = "http_proxy"
	// KindEndpoint is a custom endpoint URL, which is not in the list of routes.
	KindEndpoint Kind = "endpoint"
	// KindDirect and KindPrivate lead to hosts that are not AWS's: at any address, and at private ones.
	KindDirect  Kind = "direct"
	KindPrivate Kind = "private"
)

// private says whether a route of this kind leads to private addresses.
func (k Kind) private() bool { return k == KindVPCEndpoints || k == KindPrivateDNS }

// permits says whether routes of a kind may be used at all.
func (p Policy) permits(k Kind) bool { return p != PrivateOnly || k.private() || k == KindEndpoint }

// order sorts routes for use.
func (p Policy) order(routes []*route) []*route {
	ordered := slices.DeleteFunc(slices.Clone(routes), func(r *route) bool { return !p.permits(r.kind) })
	if p == PreferPrivate {
		slices.SortStableFunc(ordered, func(a, b *route) int { return cmp.Compare(rank(a), rank(b)) })
	}
	return ordered
}

func rank(r *route) int {
	if r.kind.private() {
		return 0
	}
	return 1
}

func (r *Route) kind() Kind {
	switch {
	case len(r.VPCEndpoints) > 0:
		return KindVPCEndpoints
	case r.PrivateDNS != nil:
		return KindPrivateDNS
	case r.HTTPProxy != nil:
		return KindHTTPProxy
	default:
		return KindPublic
	}
}

func (r *Route) regionOf(c *Config) string { return cmp.Or(r.Region, c.Region) }

func (r *Route) source() string {
	if r.Source == "" && r.Public != nil {
		return r.Public.Source
	}
	return r.Source
}

func (r *Route) allowedCIDRs() []netip.Prefix {
	if len(r.AllowedCIDRs) == 0 && r.Public != nil {
		return r.Public.AllowedCIDRs
	}
	return r.AllowedCIDRs
}

// Targets are names or IP addresses, each with a port where it is not 443.
type Targets []string

// UnmarshalText lets one target, or several with commas between them, stand for a list, as an
// environment variable holds it.
func (t *Targets) UnmarshalText(text []byte) error {
	*t = nil
	for target := range strings.SplitSeq(string(text), ",") {
		if target = strings.TrimSpace(target); target != "" {
			*t = append(*t, target)
		}
	}
	return nil
}

// destination is what a caller wants: an AWS name that belongs to a service of a region.
type destination struct {
	service    awsnames.Service
	region     string
	host, port string
	// own says that host is an interface endpoint's own name, which is dialed as it is.
	own bool
}

// targets are what r dials for d, in order: endpoints, or the name itself. Empty: r does not serve d.
func (r *route) targets(d destination) []string {
	if len(r.config.Services) > 0 && !slices.Contains(r.config.Services, d.service) && !slices.Contains(r.config.Services, awsnames.All) {
		return nil
	}
	if r.kind == KindVPCEndpoints {
		if r.region != d.region {
			return nil
		}
		if d.own {
			return []string{d.host}
		}
		if targets := r.config.VPCEndpoints[d.service]; len(targets) > 0 {
			return targets
		}
		return r.config.VPCEndpoints[awsnames.All]
	}
	if r.proxy != nil && r.proxy.exempts(d) {
		return nil
	}
	return []string{d.host}
}
