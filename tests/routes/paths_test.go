//go:build linux

package routes

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const logsHost = "logs.us-east-1.amazonaws.com"

// describe is a signed call of the SDK.
func describe(t *testing.T, l *lab, client *http.Client) error {
	t.Helper()
	_, err := cloudwatchlogs.NewFromConfig(l.config(client)).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	return err
}

func TestEachLinkAloneCarriesWhatIsSentByIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		address []string
		way     from
		link    linkName
	}{
		{"an interface endpoint by the private link", []string{"10.1.0.10", "10.1.0.11", "fd00:10:1::10", "fd00:10:1::11"}, from{}, linkPrivate},
		{"a public address by the default route", []string{"198.51.100.10", "198.51.100.11", "2001:db8:aa::10"}, from{}, linkInternet},
		{"a public address from the Direct Connect address", []string{"198.51.100.10", "198.51.100.11"}, from{source: dxSource}, linkDXPublic},
		{"a public IPv6 address from the Direct Connect address", []string{"2001:db8:aa::10"}, from{source: dxSource6}, linkDXPublic},
		{"a public address on the Direct Connect device", []string{"198.51.100.10", "2001:db8:aa::10"}, from{device: "dxpublic"}, linkDXPublic},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			for i, address := range test.address {
				before := l.mark()
				l.dns.set(logsHost, parse(address))
				require.NoError(t, describe(t, l, l.client(l.dialer(test.way), nil)))
				before.onlyUsed(test.link)
				assert.Equal(t, i+1, l.arrived.requests(test.link))
				assert.Equal(t, i+1, l.arrived.connections(test.link))
				assert.Equal(t, 1, l.arrived.requestsAt(parse(address)))
			}
			assert.Equal(t, []string{"logs"}, l.arrived.services(test.link))
		})
	}
}

func TestNothingButAWSIsReachedByTheDirectConnectPublicLink(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before := l.mark()
	_, err := l.dialer(from{source: dxSource})(l.soon(), "tcp", "203.0.113.10:443")
	require.Error(t, err)
	before.onlyUsed()
	assert.Zero(t, l.arrived.requestsAt(elsewhere))
}

func TestEverythingElseIsReachedByTheInternetLink(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before := l.mark()
	for _, host := range []string{"203.0.113.10", "[2001:db8:ee::10]", "198.51.100.10"} {
		answer, err := l.client(l.dialer(from{}), nil).Get("http://" + host + "/")
		require.NoError(t, err)
		assert.NoError(t, answer.Body.Close())
	}
	before.onlyUsed(linkInternet)
	assert.Equal(t, 1, l.arrived.requestsAt(elsewhere))
}

func TestTheProxyLeadsToPublicAddresses(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.dns.set(proxyName, proxyPlain.Addr())
	for _, address := range []string{"http://" + proxyPlain.String(), "https://" + proxyName + ":3129"} {
		before, requests := l.mark(), l.arrived.requests(linkUplink)
		proxyURL, err := url.Parse(address)
		require.NoError(t, err)
		require.NoError(t, describe(t, l, l.client(l.dialer(from{}), proxyURL)), address)
		before.onlyUsed(linkProxy)
		assert.Equal(t, 1, l.arrived.requests(linkUplink)-requests)
	}
	assert.Equal(t, []string{logsHost + ":443", logsHost + ":443"}, l.proxy.targets())
	assert.Zero(t, l.dns.queries(logsHost), "the proxy looks the name up")
	assert.Positive(t, l.packets(linkUplink).sent)
}

func TestTheProxyAsksForCredentialsAndKnowsNamesOfItsOwn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.proxy.require("ann", "secret")
	l.proxy.set(logsHost, publicB)
	proxyURL := &url.URL{Scheme: "http", Host: proxyPlain.String()}
	require.ErrorContains(t, describe(t, l, l.client(l.dialer(from{}), proxyURL)), "Proxy Authentication Required")
	proxyURL.User = url.UserPassword("ann", "secret")
	require.NoError(t, describe(t, l, l.client(l.dialer(from{}), proxyURL)))
	assert.Equal(t, 1, l.arrived.requestsAt(publicB))
	assert.Zero(t, l.arrived.requestsAt(publicA))
}
