//go:build linux

package routes

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestACutPrivateLinkIsLeftAndTakenAgain(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/failover.yaml", awslocal.Options{})
	collector := s.collect()
	s.write(100)
	s.delivered()
	for _, fail := range []func(linkName){s.cut, s.refuse} {
		moved, back := collector.logged(`"to": "public-vif"`), collector.logged(`"to": "private-vif"`)
		fail(linkPrivate)
		s.write(100)
		s.delivered()
		await(t, "the other route", func() bool { return collector.logged(`"to": "public-vif"`) > moved })
		s.restore(linkPrivate)
		await(t, "the way back", func() bool { return collector.logged(`"to": "private-vif"`) > back })
		// Connections that rest on the other link are closed; the next lines take the private one.
		requests := s.arrived.requests(linkPrivate)
		s.write(100)
		s.delivered()
		await(t, "requests by the private link", func() bool { return s.arrived.requests(linkPrivate) > requests })
	}
	collector.stop()
	s.exactlyOnce()
	assert.Equal(t, 2, collector.logged(`"to": "public-vif"`), "each failure moves the service once")
}

func TestAZoneThatFailsIsLeftWithinTheRoute(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	before := s.mark()
	collector := s.collect()
	s.write(100)
	s.delivered()
	s.cutAddress(endpointA)
	at := s.arrived.requestsAt(endpointB)
	s.write(100)
	s.delivered()
	assert.Greater(t, s.arrived.requestsAt(endpointB), at)
	s.restoreAddress(endpointA)
	collector.stop()
	before.onlyUsed(linkPrivate)
	s.exactlyOnce()
	assert.Zero(t, collector.logged("A service takes another route"))
}

func TestPrivateOnlyWaitsForThePrivateLinkAndKeepsEverything(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/failover.yaml", awslocal.Options{})
	s.configs = append(s.configs, "yaml:extensions::endpoint_routing::policy: private_only")
	before := s.mark()
	collector := s.collect()
	s.write(100)
	s.delivered()
	s.cut(linkPrivate)
	await(t, "the failure", func() bool { return collector.logged("A route does not work") > 0 })
	await(t, "health to show it", func() bool { return s.health("endpoint_routing") == "StatusRecoverableError" })
	s.write(1000)
	await(t, "a request that failed", func() bool { return strings.Contains(collector.text(), "CloudWatch Logs did not take a request") })
	assert.Equal(t, 100, s.ledger.distinct())
	s.restore(linkPrivate)
	s.delivered()
	await(t, "health to show that it works again", func() bool { return s.health("endpoint_routing") == "StatusOK" })
	collector.stop()
	before.onlyUsed(linkPrivate)
	s.exactlyOnce()
}

// TestDNSThatIsTakenOverIsRefused changes what DNS answers for the endpoint while data flows.
func TestDNSThatIsTakenOverIsRefused(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	before := s.mark()
	collector := s.collect()
	s.write(100)
	s.delivered()
	for _, name := range []string{vpceLogs, vpceLogsA, vpceLogsB} {
		s.dns.set(name, publicA, elsewhere, publicA6)
	}
	await(t, "the refusal", func() bool { return collector.logged(`"reason": "public_address"`) > 0 })
	s.refuse(linkPrivate) // connections that are open lead to the right place, and live on otherwise
	s.restore(linkPrivate)
	s.write(100)
	await(t, "requests that fail", func() bool { return collector.logged("CloudWatch Logs did not take a request") > 0 })
	assert.Equal(t, 100, s.ledger.distinct())
	for _, name := range []string{vpceLogs, vpceLogsA, vpceLogsB} {
		s.dns.set(name, publicA, endpointB) // one good address among bad ones
	}
	s.delivered()
	collector.stop()
	before.onlyUsed(linkPrivate)
	s.exactlyOnce()
	assert.Regexp(t, `refused to connect to logs at [0-9a-f.:]+ by route \\"private-vif\\" under policy private_only: a public address`, collector.text())
}
