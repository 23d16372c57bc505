package guide

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// linux is a host that told its region.
var linux = Found{OS: "linux", Region: "eu-central-1"}

const role = "arn:aws:iam::123456789012:role/writer"

// needs are the flags that a way or an identity needs.
var needs = map[string]map[string]string{
	string(PrivateVIF):  {"endpoint-logs": "vpce-0a1b2c3d4e5f60001-logslogs.logs.eu-central-1.vpce.amazonaws.com", "endpoint-sts": "10.0.0.7"},
	string(PublicVIF):   {"source": "eth1", "allowed-cidrs": "198.51.100.0/24, 2001:db8:aa::/48"},
	string(HTTPProxy):   {"proxy-url": "http://proxy.example.internal:3128"},
	string(Process):     {"process": `/usr/local/bin/helper credential-process --certificate "/etc/a b.pem" # no comment: text`},
	string(WebIdentity): {"role-arn": "arn:aws:iam::123456789012:role/token"},
}

// given are the flags for a way and an identity, and more: name, value.
func given(way, identity string, more ...string) map[string]string {
	flags := map[string]string{"route": way, "credentials": identity}
	ways := []string{way}
	if way == string(Failover) {
		ways = []string{string(PrivateVIF), string(PublicVIF), string(HTTPProxy), string(Internet)}
		flags["ways"] = strings.Join(ways, ",")
	}
	for _, of := range append(ways, identity) {
		for name, value := range needs[of] {
			flags[name] = value
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		flags[more[i]] = more[i+1]
	}
	return flags
}

// made are the layers of flags.
func made(t *testing.T, f Found, flags map[string]string) (Answers, map[string][]byte) {
	t.Helper()
	a, err := Interview(f, flags, nil, nil)
	require.NoError(t, err)
	files, err := Files(a)
	require.NoError(t, err)
	return a, files
}

// merged is what the collector makes of them.
func merged(t *testing.T, files map[string][]byte) *confmap.Conf {
	t.Helper()
	var all []layers.Layer
	for _, name := range Names(files) {
		all = append(all, layers.Layer{Name: name, Text: files[name]})
	}
	m, err := layers.Merge(all)
	require.NoError(t, err)
	return confmap.NewFromStringMap(m.Map())
}

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &m), text)
	return m
}
