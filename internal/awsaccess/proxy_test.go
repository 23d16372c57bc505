package awsaccess

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpproxy"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// chooser is what Go's clients do with the variables.
func chooser(noProxy string) func(*http.Request) (*url.URL, error) {
	choose := (&httpproxy.Config{HTTPSProxy: "http://127.0.0.1:4443", NoProxy: noProxy}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
}

func names(t *testing.T, region string) *awsnames.Names {
	t.Helper()
	n, err := awsnames.ForRegion(region)
	require.NoError(t, err)
	return n
}

func TestNoProxyThatLetsNamesOfAWSPastTheListenerIsFound(t *testing.T) {
	t.Parallel()
	here := names(t, "us-east-1")
	for _, value := range []string{
		".api.aws", "logs-fips.us-east-1.amazonaws.com", "*", "*.amazonaws.com", "amazonaws.com", "amazonaws.com:443", "aws", ".com", "us-east-1.api.aws",
		"us-east-1.amazonaws.com", "b.s3.us-east-1.amazonaws.com", ".s3.dualstack.us-east-1.amazonaws.com", "s3.amazonaws.com", "b.s3.amazonaws.com",
		"sts.amazonaws.com", "iam.global.api.aws", ".on.aws", ".vpce.amazonaws.com", "vpce-1.logs.us-east-1.vpce.amazonaws.com", "logs.us-east-1.vpce.amazonaws.com",
		"aps-workspaces.us-east-1.amazonaws.com", "rolesanywhere.us-east-1.amazonaws.com", "dkr.ecr.us-east-1.amazonaws.com",
		"localhost, .corp.example ,.API.AWS", "signin.aws.amazon.com", "amazon.com", "x.us-east-1.es.amazonaws.com", "s3-us-east-1.amazonaws.com", "10.0.0.0/8,*",
	} {
		_, _, ok := escapes(here, value, chooser(value), "127.0.0.1:4443")
		assert.False(t, ok, value)
	}
	for _, value := range []string{
		"", "10.0.0.0/8", "169.254.169.254,fd00:ec2::254", ".corp.example", "amazonaws.com:80", "logs.eu-west-1.amazonaws.com", "localhost:443", ",,", ".us-east-1.elb.amazonaws.com",
		"logs.us-east-1.amazonaws.com.corp.example", "0.0.0.0/0", "::/0", "evil.logs.us-east-1.amazonaws.com",
	} {
		host, _, ok := escapes(here, value, chooser(value), "127.0.0.1:4443")
		assert.True(t, ok, "%s: %s", value, host)
	}
	_, _, ok := escapes(names(t, "cn-north-1"), ".com.cn", chooser(".com.cn"), "127.0.0.1:4443")
	assert.False(t, ok)
	_, got, ok := escapes(here, "", func(*http.Request) (*url.URL, error) {
		return url.Parse("http://user:secret@proxy.example:3128")
	}, "127.0.0.1:4443")
	assert.False(t, ok, "another proxy")
	assert.NotContains(t, got, "secret")
}

// Whatever NO_PROXY says: either the check finds it, or every name that the listener would serve goes there.
func TestNoNameOfAWSEscapesACheckedNoProxy(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "xx-nowhere-9"} {
		here := names(t, region)
		r := rand.New(rand.NewPCG(1, uint64(len(region)))) //nolint:gosec // the same every time
		pick := func(of ...string) string { return of[r.IntN(len(of))] }
		name := func() string {
			sample := pick(here.Samples()...)
			if r.IntN(3) > 0 { // another service, or a name below one
				_, rest, _ := strings.Cut(sample, ".")
				sample = pick("aps-workspaces", "rolesanywhere", "api.ecr", "1.dkr.ecr", "b.s3", "a.b.s3", "logs", "logs-fips", "x", "vpce-9.logs", "vpce-9-a.x") + "." + rest
			}
			return sample
		}
		entry := func() string {
			labels := strings.Split(name(), ".")
			e := strings.Join(labels[r.IntN(len(labels)):], ".")
			e = pick("", "", ".", "*.", "y.", "vpce-7.") + e + pick("", "", "", ":443", ":80")
			return pick(e, e, strings.ToUpper(e), " "+e+" ", pick("10.0.0.0/8", "corp.example", "localhost", "fd00:ec2::23", "*", ""))
		}
		served := func(host string) bool {
			_, regional := here.Service(host)
			_, global := here.Global(host)
			_, endpoint := here.Endpoint(host)
			return regional || global || endpoint
		}
		checked := 0
		for range 400 {
			value := entry()
			if r.IntN(3) == 0 {
				value += "," + entry()
			}
			choose := chooser(value)
			if _, _, ok := escapes(here, value, choose, "127.0.0.1:4443"); !ok {
				continue
			}
			checked++
			for range 30 {
				host := name()
				if !served(host) {
					continue
				}
				through, err := choose(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
				require.NoError(t, err)
				require.NotNil(t, through, "%s escapes by NO_PROXY=%q", host, value)
			}
		}
		assert.Greater(t, checked, 20, region)
	}
}

func TestMetadataIsNeverAskedOfAProxy(t *testing.T) {
	for name, before := range map[string][2]string{
		"nothing": {}, "large letters": {"corp.example, 169.254.169.254", ""}, "small letters": {"", ".corp.example"}, "all": {"*", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_PROXY", before[0])
			t.Setenv("no_proxy", before[1])
			t.Setenv("HTTP_PROXY", "http://proxy.example:3128")
			require.NoError(t, BypassMetadata())
			require.NoError(t, BypassMetadata(), "again")
			assert.Equal(t, 1, strings.Count(os.Getenv("NO_PROXY"), "169.254.169.254"))
			choose := httpproxy.FromEnvironment().ProxyFunc()
			for _, host := range []string{"169.254.169.254", "[fd00:ec2::254]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]:80"} {
				through, err := choose(&url.URL{Scheme: "http", Host: host})
				require.NoError(t, err)
				assert.Nil(t, through, host)
			}
			if before[1] != "" {
				through, err := choose(&url.URL{Scheme: "http", Host: "x.corp.example"})
				require.NoError(t, err)
				assert.Nil(t, through)
				assert.Contains(t, os.Getenv("no_proxy"), "169.254.170.23", "curl reads this one")
			}
		})
	}
}

func TestHelpersGetTheEnvironmentOfBeforeWhereTheyAreToldTo(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://listener")
	t.Setenv("https_proxy", "http://listener")
	t.Setenv("HELPER_TEST", "now")
	got := withCurrent([]string{"https_proxy=http://corp", "HELPER_TEST=before", "PATH=/before"})
	assert.Contains(t, got, "https_proxy=http://corp")
	assert.Contains(t, got, "HELPER_TEST=now")
	assert.False(t, slices.Contains(got, "HTTPS_PROXY=http://listener"))
	assert.False(t, slices.Contains(got, "PATH=/before"))

	var h HelperEnvironment
	require.NoError(t, h.UnmarshalText([]byte("original")))
	assert.ErrorContains(t, h.UnmarshalText([]byte("none")), "use routed or original")
}
