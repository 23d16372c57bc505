package awsroute

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

const whole = `
region: eu-central-1
policy: prefer_private
private_cidrs: [2a05:d014::/32]
routes:
  - name: dx-private
    vpc_endpoints:
      logs: vpce-0a1-x.logs.eu-central-1.vpce.amazonaws.com
      monitoring: [vpce-0a2-x-eu-central-1a.monitoring.eu-central-1.vpce.amazonaws.com, 10.0.0.7, "fd00:1::7", "[fd00:1::8]:8443"]
      ssm: 10.0.0.8, 10.0.1.8
  - name: vpc
    private_dns: {}
    dns_servers: [10.0.0.2, "10.0.0.3:5353"]
  - name: dx-public
    public: {source: eth1, allowed_cidrs: [203.0.113.0/24, "2001:db8::/32"]}
  - name: proxy
    http_proxy: {url: "http://proxy:3128", username: agent, password: secret}
  - name: internet
    public: {}
probe: {interval: 10s, timeout: 1s, healthy_after: 3, unhealthy_after: 1, standby: false, services: [logs, sts]}
listen: 127.0.0.1:4443
`

func TestWholeConfiguration(t *testing.T) {
	c, err := parse(whole)
	require.NoError(t, err)
	assert.Equal(t, PreferPrivate, c.Policy)
	require.Len(t, c.Routes, 5)
	assert.Equal(t, Targets{"vpce-0a1-x.logs.eu-central-1.vpce.amazonaws.com"}, c.Routes[0].VPCEndpoints[awsnames.Logs])
	assert.Len(t, c.Routes[0].VPCEndpoints[awsnames.Monitoring], 4)
	assert.Equal(t, Targets{"10.0.0.8", "10.0.1.8"}, c.Routes[0].VPCEndpoints[awsnames.SSM], "commas, as in an environment variable")
	assert.NotNil(t, c.Routes[1].PrivateDNS)
	assert.Equal(t, "eth1", c.Routes[2].source())
	assert.Equal(t, netip.MustParsePrefix("2001:db8::/32"), c.Routes[2].allowedCIDRs()[1])
	assert.Equal(t, Probe{Interval: 10 * time.Second, Timeout: time.Second, HealthyAfter: 3, UnhealthyAfter: 1, Services: []awsnames.Service{"logs", "sts"}}, c.Probe)
	_, err = New(c, Options{})
	require.NoError(t, err)
}

func TestMistakesAreNamed(t *testing.T) {
	const good = "region: eu-central-1, policy: any, routes: [{name: internet, public: {}}]"
	route := func(r string) string { return "region: eu-central-1, policy: any, routes: [{name: r, " + r + "}]" }
	for name, c := range map[string]struct{ yaml, want string }{
		"nothing":              {"", "region is not set"},
		"no policy":            {"region: eu-central-1", "policy is not set: choose private_only, prefer_private or any"},
		"no routes":            {"region: eu-central-1, policy: any", "routes is empty"},
		"unknown policy":       {"policy: private", `unknown policy "private": it must be one of private_only, prefer_private, any`},
		"unknown key":          {good + ", polcy: any", "polcy"},
		"unknown service":      {route("vpc_endpoints: {cloudwatch: 10.0.0.1}"), `unknown service "cloudwatch"`},
		"bad region":           {"region: Frankfurt, policy: any, routes: [{name: i, public: {}}]", `"Frankfurt" is not the name of a region`},
		"same name twice":      {"region: eu-central-1, policy: any, routes: [{name: i, public: {}}, {name: i, private_dns: {}}]", `routes[1] ("i"): the name is taken`},
		"no name":              {"region: eu-central-1, policy: any, routes: [{public: {}}]", `routes[0] (""): name is not set`},
		"no kind":              {route("services: [logs]"), "has 0 kinds: set exactly one of"},
		"empty kind":           {route("public: "), "has 0 kinds"},
		"two kinds":            {route("public: {}, private_dns: {}"), "has 2 kinds"},
		"URL as endpoint":      {route(`vpc_endpoints: {logs: "https://vpce-1.logs"}`), "without https://"},
		"port that is none":    {route(`vpc_endpoints: {logs: "10.0.0.1:https"}`), `"10.0.0.1:https" is not a name`},
		"no endpoints":         {route("vpc_endpoints: {logs: []}"), "vpc_endpoints::logs is empty"},
		"another service":      {route("vpc_endpoints: {monitoring: vpce-1-2.logs.eu-central-1.vpce.amazonaws.com}"), "is an interface endpoint of logs, not of monitoring"},
		"another region":       {route("vpc_endpoints: {logs: vpce-1-2.logs.us-east-1.vpce.amazonaws.com}"), "is an interface endpoint in us-east-1, not in eu-central-1"},
		"region of public":     {route("public: {}, region: eu-central-1"), "only a route with vpc_endpoints has a region"},
		"region not listed":    {route("vpc_endpoints: {logs: 10.0.0.1}, region: eu-west-1"), "add it to other_regions"},
		"source twice":         {route("source: eth0, public: {source: eth1}"), "set it once"},
		"source":               {route(`source: "10.0.0.0/8", public: {}`), "neither an IP address nor the name of a network interface"},
		"range":                {route("allowed_cidrs: [10.0.0.0], public: {}"), "10.0.0.0"},
		"DNS server":           {route("dns_servers: [resolver.example], private_dns: {}"), `"resolver.example" is not an IP address`},
		"proxy without scheme": {route(`http_proxy: {url: "proxy:3128"}`), "is not http://host:port"},
		"proxy with password":  {route(`http_proxy: {url: "ftp://u:hunter2@proxy"}`), "[REDACTED]"},
		"user twice":           {route(`http_proxy: {url: "http://u:p@proxy", username: v}`), "username is set, and the url has one"},
		"password alone":       {route(`http_proxy: {url: "http://proxy", password: p}`), "password is set without username"},
		"CA of plain proxy":    {route(`http_proxy: {url: "http://proxy", ca_file: x.pem}`), "speaks no TLS"},
		"private without":      {"region: eu-central-1, policy: private_only, routes: [{name: i, public: {}}]", "policy private_only permits none of the routes"},
		"endpoint":             {good + ", endpoints: {logs: localhost:4566}", "endpoints::logs"},
		"interval":             {good + ", probe: {interval: 1ms}", "probe::interval is 1ms"},
		"timeout":              {good + ", probe: {timeout: 0}", "probe::timeout is 0s"},
		"threshold":            {good + ", probe: {healthy_after: 0}", "probe::healthy_after is 0: it must be between 1 and 100"},
		"listen everywhere":    {good + `, listen: ":4443"`, "write 127.0.0.1:4443"},
		"listen nowhere":       {good + `, listen: "4443"`, "is not host:port"},
		"relative socket":      {good + `, listen: "unix://run/x.sock"`, "must be absolute"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("{" + c.yaml + "}")
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestFilesThatAreMissingAreNamed(t *testing.T) {
	c, err := parse("{region: eu-central-1, policy: any, ca_file: /absent/ca.pem, routes: [{name: i, public: {}}]}")
	require.NoError(t, err)
	_, err = New(c, Options{})
	require.ErrorContains(t, err, "/absent/ca.pem")
	c.CAFile = ""
	t.Setenv("AWS_CA_BUNDLE", os.DevNull)
	_, err = New(c, Options{})
	require.ErrorContains(t, err, "AWS_CA_BUNDLE")
}

func TestVerdictOnEveryAddress(t *testing.T) {
	cidrs := func(s ...string) (p []netip.Prefix) {
		for _, cidr := range s {
			p = append(p, netip.MustParsePrefix(cidr))
		}
		return p
	}
	endpoints := Route{VPCEndpoints: map[awsnames.Service]Targets{"logs": {"x"}}}
	for _, c := range []struct {
		name    string
		route   Route
		private []netip.Prefix
		policy  Policy
		literal bool
		refused map[Reason][]string
		allowed []string
	}{
		{
			name: "interface endpoint", route: endpoints, policy: Any,
			allowed: []string{"10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1"},
			refused: map[Reason][]string{
				ReasonPublicAddress: {"203.0.113.1", "52.94.1.1", "2a05:d014::1", "172.32.0.1", "100.128.0.1", "::ffff:52.94.1.1", "64:ff9b::1.2.3.4"},
				ReasonLocalAddress:  {"127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "fe80::1", "255.255.255.255"},
			},
		},
		{name: "interface endpoint at a literal loopback address", route: endpoints, literal: true, allowed: []string{"127.0.0.1", "::1"}, refused: map[Reason][]string{ReasonLocalAddress: {"169.254.169.254", "0.0.0.0"}}},
		{name: "VPC with IPv6", route: endpoints, private: cidrs("2a05:d014::/32"), allowed: []string{"2a05:d014::1"}, refused: map[Reason][]string{ReasonPublicAddress: {"2a05:d015::1"}}},
		{name: "private DNS", route: Route{PrivateDNS: &PrivateDNS{}}, allowed: []string{"10.0.0.1"}, refused: map[Reason][]string{ReasonPublicAddress: {"52.94.1.1"}, ReasonLocalAddress: {"127.0.0.1"}}},
		{
			name: "public", route: Route{Public: &Public{}}, allowed: []string{"52.94.1.1", "2a05:d014::1"},
			refused: map[Reason][]string{ReasonPrivateAddress: {"10.0.0.1", "fd00::1"}, ReasonLocalAddress: {"127.0.0.1", "169.254.169.254"}},
		},
		{
			name: "public within ranges", route: Route{Public: &Public{AllowedCIDRs: cidrs("52.94.0.0/16")}}, allowed: []string{"52.94.1.1", "::ffff:52.94.1.1"},
			refused: map[Reason][]string{ReasonNotAllowed: {"52.95.1.1"}, ReasonPrivateAddress: {"10.0.0.1"}},
		},
		{
			name: "ranges do not widen", route: Route{PrivateDNS: &PrivateDNS{}, AllowedCIDRs: cidrs("0.0.0.0/0")}, allowed: []string{"10.0.0.1"},
			refused: map[Reason][]string{ReasonPublicAddress: {"52.95.1.1"}, ReasonNotAllowed: {"fd00::1"}},
		},
		{name: "proxy", route: Route{HTTPProxy: &HTTPProxy{}}, allowed: []string{"127.0.0.1", "10.0.0.1", "52.94.1.1"}, refused: map[Reason][]string{ReasonLocalAddress: {"0.0.0.0", "224.0.0.1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &route{config: c.route, kind: c.route.kind(), privateCIDRs: c.private, policy: c.policy}
			for _, address := range c.allowed {
				reason, _ := r.verdict(netip.MustParseAddr(address), c.literal)
				assert.Empty(t, reason, address)
			}
			for want, addresses := range c.refused {
				for _, address := range addresses {
					reason, remedy := r.verdict(netip.MustParseAddr(address), c.literal)
					assert.Equal(t, want, reason, address)
					assert.NotEmpty(t, remedy)
				}
			}
		})
	}
}
