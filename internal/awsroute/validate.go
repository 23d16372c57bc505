package awsroute

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
)

// Bounds of the probe's settings.
const (
	minInterval, maxInterval = time.Second, time.Hour
	minTimeout, maxTimeout   = 100 * time.Millisecond, time.Minute
	maxThreshold             = 100
)

// Validate says everything that is wrong with the configuration. It asks neither DNS nor files.
func (c *Config) Validate() error {
	var errs []error
	if c.Region == "" {
		errs = append(errs, errors.New("region is not set: name the region that is called, such as eu-central-1"))
	}
	for _, region := range c.regions() {
		if _, err := awsnames.ForRegion(region); err != nil && region != "" {
			errs = append(errs, fmt.Errorf("region or other_regions: %w", err))
		}
	}
	if c.Policy == "" {
		errs = append(errs, errors.New("policy is not set: choose private_only, prefer_private or any"))
	}
	if len(c.Routes) == 0 {
		errs = append(errs, errors.New("routes is empty: name at least one route; `- {name: internet, public: {}}` is the plainest"))
	}
	for service, rawURL := range c.Endpoints {
		if _, _, err := awsnames.Custom(rawURL); err != nil {
			errs = append(errs, fmt.Errorf("endpoints::%s: %w", service, err))
		}
	}
	names, usable := map[string]bool{}, false
	for i := range c.Routes {
		route := &c.Routes[i]
		key := fmt.Sprintf("routes[%d] (%q)", i, route.Name)
		if names[route.Name] {
			errs = append(errs, fmt.Errorf("%s: the name is taken by an earlier route; names are shown in logs and must differ", key))
		}
		names[route.Name] = true
		if err := route.validate(c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		usable = usable || c.Policy.permits(route.kind())
	}
	if len(c.Routes) > 0 && c.Policy == PrivateOnly && !usable {
		errs = append(errs, errors.New("policy private_only permits none of the routes: add one with vpc_endpoints or private_dns, or choose prefer_private or any"))
	}
	return errors.Join(append(errs, c.Probe.validate(), c.validateOthers(), validateListen(c.Listen))...)
}

// regions are all regions of the table, each once, the table's own first.
func (c *Config) regions() []string {
	regions := []string{c.Region}
	for _, region := range c.OtherRegions {
		if !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	return regions
}

func (r *Route) validate(c *Config) error {
	var errs []error
	if r.Name == "" {
		errs = append(errs, errors.New("name is not set"))
	}
	kinds := 0
	for _, set := range []bool{len(r.VPCEndpoints) > 0, r.PrivateDNS != nil, r.Public != nil, r.HTTPProxy != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		errs = append(errs, fmt.Errorf("has %d kinds: set exactly one of vpc_endpoints, private_dns, public, http_proxy (`public: {}` where it needs no settings)", kinds))
	}
	if r.Region != "" && len(r.VPCEndpoints) == 0 {
		errs = append(errs, fmt.Errorf("region %q: only a route with vpc_endpoints has a region of its own", r.Region))
	}
	if r.Region != "" && !slices.Contains(c.regions(), r.Region) {
		errs = append(errs, fmt.Errorf("region %q is not one of the table's: add it to other_regions", r.Region))
	}
	for service, targets := range r.VPCEndpoints {
		if len(targets) == 0 {
			errs = append(errs, fmt.Errorf("vpc_endpoints::%s is empty", service))
		}
		for _, target := range targets {
			if err := validateTarget(target, service, r.regionOf(c)); err != nil {
				errs = append(errs, fmt.Errorf("vpc_endpoints::%s: %w", service, err))
			}
		}
	}
	if r.Public != nil && (r.Source != "" && r.Public.Source != "" || len(r.AllowedCIDRs) > 0 && len(r.Public.AllowedCIDRs) > 0) {
		errs = append(errs, errors.New("source or allowed_cidrs is set in the route and in public: set it once"))
	}
	if r.HTTPProxy != nil {
		if _, err := r.HTTPProxy.parse(); err != nil {
			errs = append(errs, fmt.Errorf("http_proxy: %w", err))
		}
	}
	for _, server := range r.DNSServers {
		host, _ := splitPort(server, "53")
		if _, err := netip.ParseAddr(host); err != nil {
			errs = append(errs, fmt.Errorf("dns_servers: %q is not an IP address, alone or with a port", server))
		}
	}
	if source := r.source(); strings.ContainsAny(source, "/% \t") {
		errs = append(errs, fmt.Errorf("source: %q is neither an IP address nor the name of a network interface", source))
	}
	return errors.Join(errs...)
}

// validateTarget finds what is surely a mistake: a URL, or an interface endpoint of another service or
// region.
func validateTarget(target string, service awsnames.Service, region string) error {
	if strings.Contains(target, "/") {
		return fmt.Errorf("%q: give a name or an IP address, without https:// and without a path", target)
	}
	host, port := splitPort(target, "443")
	if number, err := strconv.ParseUint(port, 10, 16); host == "" || err != nil || number == 0 {
		return fmt.Errorf("%q is not a name or an IP address, alone or with a port", target)
	}
	of, in, ok := awsnames.InterfaceEndpoint(host)
	if ok && service != awsnames.All && of != service {
		return fmt.Errorf("%q is an interface endpoint of %s, not of %s", target, of, service)
	}
	if ok && region != "" && in != region {
		return fmt.Errorf("%q is an interface endpoint in %s, not in %s: set the route's region", target, in, region)
	}
	return nil
}

func (p *Probe) validate() error {
	var errs []error
	if p.Interval != 0 && (p.Interval < minInterval || p.Interval > maxInterval) {
		errs = append(errs, fmt.Errorf("probe::interval is %s: it must be 0 (off) or between %s and %s", p.Interval, minInterval, maxInterval))
	}
	if p.Timeout < minTimeout || p.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("probe::timeout is %s: it must be between %s and %s", p.Timeout, minTimeout, maxTimeout))
	}
	for key, n := range map[string]int{"healthy_after": p.HealthyAfter, "unhealthy_after": p.UnhealthyAfter} {
		if n < 1 || n > maxThreshold {
			errs = append(errs, fmt.Errorf("probe::%s is %d: it must be between 1 and %d", key, n, maxThreshold))
		}
	}
	return errors.Join(errs...)
}

// ListenNetwork is the network and address of a listen setting, for net.Listen.
func ListenNetwork(listen string) (network, address string) {
	if path, ok := strings.CutPrefix(listen, "unix://"); ok {
		return "unix", path
	}
	return "tcp", listen
}

func validateListen(listen string) error {
	if listen == "" {
		return nil
	}
	network, address := ListenNetwork(listen)
	if network == "unix" {
		if !filepath.IsAbs(address) {
			return fmt.Errorf("listen: %q: the socket's path must be absolute, as in unix:///run/otelcol-cloudwatch/routes.sock", listen)
		}
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen: %q is not host:port or unix:///path: %w", listen, err)
	}
	if host == "" {
		return fmt.Errorf("listen: %q would listen on every address: write 127.0.0.1:%s, or 0.0.0.0:%s if other machines shall use it", listen, port, port)
	}
	return nil
}

// parse is the proxy's URL with its credentials in it.
func (p *HTTPProxy) parse() (*url.URL, error) {
	u, err := url.Parse(string(p.URL))
	if err != nil {
		return nil, errors.New("url cannot be parsed; it is not shown, since it may hold a password")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("url %q is not http://host:port or https://host:port", redact.Text(string(p.URL)))
	}
	if p.Username != "" {
		if u.User != nil {
			return nil, errors.New("username is set, and the url has one: set it once")
		}
		u.User = url.UserPassword(p.Username, string(p.Password))
	} else if p.Password != "" {
		return nil, errors.New("password is set without username")
	}
	if u.Scheme == "http" && p.CAFile != "" {
		return nil, errors.New("ca_file is of no use with an http:// proxy, which speaks no TLS")
	}
	return u, nil
}

// splitPort takes a port off a host, where there is one. A bare IPv6 address has none.
func splitPort(address, defaultPort string) (host, port string) {
	if h, p, err := net.SplitHostPort(address); err == nil {
		return h, p
	}
	return strings.Trim(address, "[]"), defaultPort
}
