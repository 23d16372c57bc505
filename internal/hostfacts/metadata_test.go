package hostfacts

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// A metadata service that swallows what it is sent costs the limit once, however many ask, and whatever
// they ask for.
func TestSilentMetadataCostsTheLimitOnce(t *testing.T) {
	bare(t)
	url, asked := silent(t)
	task, askedTask := silent(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
	t.Setenv(TaskVariable, task)
	t.Setenv(TimeoutVariable, "50ms")
	f := finder(t)
	c := clock{time.Now()}
	f.now = c.now
	var wg sync.WaitGroup
	for _, name := range []string{"instance_id", "region", "ecs_cluster", "account_id", "instance_id"} {
		wg.Go(func() {
			_, err := f.Fact(t.Context(), name)
			assert.ErrorContains(t, err, "no answer within 50ms, which "+TimeoutVariable+" sets")
		})
	}
	wg.Wait()
	// A connection may be accepted after its client has gone.
	arrived := func(n int) func() bool { return func() bool { return asked() == n && askedTask() == n } }
	require.Eventually(t, arrived(1), time.Minute, time.Millisecond)
	c.at = c.at.Add(firstRetry - 1)
	known(t, f, map[string]string{"instance_type": ""})
	c.at = c.at.Add(1)
	known(t, f, map[string]string{"instance_type": ""})
	require.Eventually(t, arrived(2), time.Minute, time.Millisecond, "it is tried again after some seconds, and not before")
}

func TestMetadataThatComesLaterIsFound(t *testing.T) {
	bare(t)
	s := awslocal.Serve(t, awslocal.Options{EC2: true})
	for _, v := range s.Metadata.Env(s.URL) {
		key, value, _ := strings.Cut(v, "=")
		t.Setenv(key, value)
	}
	s.Metadata.SetEC2(false)
	f := finder(t)
	c := clock{time.Now()}
	f.now = c.now
	_, err := f.Fact(t.Context(), "instance_id")
	require.ErrorContains(t, err, "EC2 instance metadata: no answer")
	s.Metadata.SetEC2(true)
	known(t, f, map[string]string{"instance_id": ""})
	c.at = c.at.Add(lastRetry)
	known(t, f, map[string]string{"instance_id": "i-0abcdef1234567890"})
	s.Metadata.SetEC2(false)
	c.at = c.at.Add(lastRetry)
	known(t, f, map[string]string{"instance_id": "i-0abcdef1234567890", "image_id": "ami-0abcdef1234567890"}) // remembered
}

func TestACallerThatGivesUpSpoilsNothing(t *testing.T) {
	f := inAWS(t, awslocal.Options{EC2: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Fact(ctx, "instance_id")
	require.ErrorIs(t, err, context.Canceled)
	known(t, f, map[string]string{"instance_id": "i-0abcdef1234567890"})
}

func TestEC2IsNotAskedWhereItCannotBe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the firmware is not in files")
	}
	for name, c := range map[string]struct {
		files, env map[string]string
		want       string
	}{
		"another cloud":     {map[string]string{dmi + "sys_vendor": "Google"}, nil, "another cloud's"},
		"Azure":             {map[string]string{dmi + "chassis_asset_tag": AzureChassis}, nil, "another cloud's"},
		"Fargate":           {nil, map[string]string{"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}, "Fargate"},
		"hybrid activation": {map[string]string{dmi + "sys_vendor": "Dell Inc.", registration: `{"ManagedInstanceID":"mi-1"}`}, nil, "hybrid activation, and its firmware is not EC2's (Dell Inc.)"},
		"switched off":      {nil, map[string]string{TimeoutVariable: "0s"}, TimeoutVariable + " is 0"},
		"no such mode":      {nil, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv7"}, `"IPv7", and must be IPv4 or IPv6`},
	} {
		t.Run(name, func(t *testing.T) {
			bare(t)
			require.NoError(t, os.Unsetenv("AWS_EC2_METADATA_DISABLED"))
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			f := finder(t)
			for path, text := range c.files {
				write(t, f, path, text)
			}
			_, err := f.Fact(t.Context(), "instance_type")
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestTheFirmwareOfEC2IsKnown(t *testing.T) {
	for want, machines := range map[bool][]Machine{
		true:  {{Vendor: "Amazon EC2"}, {Vendor: "Xen", UUID: "EC2F58AF"}},
		false: {{}, {Vendor: "Xen"}, {Vendor: "QEMU", UUID: "1ec2"}},
	} {
		for _, m := range machines {
			assert.Equal(t, want, m.Amazon(), m)
			assert.Equal(t, m.Vendor == "QEMU", m.elsewhere(), m)
		}
	}
	assert.Equal(t, "Dell Inc., R740", Machine{Vendor: "Dell Inc.", Product: "R740"}.String())
}

// Metadata is this host's own: a proxy would give another host's, or none.
func TestMetadataTakesNoProxy(t *testing.T) {
	var proxied atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	defer proxy.Close()
	f := inAWS(t, awslocal.Options{EC2: true, ECS: true})
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	known(t, f, map[string]string{"instance_id": "i-0abcdef1234567890", "ecs_cluster": "cloudwatch-local"})
	assert.Zero(t, proxied.Load())
	assert.Nil(t, direct().Transport.(*http.Transport).Proxy, "net/http never sends loopback to a proxy, so the client is looked at, too")
}

// What a metadata service says must not be a placeholder that is expanded in turn.
func TestAFactIsNoPlaceholder(t *testing.T) {
	answer := `{"Cluster":"${env:HOME}","TaskARN":"a\nb","AvailabilityZone":"` + strings.Repeat("x", maxValue+1) + `"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	defer server.Close()
	bare(t)
	t.Setenv(TaskVariable, server.URL)
	f := finder(t)
	known(t, f, map[string]string{"ecs_cluster": "", "ecs_task_arn": "", "availability_zone": ""})
	_, err := f.Fact(t.Context(), "ecs_cluster")
	assert.ErrorContains(t, err, "no plain text")
}

func TestTaskMetadataThatIsNoneIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"refused":  {http.StatusForbidden, "", "status 403"},
		"no JSON":  {http.StatusOK, "<html>", "invalid character"},
		"no ARN":   {http.StatusOK, `{"TaskARN":"x"}`, "it does not say"},
		"too long": {http.StatusOK, `{"Cluster":"` + strings.Repeat("x", maxMetadata), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			bare(t)
			t.Setenv(TaskVariable, server.URL)
			_, err := finder(t).Fact(t.Context(), "ecs_task_id")
			assert.ErrorContains(t, err, c.want)
		})
	}
}
