package endpointrouting

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/endpointrouting/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig/credserver"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

const patience = time.Minute

func load(t *testing.T, name string) *Config {
	t.Helper()
	file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := file.Sub(name)
	require.NoError(t, err)
	c := NewFactory().CreateDefaultConfig()
	require.NoError(t, sub.Unmarshal(c))
	return c.(*Config)
}

func TestConfiguration(t *testing.T) {
	c := load(t, "endpoint_routing")
	require.NoError(t, xconfmap.Validate(c))
	assert.Equal(t, awsroute.PreferPrivate, c.Policy)
	assert.Equal(t, awsroute.Targets{"10.0.0.7", "10.0.1.7"}, c.Routes[0].VPCEndpoints["sts"])
	assert.Equal(t, 30*time.Second, c.Probe.Interval)
	assert.Equal(t, awsconfig.SourceProfile, c.Credentials.Source)

	for name, want := range map[string]string{
		"socket":      "HTTPS_PROXY can only name host:port",
		"credentials": "credentials::process",
		"remote":      "not on loopback",
		"empty":       "region is not set",
	} {
		err := xconfmap.Validate(load(t, "endpoint_routing/"+name))
		require.ErrorContains(t, err, want)
		assert.Equal(t, 1, strings.Count(err.Error(), want), "said once: %v", err)
	}
}

// host keeps the status events.
type host struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *host) last() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.NewEvent(componentstatus.StatusNone)
	}
	return h.events[len(h.events)-1]
}

func start(t *testing.T, set extension.Settings, c *Config) (*routing, *host) {
	t.Helper()
	require.NoError(t, xconfmap.Validate(c))
	e, err := newExtension(set, c)
	require.NoError(t, err)
	h := &host{Host: componenttest.NewNopHost()}
	require.NoError(t, e.Start(context.Background(), h))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	return e, h
}

func authorityFile(t *testing.T, server *awslocal.Server) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, server.Authority.PEM(), 0o600))
	return path
}

// isolated is a process without AWS settings, and with those of the test alone.
func isolated(t *testing.T, env map[string]string) {
	for _, name := range []string{
		"AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_CA_BUNDLE",
		"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	for name, value := range env {
		t.Setenv(name, value)
	}
}

var processProxy = sync.OnceValues(ports.Address)

// TestComponentsThatKnowNoDialerTakeTheTable shows the whole way of an unmodified component: the SDK's
// default chain and transport, a role, and nothing but the environment. It is one test with one address, however often
// it is run, as net/http reads the proxy's variable once in the life of a process.
func TestComponentsThatKnowNoDialerTakeTheTable(t *testing.T) {
	server := awslocal.Serve(t, awslocal.Options{ListenTLS: "127.0.0.1:0"})
	isolated(t, map[string]string{"AWS_CA_BUNDLE": authorityFile(t, server)})
	c := createDefaultConfig().(*Config)
	address, err := processProxy()
	require.NoError(t, err)
	c.Region, c.Policy, c.Listen, c.ProcessProxy = "us-east-1", awsroute.PrivateOnly, address, true
	c.Routes = []awsroute.Route{{Name: "dx", VPCEndpoints: map[awsnames.Service]awsroute.Targets{"all": {strings.TrimPrefix(server.TLSURL, "https://")}}}}
	c.Credentials = awsconfig.Credentials{Source: awsconfig.SourceStatic, Static: awsconfig.Static{AccessKeyID: awslocal.DefaultAccessKeyID, SecretAccessKey: awslocal.DefaultSecretAccessKey}}
	c.CredentialsEndpoint = &credserver.Config{}
	telemetry := componenttest.NewTelemetry()
	defer func() { require.NoError(t, telemetry.Shutdown(context.Background())) }()
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	e, h := start(t, set, c)
	require.Eventually(t, func() bool { return h.last().Status() == componentstatus.StatusOK }, patience, time.Millisecond)

	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", e.server.URL())
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", e.server.Token())
	sdk, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"))
	require.NoError(t, err)
	sdk.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(sdk), "arn:aws:iam::123456789012:role/agent"))
	_, err = cloudwatchlogs.NewFromConfig(sdk).DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{})
	require.NoError(t, err)
	assert.Equal(t, 2, e.listener.Tunnels(), "one to STS, one to Logs")

	_, err = http.Get("https://example.com/")
	require.ErrorContains(t, err, "Forbidden")

	for _, name := range []string{"active", "healthy", "probe_latency", "failovers", "io", "connections", "tunnels"} {
		assert.Eventually(t, func() bool { // the first probe may come after the first connection
			_, err := telemetry.GetMetric("otelcol_endpoint_routing_" + name)
			return err == nil
		}, patience, time.Millisecond, name)
	}
}

func TestStatusFollowsHealth(t *testing.T) {
	isolated(t, nil)
	c := createDefaultConfig().(*Config)
	c.Region, c.Policy = "us-east-1", awsroute.PrivateOnly
	c.Routes = []awsroute.Route{{Name: "dx", VPCEndpoints: map[awsnames.Service]awsroute.Targets{"all": {"127.0.0.1:1"}}}}
	c.Probe.UnhealthyAfter = 1
	_, h := start(t, extensiontest.NewNopSettings(metadata.Type), c)
	require.Eventually(t, func() bool { return h.last().Status() == componentstatus.StatusRecoverableError }, patience, time.Millisecond)
	assert.ErrorContains(t, h.last().Err(), `no route to logs in us-east-1 works; route "dx"`)
}

func TestStartFailsWhereProxyWouldNotBeTaken(t *testing.T) {
	isolated(t, nil)
	c := createDefaultConfig().(*Config)
	c.Region, c.Policy, c.Listen, c.ProcessProxy = "us-east-1", awsroute.Any, "127.0.0.1:0", true
	c.Routes = []awsroute.Route{{Name: "internet", Public: &awsroute.Public{}}}
	_, _ = http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: "example.com"}}) // somebody was first
	e, err := newExtension(extensiontest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	err = e.Start(context.Background(), componenttest.NewNopHost())
	require.ErrorContains(t, err, fmt.Sprintf("set HTTPS_PROXY=http://%s", e.listener.Addr()))
	require.NoError(t, e.Shutdown(context.Background()))
}

func TestEndpointThatWouldAskItselfFailsTheStart(t *testing.T) {
	address := ports.FreeAddress(t)
	isolated(t, map[string]string{containerVariable: "http://" + address + "/v1/credentials"})
	c := createDefaultConfig().(*Config)
	c.Region, c.Policy = "us-east-1", awsroute.Any
	c.Routes = []awsroute.Route{{Name: "internet", Public: &awsroute.Public{}}}
	c.Probe.Interval = 0
	c.CredentialsEndpoint = &credserver.Config{Endpoint: address}
	e, err := newExtension(extensiontest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(context.Background(), componenttest.NewNopHost()), "would ask the credentials endpoint itself")
	require.NoError(t, e.Shutdown(context.Background()))
}

func TestAddressInUseFailsTheStartWhereThisProcessSendsThroughIt(t *testing.T) {
	isolated(t, nil)
	c := createDefaultConfig().(*Config)
	c.Region, c.Policy, c.Listen = "us-east-1", awsroute.Any, "127.0.0.1:0"
	c.Routes = []awsroute.Route{{Name: "internet", Public: &awsroute.Public{}}}
	c.Probe.Interval = 0
	first, _ := start(t, extensiontest.NewNopSettings(metadata.Type), c)
	c.Listen = first.listener.Addr().String()
	t.Setenv("HTTPS_PROXY", "http://"+c.Listen)
	second, err := newExtension(extensiontest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	require.ErrorContains(t, second.Start(context.Background(), componenttest.NewNopHost()), c.Listen)
	require.NoError(t, second.Shutdown(context.Background()))
}

func TestAddressThatOnlyOtherProgramsUseStopsNothing(t *testing.T) {
	isolated(t, nil)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	c := createDefaultConfig().(*Config)
	c.Region, c.Policy, c.Listen = "us-east-1", awsroute.Any, taken.Addr().String()
	c.Routes = []awsroute.Route{{Name: "internet", Public: &awsroute.Public{}}}
	c.Probe.Interval = 0
	c.CredentialsEndpoint = &credserver.Config{Endpoint: taken.Addr().String(), TokenFile: filepath.Join(t.TempDir(), "token")}
	e, err := newExtension(extensiontest.NewNopSettings(metadata.Type), c)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.Len(t, e.missing, 2)
	for what, missing := range e.missing {
		assert.ErrorContains(t, missing, taken.Addr().String(), what)
	}
	assert.NoFileExists(t, c.CredentialsEndpoint.TokenFile, "nobody is led to an endpoint that is somebody else's")
	require.NoError(t, e.Shutdown(t.Context()))
}
