package awsroute

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

func TestPublicNameIsReachedAtTheInterfaceEndpoint(t *testing.T) {
	private := newEndpoint(t, "127.0.0.1")
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: "%s"}}]}`, private.address), Options{})
	require.NoError(t, reach(t, table, logsName))
	require.NoError(t, reach(t, table, "logs-fips.us-east-1.amazonaws.com"))
	assert.EqualValues(t, 2, private.accepted.Load())

	traffic := table.Snapshot().Routes[0]
	assert.Equal(t, "dx", traffic.Route)
	assert.Positive(t, traffic.Sent)
	assert.Positive(t, traffic.Received)
	assert.Zero(t, traffic.Connections)
}

func TestZonalEndpointsAreTriedInOrder(t *testing.T) {
	a, b := newEndpoint(t, "127.0.0.1"), newEndpoint(t, "127.0.0.2")
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: ["%s", "%s"]}}]}`, a.address, b.address), Options{})
	require.NoError(t, reach(t, table, logsName))
	a.stop()
	require.NoError(t, reach(t, table, logsName))
	assert.EqualValues(t, 1, b.accepted.Load())
	assert.Zero(t, table.Generation(), "it is one route")
}

func TestPrivateOnlyRefusesAPublicAddressThatDNSBeginsToAnswer(t *testing.T) {
	names, private := newNameserver(t), newEndpoint(t, "127.0.0.1")
	const vpce = "vpce-1-2.logs.us-east-1.vpce.amazonaws.com"
	core, logs := observer.New(zap.WarnLevel)
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, private_cidrs: [127.0.0.0/8], routes: [{name: dx, vpc_endpoints: {logs: "%s:%s"}}]}`, vpce, private.port),
		Options{Resolver: names.resolver(), Logger: zap.New(core)})
	names.set(vpce, "127.0.0.1")
	require.NoError(t, reach(t, table, logsName))

	names.set(vpce, "203.0.113.7")
	err := reach(t, table, logsName)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "logs", refused.Service)
	assert.Equal(t, "203.0.113.7", refused.Address)
	assert.Equal(t, "dx", refused.Route)
	assert.Equal(t, ReasonPublicAddress, refused.Reason)
	assert.ErrorContains(t, err, `refused to connect to logs at 203.0.113.7 by route "dx" under policy private_only: a public address`)

	names.set(vpce, "2001:db8::7", "203.0.113.7")
	require.ErrorAs(t, reach(t, table, logsName), &refused)
	names.set(vpce, "203.0.113.7", "127.0.0.1")
	require.NoError(t, reach(t, table, logsName), "the private one of two addresses is used")
	names.set(vpce, "169.254.169.254")
	require.ErrorAs(t, reach(t, table, logsName), &refused)
	assert.Equal(t, ReasonLocalAddress, refused.Reason)

	assert.GreaterOrEqual(t, table.Snapshot().Refusals[Refusals{"logs", "dx", ReasonPublicAddress}], int64(3))
	assert.Equal(t, 2, logs.FilterMessage("A connection was refused by the route policy").Len(), "each reason is logged once")
}

func TestOtherRoutesAreNotTouchedUnderPrivateOnly(t *testing.T) {
	public := newEndpoint(t, "127.0.0.1")
	table := newTable(t, fmt.Sprintf(`
region: us-east-1
policy: private_only
routes:
  - {name: dx, vpc_endpoints: {logs: "%s"}}
  - {name: proxy, http_proxy: {url: "http://%s"}}
  - {name: internet, public: {}}
`, closedPort(t), public.address), Options{})
	require.Error(t, reach(t, table, logsName))
	err := reach(t, table, "sts.us-east-1.amazonaws.com")
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, ReasonNoRoute, refused.Reason)
	assert.ErrorContains(t, err, "no route serves sts in us-east-1")
	assert.ErrorContains(t, err, "the policy excludes proxy, internet")
	assert.Zero(t, public.accepted.Load())
	assert.True(t, table.Serves(awsnames.Logs))
	assert.False(t, table.Serves(awsnames.STS))
}

func TestPreferPrivateTriesPrivateRoutesFirst(t *testing.T) {
	private, proxied := newEndpoint(t, "127.0.0.1"), newEndpoint(t, "127.0.0.1")
	proxy := newTestProxy(t, "", proxied.address)
	yaml := `{region: us-east-1, policy: %s, routes: [{name: proxy, http_proxy: {url: "%s"}}, {name: dx, vpc_endpoints: {logs: "%s"}}]}`
	require.NoError(t, reach(t, newTable(t, fmt.Sprintf(yaml, PreferPrivate, proxy.URL, private.address), Options{}), logsName))
	assert.EqualValues(t, 1, private.accepted.Load())
	require.NoError(t, reach(t, newTable(t, fmt.Sprintf(yaml, Any, proxy.URL, private.address), Options{}), logsName))
	assert.EqualValues(t, 1, proxied.accepted.Load())
}

func TestNamesOfOthersAreRefused(t *testing.T) {
	table := newTable(t, `{region: us-east-1, other_regions: [eu-west-1], policy: any, routes: [{name: internet, public: {}}]}`, Options{})
	for _, address := range []string{
		"example.com:443", "sts.amazonaws.com.cn:443", "logs.eu-central-1.amazonaws.com:443", "203.0.113.7:443", logsName + ":80", logsName + ":22", "10.0.0.1:443",
		"logs.us-east-1.amazonaws.com.evil.example:443", "169.254.169.253:443",
	} {
		_, err := table.DialContext(context.Background(), "tcp", address)
		var refused *RefusedError
		require.ErrorAs(t, err, &refused, address)
		assert.Equal(t, ReasonUnknownName, refused.Reason, address)
	}
	assert.True(t, table.Names("logs.eu-west-1.amazonaws.com", "443"))
	assert.Len(t, table.Snapshot().Refusals, 1, "names that anybody can make up are not counted one by one")
}

func TestLoopbackIsDialedDirectly(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	table := newTable(t, `{region: us-east-1, policy: private_only, routes: [{name: dx, vpc_endpoints: {logs: 10.0.0.1}}]}`, Options{})
	conn, err := table.DialContext(context.Background(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestCustomEndpointIsDialedDirectly(t *testing.T) {
	server := newEndpoint(t, "127.0.0.1")
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, endpoints: {logs: "https://localhost:%s", sts: "https://203.0.113.9"}, routes: [{name: dx, vpc_endpoints: {ssm: 10.0.0.1}}]}`, server.port), Options{})
	assert.Equal(t, "https://localhost:"+server.port, table.Endpoint(awsnames.Logs))
	conn, err := table.DialContext(context.Background(), "tcp", "localhost:"+server.port)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	_, err = table.DialContext(context.Background(), "tcp", "203.0.113.9:443")
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, ReasonPublicAddress, refused.Reason)
}

func TestRouteIsOnlyForItsRegionAndServices(t *testing.T) {
	frankfurt, rest := newEndpoint(t, "127.0.0.1"), newEndpoint(t, "127.0.0.1")
	proxy := newTestProxy(t, "", rest.address)
	table := newTable(t, fmt.Sprintf(`
region: us-east-1
other_regions: [eu-central-1]
policy: any
routes:
  - {name: fra, region: eu-central-1, vpc_endpoints: {all: "%s"}, services: [ssm]}
  - {name: proxy, http_proxy: {url: "%s"}}
`, frankfurt.address, proxy.URL), Options{})
	require.NoError(t, reach(t, table, "ssm.eu-central-1.amazonaws.com"))
	assert.EqualValues(t, 1, frankfurt.accepted.Load())
	require.NoError(t, reach(t, table, "ssm.us-east-1.amazonaws.com"))
	require.NoError(t, reach(t, table, "logs.eu-central-1.amazonaws.com"))
	assert.EqualValues(t, 1, frankfurt.accepted.Load())
	assert.EqualValues(t, 2, rest.accepted.Load())
}

func TestConnectionsLeaveFromTheSource(t *testing.T) {
	private := newEndpoint(t, "127.0.0.1")
	for source, want := range map[string]string{"127.0.0.9": "127.0.0.9", "lo": "127.0.0.1"} {
		table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, routes: [{name: dx, source: %s, vpc_endpoints: {logs: "%s"}}]}`, source, private.address), Options{})
		if err := reach(t, table, logsName); source == "lo" && err != nil {
			t.Logf("interface lo: %v", err) // another name, or no right to bind: the network namespaces' tests show it
			continue
		}
		assert.Equal(t, want, private.from.Load(), source)
	}
	for source, want := range map[string]string{"203.0.113.1": "is it an address of this host", "nowhere0": "nor an interface of this host", "2001:db8::1": "other IP version"} {
		table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, routes: [{name: dx, source: "%s", vpc_endpoints: {logs: "%s"}}]}`, source, private.address), Options{})
		assert.ErrorContains(t, reach(t, table, logsName), want)
	}
}

func TestCallerWhoGivesUpDoesNotSpeakAgainstARoute(t *testing.T) {
	table := newTable(t, `{region: us-east-1, policy: private_only, probe: {unhealthy_after: 1}, routes: [{name: dx, vpc_endpoints: {logs: 10.255.255.1}}]}`, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := table.DialContext(ctx, "tcp", logsName+":443")
	require.Error(t, err)
	assert.True(t, table.Snapshot().Services[0].Healthy)
}

func TestErrorsNameEveryRouteThatWasTried(t *testing.T) {
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: any, routes: [{name: dx, vpc_endpoints: {logs: "%s"}}, {name: proxy, http_proxy: {url: "http://%s"}}]}`, closedPort(t), closedPort(t)), Options{})
	_, err := table.DialContext(context.Background(), "tcp", logsName+":443")
	require.ErrorContains(t, err, "no way to logs (logs.us-east-1.amazonaws.com)")
	assert.ErrorContains(t, err, `route "dx"`)
	assert.ErrorContains(t, err, `route "proxy"`)
	var operation *net.OpError
	assert.True(t, errors.As(err, &operation))
}

func TestInspectionShowsEveryStep(t *testing.T) {
	names, private := newNameserver(t), newEndpoint(t, "127.0.0.1")
	const vpce = "vpce-1-2.logs.us-east-1.vpce.amazonaws.com"
	names.set(vpce, "127.0.0.1", "203.0.113.7")
	table := newTable(t, fmt.Sprintf(`
region: us-east-1
policy: private_only
private_cidrs: [127.0.0.0/8]
routes:
  - {name: dx, vpc_endpoints: {logs: ["%s:%s", gone.example, "%s"]}}
  - {name: other, vpc_endpoints: {ssm: 10.0.0.1}}
  - {name: internet, public: {}}
`, vpce, private.port, closedPort(t)), Options{Resolver: names.resolver()})
	inspections := table.Inspect(context.Background(), awsnames.Logs)
	require.Len(t, inspections, 3)
	assert.True(t, inspections[0].Works())
	good, gone, closed := inspections[0].Targets[0], inspections[0].Targets[1], inspections[0].Targets[2]
	for _, a := range good.Addresses {
		if a.Scope == "public" {
			assert.ErrorContains(t, a.Refused, "a public address")
			assert.Nil(t, a.TLS)
			continue
		}
		require.NoError(t, a.TLSErr)
		assert.Contains(t, a.TLS.Names, logsName)
		assert.Contains(t, a.TLS.Issuer, "CN=")
		assert.True(t, a.TLS.NotAfter.After(time.Now()))
	}
	assert.ErrorContains(t, gone.DNSErr, "no such host")
	assert.ErrorContains(t, closed.Addresses[0].TCPErr, "refused")
	assert.Equal(t, "the route does not serve logs", inspections[1].Excluded)
	assert.Equal(t, "policy private_only excludes public", inspections[2].Excluded)
}
