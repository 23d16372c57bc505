package awsroute

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerdictChangesAfterResultsInARow(t *testing.T) {
	p := Probe{HealthyAfter: 2, UnhealthyAfter: 3}
	now := time.Unix(1e9, 0)
	v := &verdict{since: now}
	take := func(results string) string {
		var seen []byte
		for _, r := range results {
			now = now.Add(30 * time.Second)
			v.take(r == '+', p, now)
			seen = append(seen, map[bool]byte{true: 'U', false: 'H'}[v.unhealthy])
		}
		return string(seen)
	}
	assert.Equal(t, "HHHHHU", take("--+---"), "three in a row")
	assert.Equal(t, "UUUUH", take("+-U++"), "two in a row")
	assert.Equal(t, "HHU", take("---"))
	assert.Equal(t, "UUUH", take("++++"), "the second failure within ten minutes takes twice as many")
	assert.Equal(t, "HHU", take("---"))
	assert.Equal(t, "UUUUUUUH", take("++++++++"))
	now = now.Add(calm)
	assert.Equal(t, "HHU", take("---"))
	assert.Equal(t, "UH", take("++"), "after calm it is forgotten")
}

// failing makes a table of a private route and a proxy, and says where its connections went.
func failing(t *testing.T, probe string) (table *Table, private, proxied *endpoint, changes *atomic.Int64) {
	private, proxied = newEndpoint(t, "127.0.0.1"), newEndpoint(t, "127.0.0.1")
	proxy := newTestProxy(t, "", proxied.address)
	changes = new(atomic.Int64)
	table = newTable(t, fmt.Sprintf(`{region: us-east-1, policy: prefer_private, %s routes: [{name: dx, vpc_endpoints: {logs: "%s"}}, {name: proxy, http_proxy: {url: "%s"}}]}`, probe, private.address, proxy.URL),
		Options{OnChange: func() { changes.Add(1) }})
	return table, private, proxied, changes
}

func TestFailoverAndFailBack(t *testing.T) {
	table, private, proxied, changes := failing(t, "")
	now := time.Now()
	table.now = func() time.Time { return now }
	round := func() {
		now = now.Add(time.Minute)
		table.probeRound(context.Background())
	}
	active := func() string { return table.Snapshot().Services[0].Active }
	require.NoError(t, reach(t, table, logsName))
	round()
	assert.Equal(t, "dx", active())
	assert.EqualValues(t, 2, private.accepted.Load())
	assert.EqualValues(t, 1, proxied.accepted.Load(), "the route in reserve is probed too")

	private.stop()
	require.NoError(t, reach(t, table, logsName), "a request finds its way before any probe")
	assert.Equal(t, "dx", active(), "once is not enough")
	round()
	assert.Equal(t, "proxy", active())
	assert.EqualValues(t, 1, table.Generation())
	assert.EqualValues(t, 1, changes.Load())
	state := table.Snapshot().Services[0]
	assert.EqualValues(t, 1, state.Failovers)
	assert.True(t, state.Healthy)
	assert.False(t, state.Routes[0].Healthy)
	assert.Error(t, state.Routes[0].LastError)
	assert.False(t, table.Preferred(logsName, "443", "dx"))

	again := newEndpoint(t, "127.0.0.1")
	table.routes[0].config.VPCEndpoints["logs"] = Targets{again.address}
	round()
	assert.Equal(t, "proxy", active(), "not at the first good probe")
	require.NoError(t, reach(t, table, logsName))
	assert.EqualValues(t, 1, again.accepted.Load(), "nor by a request")
	round()
	assert.Equal(t, "dx", active())
	assert.EqualValues(t, 2, table.Generation())
	require.NoError(t, reach(t, table, logsName))
	assert.EqualValues(t, 3, again.accepted.Load())
}

func TestReserveIsNotProbedWhereItShallNotBe(t *testing.T) {
	table, private, proxied, _ := failing(t, "probe: {standby: false},")
	table.Start()
	require.Eventually(t, func() bool { return !table.Snapshot().Services[0].Routes[0].Probed.IsZero() }, time.Minute, time.Millisecond)
	table.Shutdown()
	assert.NotZero(t, private.accepted.Load())
	assert.Zero(t, proxied.accepted.Load())
}

func TestEveryRouteDownIsUnhealthyAndStillTried(t *testing.T) {
	table, private, proxied, _ := failing(t, "probe: {unhealthy_after: 1},")
	private.stop()
	proxied.stop()
	require.Error(t, reach(t, table, logsName))
	state := table.Snapshot().Services[0]
	assert.False(t, state.Healthy)
	assert.Equal(t, "proxy", state.Active, "the last one that was thought to work")
	again := newEndpoint(t, "127.0.0.1")
	table.routes[0].config.VPCEndpoints["logs"] = Targets{again.address}
	require.NoError(t, reach(t, table, logsName))
}

func TestWithoutProbesARouteIsTriedAgainLater(t *testing.T) {
	table, private, proxied, _ := failing(t, "probe: {interval: 0, unhealthy_after: 1},")
	table.Start()
	private.stop()
	now := time.Now()
	table.now = func() time.Time { return now }
	require.NoError(t, reach(t, table, logsName))
	again := newEndpoint(t, "127.0.0.1")
	table.routes[0].config.VPCEndpoints["logs"] = Targets{again.address}
	require.NoError(t, reach(t, table, logsName))
	assert.EqualValues(t, 2, proxied.accepted.Load())
	now = now.Add(2 * retryUnprobed)
	require.NoError(t, reach(t, table, logsName))
	assert.EqualValues(t, 1, again.accepted.Load())
}

func TestProbeFindsACertificateOfAnotherName(t *testing.T) {
	private := newEndpoint(t, "127.0.0.1")
	table := newTable(t, fmt.Sprintf(`{region: us-east-1, policy: private_only, probe: {unhealthy_after: 1}, routes: [{name: dx, vpc_endpoints: {logs: "%s"}}]}`, private.address), Options{})
	table.roots = nil // the system's, which do not know the endpoint's authority
	s := table.track(serviceKey{"logs", "us-east-1"}, "")
	o := table.probe(context.Background(), s, table.routes[0])
	require.ErrorContains(t, o.err, "TLS for logs.us-east-1.amazonaws.com")
}
