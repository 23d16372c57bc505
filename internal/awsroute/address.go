package awsroute

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// sharedAddresses is RFC 6598's range, which is not routed on the internet and which VPCs may use.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// metadataAddresses are where AWS serves metadata and credentials of an instance, a task and a pod:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html and
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html. They are
// link-local and never leave the host.
var metadataAddresses = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("169.254.170.2"),
	netip.MustParseAddr("169.254.170.23"), netip.MustParseAddr("fd00:ec2::23"),
}

// scope is where an address is.
type scope string

const (
	scopePrivate scope = "private"
	scopePublic  scope = "public"
	scopeLocal   scope = "local" // loopback, link-local, multicast, unspecified: no endpoint of AWS
)

// scopeOf tells private addresses from public ones.
func scopeOf(address netip.Addr, privateCIDRs []netip.Prefix) scope {
	address = address.Unmap().WithZone("")
	switch {
	case within(address, privateCIDRs):
		return scopePrivate
	case slices.Contains(metadataAddresses, address), !address.IsGlobalUnicast():
		return scopeLocal
	case address.IsPrivate(), sharedAddresses.Contains(address):
		return scopePrivate
	default:
		return scopePublic
	}
}

func within(address netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(address) })
}

// isHostLocal says whether a literal address stays on this host: loopback or a metadata service. Such
// addresses are no AWS endpoints; SDKs fetch credentials from them.
func isHostLocal(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	address = address.Unmap().WithZone("")
	return address.IsLoopback() || slices.Contains(metadataAddresses, address)
}

// Reason is why a connection was refused.
type Reason string

// The reasons of refusals, as metrics show them.
const (
	// ReasonPublicAddress: a private route met a public address.
	ReasonPublicAddress Reason = "public_address"
	// ReasonPrivateAddress: a public route met a private address.
	ReasonPrivateAddress Reason = "private_address"
	// ReasonLocalAddress: a name led to loopback, link-local or multicast.
	ReasonLocalAddress Reason = "local_address"
	// ReasonNotAllowed: the address is not in allowed_cidrs.
	ReasonNotAllowed Reason = "not_in_allowed_cidrs"
	// ReasonNoRoute: no route serves the service under the policy.
	ReasonNoRoute Reason = "no_route"
	// ReasonUnknownName: the name is no AWS name of the table's regions, and other_hosts refuses it.
	ReasonUnknownName Reason = "unknown_name"
)

// RefusedError says that a connection was not made because of the operator's settings.
type RefusedError struct {
	Service string // or the host's name, where it belongs to no service
	Address string // what would have been dialed
	Route   string // empty where none was tried
	Policy  Policy
	Reason  Reason
	service awsnames.Service
	name    bool // Service is a name
	remedy  string
}

func (e *RefusedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "refused to connect to %s", e.Service)
	if e.Address != "" {
		fmt.Fprintf(&b, " at %s", e.Address)
	}
	if e.Route != "" {
		fmt.Fprintf(&b, " by route %q", e.Route)
	}
	fmt.Fprintf(&b, " under policy %s: %s", e.Policy, e.remedy)
	return b.String()
}

// verdict decides whether r may dial address. It is asked for every address, right before the
// connection is made.
func (r *route) verdict(address netip.Addr, literal bool) (Reason, string) {
	address = address.Unmap()
	where := scopeOf(address, r.privateCIDRs)
	switch r.kind {
	case KindHTTPProxy:
		if address.IsUnspecified() || address.IsMulticast() {
			return ReasonLocalAddress, "it is no address of a proxy"
		}
	case KindDirect:
		if address.IsUnspecified() || address.IsMulticast() {
			return ReasonLocalAddress, "it is no address of a host"
		}
	case KindPrivate:
		if where == scopePublic {
			return ReasonPublicAddress, "a public address; other_hosts allows private ones here (private_cidrs adds ranges)"
		}
	case KindEndpoint:
		if r.policy == PrivateOnly && where == scopePublic {
			return ReasonPublicAddress, "a public address; under private_only an endpoint must be at a private one (private_cidrs adds ranges)"
		}
	case KindVPCEndpoints, KindPrivateDNS:
		switch {
		case where == scopePublic:
			return ReasonPublicAddress, "a public address; this route leads to private ones only (private_cidrs adds ranges, such as a VPC's IPv6 range)"
		case where == scopeLocal && !(literal && address.IsLoopback()):
			return ReasonLocalAddress, "an address of this host; check what DNS answers"
		}
	case KindPublic:
		switch where {
		case scopePrivate:
			return ReasonPrivateAddress, "a private address; this route leads to public ones only (a route with private_dns serves names that DNS answers privately)"
		case scopeLocal:
			return ReasonLocalAddress, "an address of this host; check what DNS answers"
		}
	}
	if allowed := r.config.allowedCIDRs(); len(allowed) > 0 && !within(address, allowed) {
		return ReasonNotAllowed, "the address is not in the route's allowed_cidrs"
	}
	return "", ""
}
