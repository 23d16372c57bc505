//go:build linux

package routes

import (
	"bufio"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestTheListenerIsNoOpenProxy asks the collector's listener for what it must not lead to.
func TestTheListenerIsNoOpenProxy(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/failover.yaml", awslocal.Options{})
	s.configs = append(s.configs, "yaml:extensions::endpoint_routing::policy: any", "yaml:extensions::endpoint_routing::probe::interval: 0")
	s.write(1)
	s.collect()
	s.delivered()
	s.dns.set("intranet.example.internal", endpointA)
	s.dns.set("evil.example.com", elsewhere)
	ask := func(target string) int {
		t.Helper()
		conn, err := s.dialer(from{})(s.soon(), "tcp", "127.0.0.1:4443")
		require.NoError(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, publicLogs+":443")
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	require.Equal(t, http.StatusOK, ask(publicLogs+":443"))
	arrived := func() int {
		return s.arrived.count(func(a arrival) bool {
			return a.address.Port() != 443 || a.address.Addr() == elsewhere || a.address.Addr() == elsewhere6
		})
	}
	for name, target := range map[string]string{
		"another name":                "evil.example.com:443",
		"a name inside":               "intranet.example.internal:443",
		"an address of AWS":           publicA.String() + ":443",
		"an interface endpoint's own": vpceLogs + ":443",
		"another port":                publicLogs + ":80",
		"another region":              "logs.us-east-1.amazonaws.com:443",
		"the metadata service":        "169.254.169.254:80",
		"this host":                   "127.0.0.1:13133",
		"its own port":                "127.0.0.1:4443",
	} {
		assert.Equal(t, http.StatusForbidden, ask(target), name)
	}
	assert.Zero(t, arrived())

	// DNS rebinding: the right name, at addresses that are none of AWS's.
	for name, address := range map[string]netip.Addr{
		"loopback": netip.MustParseAddr("127.0.0.1"), "metadata": netip.MustParseAddr("169.254.169.254"),
		"metadata over IPv6": netip.MustParseAddr("fd00:ec2::254"), "this network": netip.IPv4Unspecified(),
	} {
		s.dns.set(vpceSTS, address)
		s.dns.set(publicSTS, address)
		s.proxy.set(publicSTS, address)
		assert.NotEqual(t, http.StatusOK, ask(publicSTS+":443"), name)
	}
	assert.Zero(t, s.arrived.count(func(a arrival) bool { return a.service == "sts" }))
}

func TestThePublicVIFLeadsToItsRangesOnly(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/public-vif.yaml", awslocal.Options{})
	s.dns.set(publicLogs, elsewhere)
	before := s.mark()
	s.write(10)
	collector := s.collect()
	await(t, "the refusal", func() bool { return collector.logged(`"reason": "not_in_allowed_cidrs"`) > 0 })
	s.dns.set(publicLogs, elsewhere, publicB)
	s.delivered()
	collector.stop()
	before.onlyUsed(linkDXPublic)
	assert.Zero(t, s.arrived.requestsAt(elsewhere))
}

// TestOtherProgramsTakeTheListener is the AWS CLI through the collector, over its port.
func TestOtherProgramsTakeTheListener(t *testing.T) {
	t.Parallel()
	s := newStation(t, "routes/private-vif.yaml", awslocal.Options{})
	before := s.mark()
	s.write(1)
	s.collect()
	s.delivered()
	s.run([]string{"aws", "sts", "get-caller-identity"}, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "HTTPS_PROXY=http://127.0.0.1:4443")
	before.onlyUsed(linkPrivate)
	assert.Equal(t, []string{"logs", "sts"}, s.arrived.services(linkPrivate))
}
