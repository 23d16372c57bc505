package awsroute

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/net/http/httpproxy"
)

const anyRoute = `routes: [{name: internet, public: {}}, {name: corp, http_proxy: {url: "http://127.0.0.1:1"}}]`

// reachAny opens a connection as the listener does for this process.
func reachAny(table *Table, address string) (string, error) {
	conn, route, err := table.DialAny(context.Background(), "tcp", address)
	if err != nil {
		return "", err
	}
	return route, conn.Close()
}

func TestOtherHostsTakeTheWayOfTheFirstEntryThatMatches(t *testing.T) {
	names, target := newNameserver(t), newEndpoint(t, "127.0.0.1")
	for _, host := range []string{"otlp.vendor.example", "a.corp.example", "corp.example", "gateway"} {
		names.set(host, "127.0.0.1")
	}
	names.set("public.example", "203.0.113.7")
	table := newTable(t, `{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: 10.0.0.1}}], other_hosts: [
	  {hosts: [otlp.vendor.example:`+target.port+`], via: direct}, {hosts: ["*.corp.example", public.example, "127.0.0.1/32"], via: private}, {hosts: [secret.example], via: refuse}]}`, Options{Resolver: names.resolver()})
	for host, want := range map[string]string{
		"otlp.vendor.example": "direct", "OTLP.vendor.example.": "direct", "a.corp.example": "private",
		"corp.example": "", "gateway": "", "secret.example": "", "public.example": "", "otlp.vendor.example.evil.example": "", "127.0.0.2.corp.example.x": "",
	} {
		route, err := reachAny(table, net.JoinHostPort(host, target.port))
		if want == "" {
			var refused *RefusedError
			require.ErrorAs(t, err, &refused, host)
		} else {
			require.NoError(t, err, host)
		}
		assert.Equal(t, want, route, host)
	}
	_, err := reachAny(table, "otlp.vendor.example:1")
	require.ErrorContains(t, err, "other_hosts does not allow it", "another port")
	require.ErrorContains(t, err, `{hosts: ["otlp.vendor.example"], via: direct}`)
	for _, address := range []string{"otlp.vendor.example:" + target.port, "gateway:" + target.port} {
		_, err = table.DialContext(context.Background(), "tcp", address)
		require.Error(t, err, "components that call AWS alone call nothing else")
	}
}

func TestOtherHostsGoAsTheEnvironmentSaysUnlessThePolicyIsPrivateOnly(t *testing.T) {
	names, target := newNameserver(t), newEndpoint(t, "127.0.0.1")
	names.set("vendor.example", "127.0.0.1")
	names.set("exempt.example", "127.0.0.1")
	proxy := newTestProxy(t, "", target.address)
	address := "vendor.example:" + target.port
	for _, policy := range []Policy{Any, PreferPrivate} {
		table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: %s, %s}`, policy, anyRoute), Options{
			Resolver: names.resolver(), Environment: &httpproxy.Config{HTTPSProxy: proxy.URL, NoProxy: ".exempt.example,exempt.example"},
		})
		route, err := reachAny(table, address)
		require.NoError(t, err)
		assert.Equal(t, "HTTPS_PROXY", route)
		route, err = reachAny(table, "exempt.example:"+target.port)
		require.NoError(t, err)
		assert.Equal(t, "direct", route)
	}
	direct := newTable(t, `{region: us-east-1, policy: any, `+anyRoute+`}`, Options{Resolver: names.resolver(), Environment: &httpproxy.Config{}})
	route, err := reachAny(direct, address)
	require.NoError(t, err)
	assert.Equal(t, "direct", route)

	looped := newTable(t, `{region: us-east-1, policy: any, listen: "127.0.0.1:4443", `+anyRoute+`}`, Options{Resolver: names.resolver(), Environment: &httpproxy.Config{HTTPSProxy: "http://localhost:4443"}})
	route, err = reachAny(looped, address)
	require.NoError(t, err)
	assert.Equal(t, "direct", route, "a proxy that is the listener itself")

	private := newTable(t, `{region: us-east-1, policy: private_only, routes: [{name: vpc, private_dns: {}}]}`, Options{Resolver: names.resolver(), Environment: &httpproxy.Config{}})
	_, err = reachAny(private, address)
	require.ErrorContains(t, err, "other_hosts does not allow it")
}

func TestOtherHostsMayTakeAProxyOfTheRoutes(t *testing.T) {
	target := newEndpoint(t, "127.0.0.1")
	proxy := newTestProxy(t, "", target.address)
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: any, routes: [{name: corp, http_proxy: {url: "%s"}}], other_hosts: corp}`, proxy.URL), Options{})
	route, err := reachAny(table, "otlp.vendor.example:4317")
	require.NoError(t, err)
	assert.Equal(t, "corp", route)
}

func TestOtherHostsThatCannotBeReadAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"nonsense":                              `via is "nonsense": use direct, private, environment, refuse, or the name of a route with http_proxy or public`,
		"dx":                                    `via is "dx"`,
		"[{hosts: [a], via: ''}]":               `other_hosts[0]::via`,
		"[{via: direct}]":                       "hosts is empty",
		"[{hosts: ['https://a'], via: direct}]": "give a name, *.SUFFIX",
		"[{hosts: ['a*b'], via: direct}]":       "give a name, *.SUFFIX",
		"[{hosts: ['a:x'], via: direct}]":       "not a port",
		"[{hosts: ['*.'], via: direct}]":        "give a name, *.SUFFIX",
	} {
		_, err := parse(`{region: us-east-1, policy: any, routes: [{name: dx, vpc_endpoints: {logs: 10.0.0.1}}], other_hosts: ` + text + `}`)
		require.ErrorContains(t, err, want, text)
	}
}

func TestEveryServiceOfTheRegionsFollowsTheTable(t *testing.T) {
	names := newNameserver(t)
	private := newEndpoint(t, "127.0.0.1")
	for _, host := range []string{"vpce-1.logs.us-east-1.vpce.amazonaws.com"} {
		names.set(host, "127.0.0.1")
	}
	names.set("rolesanywhere.us-east-1.amazonaws.com", "203.0.113.7")
	table := newTable(t, `{region: us-east-1, other_regions: [eu-west-1], policy: private_only, routes: [{name: dx, vpc_endpoints: {aps-workspaces: "`+private.address+`"}}, {name: west, region: eu-west-1, vpc_endpoints: {all: "`+private.address+`"}}]}`, Options{Resolver: names.resolver()})
	for region, want := range map[string]string{"us-east-1": "dx", "eu-west-1": "west"} {
		route, err := reachAny(table, "aps-workspaces."+region+".amazonaws.com:443")
		require.NoError(t, err, region)
		assert.Equal(t, want, route)
	}
	for host, want := range map[string]string{
		"rolesanywhere.us-east-1.amazonaws.com": `refused to connect to rolesanywhere at rolesanywhere.us-east-1.amazonaws.com under policy private_only: no route serves rolesanywhere in us-east-1: add it to the vpc_endpoints`,
		"iam.amazonaws.com":                     "no region and no interface endpoint",
		"sts.amazonaws.com":                     "no region and no interface endpoint",
	} {
		_, err := reachAny(table, host+":443")
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, table.Refuses(host, "443"), want, "known before")
	}
	assert.NoError(t, table.Refuses("aps-workspaces.us-east-1.amazonaws.com", "443"))
	assert.NoError(t, table.Refuses("127.0.0.1", "4317"))
	assert.ErrorContains(t, table.Refuses("aps-workspaces.us-west-2.amazonaws.com", "443"), "other_regions")
	assert.ErrorContains(t, table.Refuses("otlp.vendor.example", "443"), "other_hosts")

	// An interface endpoint's own name is the process's to call, and not other programs'.
	assert.False(t, table.Names("vpce-1.logs.us-east-1.vpce.amazonaws.com", "443"))
	_, err := reachAny(table, "vpce-1.logs.us-east-1.vpce.amazonaws.com:443")
	require.ErrorContains(t, err, "an address of this host", "it led to loopback, and is dialed as it is")
}

func TestDNSThatAnswersPubliclyIsNoWayOutForAnyService(t *testing.T) {
	names := newNameserver(t)
	names.set("rolesanywhere.us-east-1.amazonaws.com", "203.0.113.7")
	names.set("sts.amazonaws.com", "203.0.113.8")
	table := newTable(t, `{region: us-east-1, policy: private_only, routes: [{name: vpc, private_dns: {}}]}`, Options{Resolver: names.resolver()})
	for _, host := range []string{"rolesanywhere.us-east-1.amazonaws.com", "sts.amazonaws.com"} {
		_, err := reachAny(table, host+":443")
		require.ErrorContains(t, err, "a public address")
	}
}

// Who asks for ever other names fills neither the log nor the table.
func TestNamesThatAnybodyCanMakeUpAreBounded(t *testing.T) {
	core, logged := observer.New(zap.WarnLevel)
	names := newNameserver(t)
	table := newTable(t, `{region: us-east-1, policy: private_only, routes: [{name: vpc, private_dns: {}}]}`, Options{Logger: zap.New(core), Resolver: names.resolver()})
	for i := range 2 * maxTold {
		_, err := reachAny(table, fmt.Sprintf("h%d.example:443", i))
		require.Error(t, err)
		_, _ = reachAny(table, "h0.example:443")
	}
	assert.Equal(t, maxTold+1, logged.Len(), "each once, and one line that says that there are more")
	assert.Equal(t, 1, logged.FilterField(zap.String("service", "h0.example:443")).Len())
	for i := range 20 {
		_, _ = reachAny(table, fmt.Sprintf("madeup%d.us-east-1.amazonaws.com:443", i))
	}
	snapshot := table.Snapshot()
	assert.Len(t, snapshot.Refusals, 1)
	assert.EqualValues(t, 4*maxTold, snapshot.Refusals[Refusals{Reason: ReasonUnknownName}])
	assert.Empty(t, snapshot.Services, "nothing of them is probed")
}

func TestServiceWithoutAVerdictOfItsOwnLeavesARouteThatWorksForNone(t *testing.T) {
	bad, good := closedPort(t), newEndpoint(t, "127.0.0.1")
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, routes: [{name: bad, vpc_endpoints: {all: "%s"}}, {name: good, vpc_endpoints: {all: "%s"}}], probe: {unhealthy_after: 1}}`, bad, good.address), Options{})
	const other = "aps-workspaces.us-east-1.amazonaws.com"
	assert.True(t, table.Preferred(other, "443", "bad"), "nothing is known yet")
	_, err := reachAny(table, other+":443")
	require.NoError(t, err, "the next route")
	require.NoError(t, reach(t, table, logsName)) // which is watched
	assert.True(t, table.Preferred(other, "443", "good"))
	assert.False(t, table.Preferred(other, "443", "bad"))
}

func TestSOCKSProxyOfTheEnvironmentIsTaken(t *testing.T) {
	table := newTable(t, `{region: us-east-1, policy: any, `+anyRoute+`}`, Options{Environment: &httpproxy.Config{HTTPSProxy: "socks5://user:secret@" + closedPort(t)}})
	_, err := reachAny(table, "vendor.example:443")
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "secret")
	assert.True(t, strings.Contains(err.Error(), "proxy 127.0.0.1:"))
}

// Clients and proxies make of such names what they like: a full stop of another script is one for some of them.
func TestANameThatDNSDoesNotHaveIsNoOtherHost(t *testing.T) {
	table := newTable(t, `{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: 10.0.0.1}}], other_hosts: direct}`, Options{})
	for _, host := range []string{"logs.us-east-1.amazonaws\u3002com", "\uff4cogs.us-east-1.amazonaws.com", "logs.us-east-1.amazonaws.com%00", "a b.example", "x@y.example", "us-gov-west-1.signin.amazonaws-us-gov.com"} {
		_, err := reachAny(table, net.JoinHostPort(host, "443"))
		var refused *RefusedError
		require.ErrorAs(t, err, &refused, host)
		require.Error(t, table.Refuses(host, "443"), host)
	}
	for _, host := range []string{"gateway", "a_b.example", "xn--mnchen-3ya.example", "198.51.100.1", "2001:db8::1"} {
		require.NoError(t, table.Refuses(host, "443"), host)
	}
}
