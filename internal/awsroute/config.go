package awsroute

import (
	"encoding"
	"fmt"
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// Policy says which kinds of routes may be used.
type Policy string

const (
	// PrivateOnly uses interface endpoints and private DNS, and dials private addresses only.
	PrivateOnly Policy = "private_only"
	// PreferPrivate tries these first, and then the other routes, each in its order.
	PreferPrivate Policy = "prefer_private"
	// Any tries the routes in the order in which they are written.
	Any Policy = "any"
)

// UnmarshalText accepts the names of the policies.
func (p *Policy) UnmarshalText(text []byte) error {
	switch v := Policy(text); v {
	case PrivateOnly, PreferPrivate, Any:
		*p = v
		return nil
	}
	return fmt.Errorf("unknown policy %q: it must be one of %s, %s, %s", text, PrivateOnly, PreferPrivate, Any)
}

// Config is a route table as an operator writes it.
type Config struct {
	// Region is the region whose AWS names the table serves. Required.
	Region string `mapstructure:"region"`
	// OtherRegions are further regions that may be called. Public endpoints, private DNS and proxies
	// serve them too; an interface endpoint is of one region, which its route names.
	OtherRegions []string `mapstructure:"other_regions"`
	// Policy is private_only, prefer_private or any. Required: nothing is sent over a path that
	// nobody chose.
	Policy Policy `mapstructure:"policy"`
	// Routes in order of preference. At least one.
	Routes []Route `mapstructure:"routes"`
	// OtherHosts says how hosts that are not AWS's are reached by what sends through the table: the first entry that
	// matches. Default: refuse under private_only, environment otherwise.
	OtherHosts OtherHosts `mapstructure:"other_hosts"`
	// PrivateCIDRs are address ranges that count as private in addition to RFC 1918, RFC 6598 and
	// RFC 4193: a VPC's IPv6 range, for instance, or public IPv4 addresses used inside.
	PrivateCIDRs []netip.Prefix `mapstructure:"private_cidrs"`
	// Endpoints are URLs that are called instead of AWS's names, for tests and emulators, by service
	// or for all. They are dialed directly, whatever the policy, and may be plain HTTP.
	Endpoints map[awsnames.Service]string `mapstructure:"endpoints"`
	// CAFile holds PEM certificates that are trusted instead of the system's, by probes and by our
	// own calls. Default: AWS_CA_BUNDLE, or the system's.
	CAFile string `mapstructure:"ca_file"`
	// Probe is how routes are watched.
	Probe Probe `mapstructure:"probe"`
	// Listen is the address of the CONNECT listener for components and programs that take a proxy
	// address: host:port or unix:///path. Default: none.
	Listen string `mapstructure:"listen"`
}

// Route is one way to AWS. Exactly one of VPCEndpoints, PrivateDNS, Public and HTTPProxy is set.
type Route struct {
	// Name is shown in logs, metrics and errors. Required, unique.
	Name string `mapstructure:"name"`
	// VPCEndpoints are the interface endpoints of each service, or of all: DNS names, regional or
	// zonal, or IP addresses, tried in order. They must have private addresses.
	VPCEndpoints map[awsnames.Service]Targets `mapstructure:"vpc_endpoints"`
	// PrivateDNS uses the public names where DNS answers them with private addresses: inside a VPC
	// with private DNS, or where a Route 53 inbound resolver is asked.
	PrivateDNS *PrivateDNS `mapstructure:"private_dns"`
	// Public uses the public names at public addresses.
	Public *Public `mapstructure:"public"`
	// HTTPProxy asks an HTTP proxy for a tunnel to the public names.
	HTTPProxy *HTTPProxy `mapstructure:"http_proxy"`

	// Services limits the route to some services. Default: all, or those that have endpoints.
	Services []awsnames.Service `mapstructure:"services"`
	// Region is the region of VPCEndpoints. Default: the table's.
	Region string `mapstructure:"region"`
	// Source is a local IP address, or a network interface, that connections leave from.
	Source string `mapstructure:"source"`
	// AllowedCIDRs are the only addresses that this route may dial. Default: all that its kind allows.
	AllowedCIDRs []netip.Prefix `mapstructure:"allowed_cidrs"`
	// DNSServers are asked instead of the system's resolver: addresses, port 53 unless given.
	DNSServers []string `mapstructure:"dns_servers"`
}

// PrivateDNS has no settings of its own.
type PrivateDNS struct{}

// Public has the route's Source and AllowedCIDRs, which may stand here as well as in the route.
type Public struct {
	Source       string         `mapstructure:"source"`
	AllowedCIDRs []netip.Prefix `mapstructure:"allowed_cidrs"`
}

// HTTPProxy is a proxy that understands CONNECT.
type HTTPProxy struct {
	// URL is http://host:port, or https://host:port where the proxy itself speaks TLS. It may hold
	// the user name and password of basic authentication.
	URL configopaque.String `mapstructure:"url"`
	// Username and Password are those of basic authentication, where they are not in the URL.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// CAFile holds the certificates that sign an https proxy's. Default: the system's.
	CAFile string `mapstructure:"ca_file"`
	// NoProxy are names and ranges that this route does not serve, in the form of the NO_PROXY
	// variable; the next route serves them. Default: the variable's value.
	NoProxy *string `mapstructure:"no_proxy"`
}

// Probe is how routes are watched: a TCP connection and a TLS handshake, no AWS call.
type Probe struct {
	// Interval between two probes of one route and service. 1 s to 1 h, default 30 s; 0 switches probes
	// off, and a route is then left and taken again by what connections meet.
	Interval time.Duration `mapstructure:"interval"`
	// Timeout of one probe, and of one attempt to connect. 100 ms to 1 min, default 3 s.
	Timeout time.Duration `mapstructure:"timeout"`
	// HealthyAfter and UnhealthyAfter are how many results in a row change the verdict. Default 2.
	HealthyAfter   int `mapstructure:"healthy_after"`
	UnhealthyAfter int `mapstructure:"unhealthy_after"`
	// Standby says whether routes behind the active one are probed too. Default true: it is known
	// before it is needed whether they work.
	Standby bool `mapstructure:"standby"`
	// Services are probed from the start. Default: logs. Others are from their first call on.
	Services []awsnames.Service `mapstructure:"services"`
}

// NewDefaultConfig has every default and neither a region nor routes.
func NewDefaultConfig() Config {
	return Config{Probe: Probe{
		Interval:       30 * time.Second,
		Timeout:        3 * time.Second,
		HealthyAfter:   2,
		UnhealthyAfter: 2,
		Standby:        true,
		Services:       []awsnames.Service{awsnames.Logs},
	}}
}

var (
	_ encoding.TextUnmarshaler = (*Policy)(nil)
	_ encoding.TextUnmarshaler = (*awsnames.Service)(nil)
)
