package awsroute

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/http/httpproxy"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// Options are what a table is given beside its configuration.
type Options struct {
	// Logger gets every change of route. Default: none.
	Logger *zap.Logger
	// Resolver answers names for routes without dns_servers. Default: the system's.
	Resolver *net.Resolver
	// OnChange, if not nil, is called after a verdict on a route changed. It must return soon.
	OnChange func()
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Environment are the proxy variables, for other_hosts. Default: those that KeepProxyEnvironment kept, or those of
	// now.
	Environment *httpproxy.Config
}

// Table chooses the way of every connection to AWS. It is safe for concurrent use. It works without
// Start, which only adds probes.
type Table struct {
	config    Config
	names     []*awsnames.Names
	routes    []*route
	endpoints map[string]awsnames.Service // custom endpoints by host:port
	direct    *route                      // to custom endpoints
	others    []otherHosts
	roots     *x509.CertPool

	logger   *zap.Logger
	onChange func()
	now      func() time.Time

	generation atomic.Uint64
	mu         sync.Mutex
	services   map[serviceKey]*service
	refusals   map[Refusals]int64
	told       map[string]struct{} // names whose refusal was logged

	prober prober
}

type serviceKey struct {
	service awsnames.Service
	region  string
}

// New makes a table. The configuration must be valid; files that it names are read now.
func New(c Config, o Options) (*Table, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := &Table{
		config: c, endpoints: map[string]awsnames.Service{},
		logger: o.Logger, onChange: o.OnChange, now: o.Now,
		services: map[serviceKey]*service{}, refusals: map[Refusals]int64{}, told: map[string]struct{}{},
	}
	if t.logger == nil {
		t.logger = zap.NewNop()
	}
	if t.now == nil {
		t.now = time.Now
	}
	var err error
	if c.CAFile != "" {
		t.roots, err = readPool(c.CAFile)
	} else if bundle := os.Getenv("AWS_CA_BUNDLE"); bundle != "" {
		if t.roots, err = readPool(bundle); err != nil {
			err = fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
	}
	if err != nil {
		return nil, err
	}
	for _, region := range c.regions() {
		names, err := awsnames.ForRegion(region)
		if err != nil {
			return nil, err
		}
		t.names = append(t.names, names)
	}
	for service, rawURL := range c.Endpoints {
		host, port, err := awsnames.Custom(rawURL)
		if err != nil {
			return nil, err
		}
		t.endpoints[net.JoinHostPort(host, port)] = service
	}
	for _, config := range c.Routes {
		r, err := t.newRoute(config, o.Resolver)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", config.Name, err)
		}
		t.routes = append(t.routes, r)
	}
	t.direct = t.plainRoute("endpoints", KindEndpoint, o.Resolver)
	return t, t.addOthers(o)
}

func (t *Table) newRoute(config Route, resolver *net.Resolver) (*route, error) {
	r := &route{
		config: config, name: config.Name, kind: config.kind(), region: config.regionOf(&t.config),
		policy: t.config.Policy, privateCIDRs: t.config.PrivateCIDRs, timeout: t.config.Probe.Timeout,
		resolver: resolver, observe: t.refused,
	}
	if source := config.source(); source != "" {
		r.local = newLocalBinding(source)
	}
	if len(config.DNSServers) > 0 {
		r.resolver = askServers(config.DNSServers)
	}
	if config.HTTPProxy != nil {
		var err error
		if r.proxy, err = newProxy(config.HTTPProxy); err != nil {
			return nil, fmt.Errorf("http_proxy: %w", err)
		}
	}
	return r, nil
}

// askServers is a resolver that asks servers, the next one when one cannot be reached.
func askServers(servers []string) *net.Resolver {
	var turn atomic.Uint32
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		// The resolver dials anew for every try and every kind of record.
		host, port := splitPort(servers[int(turn.Add(1)-1)%len(servers)], "53")
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
	}}
}

// Region is the table's own region.
func (t *Table) Region() string { return t.config.Region }

// Policy is the table's policy.
func (t *Table) Policy() Policy { return t.config.Policy }

// RootCAs are the certificates that sign AWS's. nil: the system's.
func (t *Table) RootCAs() *x509.CertPool { return t.roots }

// Endpoint is the custom endpoint URL of a service, or empty.
func (t *Table) Endpoint(s awsnames.Service) string {
	if rawURL := t.config.Endpoints[s]; rawURL != "" {
		return rawURL
	}
	return t.config.Endpoints[awsnames.All]
}

// Endpoints are the custom endpoint URLs by service.
func (t *Table) Endpoints() map[string]string {
	urls := map[string]string{}
	for _, s := range awsnames.Services() {
		if rawURL := t.Endpoint(s); rawURL != "" {
			urls[string(s)] = rawURL
		}
	}
	return urls
}

// Serves says whether some route leads to a service of the table's region under the policy.
func (t *Table) Serves(s awsnames.Service) bool {
	d := destination{service: s, region: t.config.Region, host: t.names[0].Public(s), port: "443"}
	return t.Endpoint(s) != "" || slices.ContainsFunc(t.config.Policy.order(t.routes), func(r *route) bool { return len(r.targets(d)) > 0 })
}

// Generation changes whenever the active route of any service does. Who keeps connections open makes
// new ones then.
func (t *Table) Generation() uint64 { return t.generation.Load() }

// Names says whether host and port are a public AWS name that the table serves, or a custom endpoint: what it
// leads other programs to.
func (t *Table) Names(host, port string) bool {
	d, ok := t.destination(host, port)
	return ok && !d.own
}

func (t *Table) destination(host, port string) (destination, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if s, ok := t.endpoints[net.JoinHostPort(host, port)]; ok {
		return destination{service: s, host: host, port: port}, true
	}
	if port != "443" {
		return destination{}, false
	}
	for _, names := range t.names {
		if s, ok := names.Service(host); ok {
			return destination{service: s, region: names.Region(), host: host, port: port}, true
		}
		if s, ok := names.Endpoint(host); ok {
			return destination{service: s, region: names.Region(), host: host, port: port, own: true}, true
		}
	}
	for _, names := range t.names { // regions of one partition have the same ones
		if s, ok := names.Global(host); ok {
			return destination{service: s, region: awsnames.Global, host: host, port: port}, true
		}
	}
	return destination{}, false
}

// DialContext connects to an AWS name of the table, such as logs.eu-central-1.amazonaws.com:443, by the
// first route that works, healthy ones first. Loopback and metadata addresses are dialed directly;
// everything else is refused. What it refuses is a *RefusedError, possibly among others.
func (t *Table) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, _, err := t.Dial(ctx, network, address)
	return conn, err
}

// Dial is DialContext, and says the name of the route.
func (t *Table) Dial(ctx context.Context, network, address string) (net.Conn, string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", err
	}
	d, ok := t.destination(host, port)
	switch {
	case ok && d.region == "": // a custom endpoint
		conn, err := t.direct.connect(ctx, d.service, address)
		if err != nil {
			return nil, "", fmt.Errorf("endpoint of %s: %w", d.service, err)
		}
		return t.direct.count(conn), t.direct.name, nil
	case !ok && isHostLocal(host):
		conn, err := dialLocal(ctx, network, address)
		return conn, "", err
	case !ok:
		refused := t.refusedName(strings.ToLower(strings.TrimSuffix(host, ".")), port)
		t.refused(refused)
		return nil, "", refused
	}
	return t.dialRoutes(ctx, d)
}

func (t *Table) dialRoutes(ctx context.Context, d destination) (net.Conn, string, error) {
	s := t.known(d)
	var errs []error
	for _, r := range t.inOrder(s) {
		if len(r.targets(d)) == 0 {
			continue
		}
		conn, _, err := r.dial(ctx, d)
		if err == nil {
			return r.count(conn), r.name, nil
		}
		errs = append(errs, fmt.Errorf("route %q: %w", r.name, err))
		if errors.Is(ctx.Err(), context.Canceled) {
			break // the caller gave up: that says nothing about the route
		}
		if s != nil {
			t.observed(s, r, outcome{err: err})
		}
		if ctx.Err() != nil {
			break
		}
	}
	if len(errs) == 0 {
		refused := &RefusedError{Service: string(d.service), service: d.service, Policy: t.config.Policy, Reason: ReasonNoRoute, Address: d.host, remedy: t.noRoute(d)}
		t.refused(refused)
		return nil, "", refused
	}
	return nil, "", fmt.Errorf("no way to %s (%s): %w", d.service, d.host, errors.Join(errs...))
}

// noRoute says why no route leads to d.
func (t *Table) noRoute(d destination) string {
	var excluded []string
	for _, r := range t.routes {
		if !t.config.Policy.permits(r.kind) && len(r.targets(d)) > 0 {
			excluded = append(excluded, r.name)
		}
	}
	remedy := fmt.Sprintf("no route serves %s in %s: add it to the vpc_endpoints of a route, or add a route with private_dns", d.service, d.region)
	if d.region == awsnames.Global {
		remedy = fmt.Sprintf("no route serves %s, which has no region and no interface endpoint: call the service by a name with a region where it has one, or add a route with private_dns", d.host)
	}
	if len(excluded) > 0 {
		remedy += fmt.Sprintf(" (the policy excludes %s)", strings.Join(excluded, ", "))
	}
	return remedy
}

// Provider is what gives components the table of their process: the endpoint_routing extension.
type Provider interface {
	Routes() *Table
}
