//go:build linux

package routes

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestNamesAreLookedUpAtTheLabsDNS(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before := l.mark()
	_, err := l.lookup(t.Context(), logsHost)
	var missing *net.DNSError
	require.ErrorAs(t, err, &missing)
	assert.True(t, missing.IsNotFound)
	l.dns.set(logsHost, endpointA, endpointB6)
	addresses, err := l.lookup(t.Context(), logsHost)
	require.NoError(t, err)
	assert.Equal(t, []string{"10.1.0.10", "fd00:10:1::11"}, []string{addresses[0].String(), addresses[1].String()})

	l.dns.set(logsHost) // a name that existed, and another one for it
	l.dns.set("vpce-0a1.logs.us-east-1.vpce.amazonaws.com", publicA)
	l.dns.alias(logsHost, "vpce-0a1.logs.us-east-1.vpce.amazonaws.com")
	addresses, err = l.lookup(t.Context(), strings.ToUpper(logsHost))
	require.NoError(t, err)
	assert.Equal(t, publicA, addresses[0])
	assert.Equal(t, 5, l.dns.queries(logsHost))
	before.onlyUsed() // they go over mgmt
	assert.Positive(t, l.packets(linkMgmt).sent)
}

func TestTheDNSCanAnswerDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.dns.respond(logsHost, func(query int) []netip.Addr {
		if query == 1 {
			return []netip.Addr{endpointA}
		}
		return []netip.Addr{publicA}
	})
	for _, want := range []netip.Addr{endpointA, publicA, publicA} {
		addresses, err := l.lookup(t.Context(), logsHost)
		require.NoError(t, err)
		assert.Equal(t, []netip.Addr{want}, addresses)
	}
}

func TestTheHostsLoopbackIsReachedByTheTest(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	listener, err := l.host.listen(netip.MustParseAddrPort("127.0.0.1:13133"), "")
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()
	before := l.mark()
	answer, err := l.client(l.dialer(from{}), nil).Get("http://127.0.0.1:13133/")
	require.NoError(t, err)
	assert.NoError(t, answer.Body.Close())
	before.onlyUsed()
}

func TestTheVPCsDNSAnswersByThePrivateLink(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.vpcDNS.set(logsHost, endpointA)
	before := l.mark()
	resolver := net.Resolver{PreferGo: true, Dial: l.resolverDial(vpcDNS)}
	addresses, err := resolver.LookupHost(t.Context(), logsHost)
	require.NoError(t, err)
	assert.Equal(t, []string{"10.1.0.10"}, addresses)
	assert.Equal(t, 2, l.vpcDNS.queries(logsHost))
	assert.Zero(t, l.dns.queries(logsHost))
	before.onlyUsed(linkPrivate)
}

func TestAProcessOnTheHostSeesTheHostsNetworkAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	devices := l.run([]string{"ls", "/sys/class/net"})
	assert.Equal(t, "dxpublic internet lo mgmt private proxy", strings.Join(strings.Fields(devices), " "))
	assert.Contains(t, l.run([]string{"cat", "/etc/resolv.conf"}), "nameserver 10.255.0.1")
	env := l.run([]string{"env"}, "ONE=1", "AWS_REGION=eu-west-1")
	assert.Contains(t, env, "\nONE=1\n")
	assert.Contains(t, env, "\nAWS_REGION=eu-west-1\n")
	assert.NotContains(t, env, "AWS_ENDPOINT_URL")
}

func TestTheAWSCommandLineGoesByThePrivateLink(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	l := newLab(t)
	l.dns.set(logsHost, endpointB)
	before := l.mark()
	l.run([]string{"aws", "logs", "create-log-group", "--log-group-name", "/by/hand"})
	before.onlyUsed(linkPrivate)
	assert.Positive(t, l.dns.queries(logsHost))
	groups := l.aws.Logs.Status(0).Groups
	require.Len(t, groups, 1)
	assert.Equal(t, "/by/hand", groups[0].Name)
}

func TestTheCollectorsBinaryRunsOnTheHost(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	assert.Contains(t, l.run([]string{collectorBinary(t), "--version"}), "otelcol-cloudwatch")
}

func TestProcessesEndWhenTheyAreToldTo(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	script := `trap 'echo ending; exit 0' TERM; echo ready; while :; do sleep 0.05; done`
	polite, stubborn := l.exec([]string{"sh", "-c", script}), l.exec([]string{"sh", "-c", script})
	for _, p := range []*process{polite, stubborn} {
		await(t, "the process to be ready", func() bool { return p.logged("ready") == 1 })
		assert.True(t, p.running())
	}
	polite.stop()
	assert.Equal(t, 1, polite.logged("ending"))
	stubborn.kill()
	assert.Zero(t, stubborn.logged("ending"))
	assert.False(t, stubborn.running())
	require.ErrorContains(t, stubborn.wait(), "killed")
}

func TestALabTakesOptionsOfCloudWatchLocal(t *testing.T) {
	t.Parallel()
	l := newLabWith(t, awslocal.Options{Region: "eu-central-1"})
	l.dns.set("logs.eu-central-1.amazonaws.com", endpointA)
	require.NoError(t, describe(t, l, l.client(l.dialer(from{}), nil)))
}

func TestALabLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	var names []string
	start := time.Now()
	t.Run("one that ends", func(t *testing.T) {
		l := newLab(t)
		t.Logf("the laboratory was set up in %s", time.Since(start))
		l.exec([]string{"sleep", "1000"})
		for _, n := range []*namespace{l.host, l.cloud, l.gateway, l.names} {
			names = append(names, n.name)
		}
	})
	out, err := exec.Command("ip", "netns", "list").Output()
	require.NoError(t, err)
	for _, name := range names {
		assert.NotContains(t, string(out), name)
		assert.False(t, exists(filepath.Join(namespaces, name)))
		assert.False(t, exists(filepath.Join(namespaceFiles, name)))
	}
}

func TestWhatAKilledRunLeftIsRemoved(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	killed := 1<<22 + os.Getpid() // no process has a number above 1<<22 (proc_sys_kernel(5), pid_max)
	require.True(t, gone(killed))
	name := fmt.Sprintf("%s-%d-1-host", namePrefix, killed)
	require.NoError(t, ip("", "netns add "+name))
	files := filepath.Join(namespaceFiles, name)
	require.NoError(t, os.MkdirAll(files, 0o755))
	t.Cleanup(func() { _ = (&namespace{name: name}).remove() })
	l := newLab(t)
	require.NoError(t, removeLeftovers(gone))
	assert.False(t, exists(filepath.Join(namespaces, name)))
	assert.False(t, exists(files))
	assert.True(t, exists(filepath.Join(namespaces, l.host.name)), "a laboratory in use stays")
}

func TestALabThatFailsShowsWhatWentWhere(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.dns.set(logsHost, endpointA)
	require.NoError(t, describe(t, l, l.client(l.dialer(from{}), nil)))
	lines := strings.Split(l.String(), "\n")
	assert.True(t, slices.ContainsFunc(lines, func(line string) bool {
		return strings.Contains(line, `by private at 10.1.0.10:443: 1 requests to "logs.us-east-1.amazonaws.com" signed for logs`)
	}), l.String())
}
