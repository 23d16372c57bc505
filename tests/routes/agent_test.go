//go:build linux

package routes

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// region is that of the recipes.
const region = "eu-central-1"

// The names in the recipes, and in the lab's DNS.
const (
	publicLogs  = "logs." + region + ".amazonaws.com"
	publicSTS   = "sts." + region + ".amazonaws.com"
	publicSSM   = "ssm." + region + ".amazonaws.com"
	publicXRay  = "xray." + region + ".amazonaws.com"
	vpceLogs    = "vpce-0a1b2c3d4e5f60001-logslogs.logs." + region + ".vpce.amazonaws.com"
	vpceLogsA   = "vpce-0a1b2c3d4e5f60001-logslogs-eu-central-1a.logs." + region + ".vpce.amazonaws.com"
	vpceLogsB   = "vpce-0a1b2c3d4e5f60001-logslogs-eu-central-1b.logs." + region + ".vpce.amazonaws.com"
	vpceMonitor = "vpce-0a1b2c3d4e5f60002-monmonmo.monitoring." + region + ".vpce.amazonaws.com"
	vpceSTS     = "vpce-0a1b2c3d4e5f60003-stsstsst.sts." + region + ".vpce.amazonaws.com"
	vpceSSM     = "vpce-0a1b2c3d4e5f60004-ssmssmss.ssm." + region + ".vpce.amazonaws.com"
	vpceXRay    = "vpce-0a1b2c3d4e5f60005-xrayxray.xray." + region + ".vpce.amazonaws.com"
)

// ledger is which of an application's lines have arrived at AWS, and how often.
type ledger struct {
	mu    sync.Mutex
	lines map[string]int
}

func (l *ledger) add(_, _, message string, _ time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[message]++
}

func (l *ledger) distinct() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// station is a lab with a collector on its host that reads one log file.
type station struct {
	*lab
	ledger  *ledger
	logFile string
	written int
	configs []string // files, and yaml: layers
	env     []string
	token   string   // the file with the token of the collector's credentials
	other   []string // the environment of programs that use the collector's credentials
}

// newStation makes a lab in the recipes' region, whose public names have public addresses and whose
// interface endpoints' names private ones, and a configuration of config/host.yaml and the recipe.
func newStation(t testing.TB, recipe string, options awslocal.Options) *station {
	t.Helper()
	s := &station{ledger: &ledger{lines: map[string]int{}}}
	options.Region, options.OnLogEvent, options.IgnoreQuotas = region, s.ledger.add, true
	s.lab = newLabWith(t, options)
	s.logFile = filepath.Join(t.TempDir(), "app.log")
	for _, name := range []string{publicLogs, publicSTS, publicSSM, publicXRay, "monitoring." + region + ".amazonaws.com"} {
		s.dns.set(name, publicA)
	}
	s.dns.set(vpceLogs, endpointA, endpointB)
	s.dns.set(vpceLogsA, endpointA)
	s.dns.set(vpceLogsB, endpointB)
	for _, name := range []string{vpceMonitor, vpceSTS, vpceSSM, vpceXRay} {
		s.dns.set(name, endpointA)
	}
	s.dns.set(proxyName, proxyPlain.Addr())
	s.configs = []string{filepath.Join(root, "config", "host.yaml"), s.adapt(recipe),
		// A test waits for seconds where an operator waits for minutes.
		"yaml:extensions::endpoint_routing::probe: {interval: 1s, timeout: 500ms}",
	}
	s.env = []string{
		"OTELCOL_CLOUDWATCH_STATE_DIR=" + filepath.Join(t.TempDir(), "state"),
		"OTELCOL_CLOUDWATCH_LOG_FILES=[" + s.logFile + "]",
		"OTELCOL_CLOUDWATCH_INTERVAL=1s",
		"AWS_REGION=",
	}
	return s
}

// adapt is a shipped layer with the lab's own device in it, where it names one.
func (s *station) adapt(layer string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", layer))
	require.NoError(s.t, err)
	path := filepath.Join(s.t.TempDir(), filepath.Base(layer))
	require.NoError(s.t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "source: eth1", "source: dxpublic")), 0o600))
	return path
}

// put writes a parameter, by no network at all.
func (s *station) put(name, value string) {
	s.t.Helper()
	config := s.aws.AWSConfig(s.t.Context())
	config.HTTPClient, config.BaseEndpoint = inProcess{s.aws}, aws.String("https://"+publicSSM)
	_, err := ssm.NewFromConfig(config).PutParameter(s.t.Context(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	require.NoError(s.t, err)
}

// inProcess is an HTTP client that asks a handler.
type inProcess struct{ handler http.Handler }

func (c inProcess) Do(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	r.RequestURI = r.URL.RequestURI()
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	c.handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// collect starts the collector.
func (s *station) collect() *process {
	s.t.Helper()
	command := []string{collectorBinary(s.t)}
	for _, config := range s.configs {
		command = append(command, "--config", config)
	}
	return s.exec(command, s.env...)
}

// health is the status of an extension in the collector's health check.
func (s *station) health(extension string) string {
	answer, err := s.client(s.dialer(from{}), nil).Get("http://127.0.0.1:13133/?verbose")
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	var body struct {
		Components struct {
			Extensions struct {
				Components map[string]struct{ Status string }
			}
		}
	}
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(&body))
	return body.Components.Extensions.Components["extension:"+extension].Status
}

// write appends n numbered lines to the log file.
func (s *station) write(n int) {
	s.t.Helper()
	file, err := os.OpenFile(s.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	buffered := bufio.NewWriter(file)
	for range n {
		_, err := fmt.Fprintf(buffered, "line %08d\n", s.written)
		require.NoError(s.t, err)
		s.written++
	}
	require.NoError(s.t, buffered.Flush())
	require.NoError(s.t, file.Close())
}

// delivered waits until every line has arrived.
func (s *station) delivered() {
	s.t.Helper()
	await(s.t, fmt.Sprintf("%d lines", s.written), func() bool { return s.ledger.distinct() == s.written })
}

// exactlyOnce fails where a line is missing or has come twice.
func (s *station) exactlyOnce() {
	s.t.Helper()
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	for i := range s.written {
		line := fmt.Sprintf("line %08d", i)
		if times := s.ledger.lines[line]; times != 1 {
			assert.Equal(s.t, 1, times, "times that %q arrived", line)
			return
		}
	}
}

// measured waits until metrics of the host have come.
func (s *station) measured() {
	s.t.Helper()
	await(s.t, "metrics", func() bool { return len(s.aws.Metrics.Status().Series) > 0 })
}
