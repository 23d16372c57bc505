package awsroute

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachListedHostIsInspectedByTheWayThatItTakes(t *testing.T) {
	names, target := newNameserver(t), newEndpoint(t, "127.0.0.1")
	names.set("vendor.example", "127.0.0.1")
	names.set("public.example", "203.0.113.7")
	names.set("unported.example", "10.1.2.3")
	proxy := newTestProxy(t, "", target.address)
	table := newTable(t, `{region: us-east-1, policy: any, routes: [{name: corp, http_proxy: {url: "`+proxy.URL+`"}}], other_hosts: [
	  {hosts: ["vendor.example:`+target.port+`", unported.example, missing.example], via: direct},
	  {hosts: [public.example, "*.corp.example", "10.0.0.0/8", "127.0.0.1:1"], via: private},
	  {hosts: ["vendor.example:`+target.port+`", sqs.us-east-1.amazonaws.com], via: private},
	  {hosts: ["behind.example:443"], via: corp}, {hosts: [secret.example], via: refuse}, {hosts: [secret.example], via: direct}]}`, Options{Resolver: names.resolver()})
	all, more := table.InspectOthers(t.Context())
	assert.Zero(t, more)
	by := map[string]OtherInspection{}
	for _, one := range all {
		key := one.Host
		if one.Before {
			key += " again"
		}
		by[key] = one
	}
	require.Len(t, by, len(all))
	vendor := "vendor.example:" + target.port
	assert.True(t, by[vendor].Dialed)
	assert.NoError(t, by[vendor].Err)
	assert.Equal(t, "direct", by[vendor].Route)
	assert.Equal(t, "direct", by[vendor+" again"].Via, "the first entry that matches decides")
	assert.False(t, by["unported.example"].Dialed)
	assert.Equal(t, "10.1.2.3", by["unported.example"].Addresses[0].Address.String())
	assert.Error(t, by["missing.example"].DNSErr)
	assert.Error(t, by["public.example"].Addresses[0].Refused, "private leads to private addresses only")
	assert.True(t, by["*.corp.example"].Pattern)
	assert.True(t, by["10.0.0.0/8"].Pattern)
	assert.Error(t, by["127.0.0.1:1"].Err, "nobody listens")
	assert.Equal(t, "corp", by["behind.example:443"].Route)
	assert.Equal(t, "127.0.0.1", by["behind.example:443"].Resolved, "the proxy resolves the host")
	assert.ErrorContains(t, by["behind.example:443"].Err, "CONNECT behind.example:443: 403", "it is asked for the host")
	assert.Equal(t, ViaRefuse, by["secret.example"].Via)
	assert.Equal(t, ViaRefuse, by["secret.example again"].Via)
	assert.Empty(t, by["secret.example again"].Route)
}
