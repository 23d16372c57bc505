package awsroute

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
	netproxy "golang.org/x/net/proxy"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// The ways to hosts that are not AWS's, beside the names of routes with http_proxy or public.
const (
	// ViaDirect dials the addresses of the name.
	ViaDirect = "direct"
	// ViaPrivate dials them where they are private.
	ViaPrivate = "private"
	// ViaEnvironment does what the proxy variables said when the program was started: a proxy, or none.
	ViaEnvironment = "environment"
	// ViaRefuse refuses.
	ViaRefuse = "refuse"
)

// otherTimeout bounds a connection to another host. There is no second route that a short one would lead to sooner.
const otherTimeout = 20 * time.Second

// everyHost is the pattern that matches all.
const everyHost = "*"

// OtherHost is a way to some hosts that are not AWS's.
type OtherHost struct {
	// Hosts are names, *.SUFFIX for the names below one, IP addresses, ranges, or * for all; each may end in :PORT.
	// Required.
	Hosts []string `mapstructure:"hosts"`
	// Via is direct, private, environment, refuse, or the name of a route with http_proxy or public. Required.
	Via string `mapstructure:"via"`
}

// OtherHosts are ways, the first that matches a host first.
type OtherHosts []OtherHost

// UnmarshalText lets one way stand for all hosts: `other_hosts: direct`.
func (o *OtherHosts) UnmarshalText(text []byte) error {
	*o = nil
	if via := strings.TrimSpace(string(text)); via != "" {
		*o = OtherHosts{{Hosts: []string{everyHost}, Via: via}}
	}
	return nil
}

// otherHosts is an entry ready for use.
type otherHosts struct {
	patterns []hostPattern
	via      string
	// route of host; nil refuses.
	route func(host, port string) (*route, error)
}

// hostPattern is one of OtherHost.Hosts.
type hostPattern struct {
	name, port string // the name is a suffix with its dot where below is set; the port is empty for all
	below      bool
	ranges     netip.Prefix
}

func parseHost(text string) (hostPattern, error) {
	host, port := strings.ToLower(strings.TrimSpace(text)), ""
	if prefix, err := netip.ParsePrefix(host); err == nil {
		return hostPattern{ranges: prefix.Masked()}, nil
	}
	if h, p, err := net.SplitHostPort(host); err == nil && !strings.Contains(host, "/") {
		if number, err := strconv.ParseUint(p, 10, 16); err != nil || number == 0 {
			return hostPattern{}, fmt.Errorf("%q: %q is not a port", text, p)
		}
		host, port = h, p
	}
	if address, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		address = address.Unmap().WithZone("")
		return hostPattern{ranges: netip.PrefixFrom(address, address.BitLen()), port: port}, nil
	}
	if host == everyHost {
		return hostPattern{below: true, port: port}, nil
	}
	suffix, below := strings.CutPrefix(host, "*.")
	if suffix == "" || strings.ContainsAny(suffix, "*/:@ \t") {
		return hostPattern{}, fmt.Errorf("%q: give a name, *.SUFFIX, an IP address, a range or *, each alone or with :PORT", text)
	}
	suffix = strings.TrimSuffix(suffix, ".")
	if below {
		suffix = "." + suffix
	}
	return hostPattern{name: suffix, below: below, port: port}, nil
}

func (p hostPattern) matches(host, port string) bool {
	if p.port != "" && p.port != port {
		return false
	}
	if p.ranges.IsValid() {
		address, err := netip.ParseAddr(host)
		return err == nil && p.ranges.Contains(address.Unmap().WithZone(""))
	}
	if p.below {
		return strings.HasSuffix(host, p.name)
	}
	return host == p.name
}

func (c *Config) validateOthers() error {
	var errs []error
	for i, o := range c.OtherHosts {
		key := fmt.Sprintf("other_hosts[%d]", i)
		if len(o.Hosts) == 0 {
			errs = append(errs, fmt.Errorf("%s::hosts is empty: name hosts, or * for all", key))
		}
		for _, host := range o.Hosts {
			if _, err := parseHost(host); err != nil {
				errs = append(errs, fmt.Errorf("%s::hosts: %w", key, err))
			}
		}
		if slices.Contains([]string{ViaDirect, ViaPrivate, ViaEnvironment, ViaRefuse}, o.Via) {
			continue
		}
		at := slices.IndexFunc(c.Routes, func(r Route) bool { return r.Name == o.Via })
		if at < 0 || c.Routes[at].kind() != KindHTTPProxy && c.Routes[at].kind() != KindPublic {
			errs = append(errs, fmt.Errorf("%s::via is %q: use direct, private, environment, refuse, or the name of a route with http_proxy or public", key, o.Via))
		}
	}
	return errors.Join(errs...)
}

// proxyEnvironment are the proxy variables that the program was started with.
var proxyEnvironment atomic.Pointer[httpproxy.Config]

// KeepProxyEnvironment remembers the proxy variables, once, before the program changes them for itself.
func KeepProxyEnvironment() { proxyEnvironment.CompareAndSwap(nil, httpproxy.FromEnvironment()) }

func (t *Table) addOthers(o Options) error {
	entries := t.config.OtherHosts
	if len(entries) == 0 {
		via := ViaEnvironment
		if t.config.Policy == PrivateOnly {
			via = ViaRefuse
		}
		entries = OtherHosts{{Hosts: []string{everyHost}, Via: via}}
	}
	direct := t.plainRoute(ViaDirect, KindDirect, o.Resolver)
	private := t.plainRoute(ViaPrivate, KindPrivate, o.Resolver)
	direct.timeout, private.timeout = otherTimeout, otherTimeout
	for _, entry := range entries {
		others := otherHosts{via: entry.Via}
		for _, host := range entry.Hosts {
			pattern, err := parseHost(host)
			if err != nil {
				return err
			}
			others.patterns = append(others.patterns, pattern)
		}
		switch entry.Via {
		case ViaRefuse:
		case ViaDirect:
			others.route = func(string, string) (*route, error) { return direct, nil }
		case ViaPrivate:
			others.route = func(string, string) (*route, error) { return private, nil }
		case ViaEnvironment:
			others.route = t.byEnvironment(o, direct)
		default:
			at := slices.IndexFunc(t.routes, func(r *route) bool { return r.name == entry.Via })
			r := t.routes[at]
			others.route = func(host, port string) (*route, error) {
				if r.proxy != nil && r.proxy.exempts(destination{host: host, port: port}) {
					return direct, nil
				}
				return r, nil
			}
		}
		t.others = append(t.others, others)
	}
	return nil
}

// plainRoute is a route that the configuration does not list.
func (t *Table) plainRoute(name string, kind Kind, resolver *net.Resolver) *route {
	return &route{
		name: name, kind: kind, policy: t.config.Policy, privateCIDRs: t.config.PrivateCIDRs, timeout: t.config.Probe.Timeout,
		resolver: resolver, observe: t.refused,
	}
}

// byEnvironment does what the proxy variables say.
func (t *Table) byEnvironment(o Options, direct *route) func(host, port string) (*route, error) {
	environment := o.Environment
	if environment == nil {
		environment = proxyEnvironment.Load()
	}
	if environment == nil {
		environment = httpproxy.FromEnvironment()
	}
	choose := environment.ProxyFunc()
	through, err := choose(&url.URL{Scheme: "https", Host: "host.invalid"})
	if err == nil && through != nil && t.isListener(through) {
		choose = func(*url.URL) (*url.URL, error) { return nil, nil } // the way leads here already
	}
	return func(host, port string) (*route, error) {
		through, err := choose(&url.URL{Scheme: "https", Host: net.JoinHostPort(host, port)})
		if err != nil {
			return nil, errors.New("the value of HTTPS_PROXY is not the URL of a proxy; it is not shown, since it may hold a password")
		}
		if through == nil {
			return direct, nil
		}
		r := t.plainRoute("HTTPS_PROXY", KindHTTPProxy, o.Resolver)
		r.timeout = otherTimeout
		if strings.HasPrefix(through.Scheme, "socks5") {
			r.socks = through
			return r, nil
		}
		none := ""
		r.proxy, err = newProxy(&HTTPProxy{URL: configopaque.String(through.String()), NoProxy: &none})
		return r, err
	}
}

// isListener says whether a proxy is the table's own listener.
func (t *Table) isListener(proxy *url.URL) bool {
	host, port, err := net.SplitHostPort(t.config.Listen)
	if err != nil || port != proxy.Port() {
		return false
	}
	return host == proxy.Hostname() || isHostLocal(proxy.Hostname())
}

// otherRoute finds the way to a host that is not AWS's; nil refuses.
func (t *Table) otherRoute(host, port string) (*route, error) {
	if awsnames.IsAWS(host) || notPlain(host) { // of another region or port: the table's, or nobody's
		return nil, nil
	}
	for _, o := range t.others {
		if slices.ContainsFunc(o.patterns, func(p hostPattern) bool { return p.matches(host, port) }) {
			if o.route == nil {
				return nil, nil
			}
			return o.route(host, port)
		}
	}
	return nil, nil
}

// notPlain says whether host is neither an address nor a name in ASCII, which is all that an entry can be about.
func notPlain(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && !awsnames.IsPlain(host)
}

// DialAny is Dial for a program that may call other hosts, too, as other_hosts says: this process.
func (t *Table) DialAny(ctx context.Context, network, address string) (net.Conn, string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", err
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, ok := t.destination(host, port); ok || isHostLocal(host) {
		return t.Dial(ctx, network, address)
	}
	r, err := t.otherRoute(host, port)
	if err != nil {
		return nil, "", fmt.Errorf("no way to %s: %w", address, err)
	}
	if r == nil {
		refused := t.refusedName(host, port)
		t.refused(refused)
		return nil, "", refused
	}
	conn, err := r.dialTarget(ctx, destination{host: host, port: port}, net.JoinHostPort(host, port))
	if err != nil {
		return nil, "", fmt.Errorf("no way to %s (other_hosts, by %s): %w", address, r.name, err)
	}
	return r.count(conn), r.name, nil
}

// Refuses says why a connection to host and port would be refused whatever its addresses are; nil where it would not.
func (t *Table) Refuses(host, port string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	d, ok := t.destination(host, port)
	switch {
	case ok && d.region == "", !ok && isHostLocal(host):
		return nil
	case ok:
		if slices.ContainsFunc(t.config.Policy.order(t.routes), func(r *route) bool { return len(r.targets(d)) > 0 }) {
			return nil
		}
		return &RefusedError{Service: string(d.service), service: d.service, Policy: t.config.Policy, Reason: ReasonNoRoute, Address: d.host, remedy: t.noRoute(d)}
	}
	if r, err := t.otherRoute(host, port); r != nil || err != nil {
		return err
	}
	return t.refusedName(host, port)
}

// RefusesPast says why the policy does not let a component call a host past the table, as without TLS; nil where it does. Under
// private_only these are public addresses, and AWS's names. A name may lead anywhere: sure reports whether it is known.
func (t *Table) RefusesPast(host, port string) (sure bool, err error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if t.config.Policy != PrivateOnly || isHostLocal(host) {
		return true, nil
	}
	address, parsed := netip.ParseAddr(host)
	if parsed == nil && scopeOf(address, t.config.PrivateCIDRs) != scopePublic {
		return true, nil
	}
	aws := awsnames.IsAWS(host)
	if !aws {
		if r, err := t.otherRoute(host, port); r != nil || err != nil {
			return true, err // the operator has named it
		}
	}
	return aws || parsed == nil, t.refusedName(host, port)
}

// refusedName says what lets a name pass.
func (t *Table) refusedName(host, port string) *RefusedError {
	e := &RefusedError{Service: net.JoinHostPort(host, port), Policy: t.config.Policy, Reason: ReasonUnknownName, name: true}
	if notPlain(host) {
		e.remedy = "it is no name as DNS has it: write it in ASCII, as in xn--mnchen-3ya.example"
	} else if awsnames.IsAWS(host) {
		e.remedy = fmt.Sprintf("it is no name of an AWS service in %s that this table serves on port 443 (see region, other_regions and endpoints)", strings.Join(t.config.regions(), ", "))
	} else {
		e.remedy = fmt.Sprintf("it is no name of an AWS service in %s that this table serves, and other_hosts does not allow it: add {hosts: [%q], via: direct} to other_hosts, or name a route with http_proxy in via", strings.Join(t.config.regions(), ", "), host)
	}
	return e
}

// dialSOCKS connects by a SOCKS5 proxy, which only the environment names.
func (r *route) dialSOCKS(ctx context.Context, address string) (net.Conn, error) {
	dialer, err := netproxy.FromURL(r.socks, forward{r})
	if err != nil {
		return nil, err
	}
	return dialer.(netproxy.ContextDialer).DialContext(ctx, "tcp", address)
}

// forward connects to a SOCKS5 proxy.
type forward struct{ *route }

func (f forward) Dial(network, address string) (net.Conn, error) {
	return f.DialContext(context.Background(), network, address)
}

func (f forward) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return f.connect(ctx, "", address)
}
