package e2e

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

const (
	// patience is how long anything may take on a slow machine; nothing is expected to.
	patience = 2 * time.Minute
	// glance is the pause between two looks at something that is awaited.
	glance = 50 * time.Millisecond
	// noteworthy is how long a wait may be without a note.
	noteworthy = 2 * time.Second
	// logTail is how much of the collector's log a failed test shows.
	logTail = 8 << 10
)

// setup is what one collector is started with, more than once if the test wants it.
type setup struct {
	t       *testing.T
	configs []string // names under config/, and yaml: layers
	env     map[string]string
	health  string
	logFile string
	program string // the collector's binary
}

// newSetup prepares a collector that reads the given files and sends to server. Its state is its own.
func newSetup(t *testing.T, server *awslocal.Server, files ...string) *setup {
	t.Helper()
	health := ports.FreeAddress(t)
	s := &setup{
		t:       t,
		configs: []string{"host.yaml", "local.yaml"},
		health:  health,
		logFile: filepath.Join(t.TempDir(), "collector.log"),
		program: filepath.Join(binaries, "otelcol-cloudwatch"),
		env: map[string]string{
			"OTELCOL_CLOUDWATCH_STATE_DIR":       filepath.Join(t.TempDir(), "state"),
			"OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT": health,
			"OTELCOL_CLOUDWATCH_TELEMETRY_PORT":  ports.Free(t),
			"OTELCOL_CLOUDWATCH_INTERVAL":        "1s",
			"OTELCOL_CLOUDWATCH_LOG_FILES":       `["` + strings.Join(files, `", "`) + `"]`,
		},
	}
	for _, v := range server.Env() {
		if name, value, ok := strings.Cut(v, "="); ok {
			s.env[name] = value
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the collector's log:\n%s", tail(s.logFile))
		}
	})
	return s
}

// renamed makes the collector run under a name that no other process on the machine has, and returns it: for
// tests that look processes up by name.
func (s *setup) renamed() string {
	s.t.Helper()
	folder, err := os.MkdirTemp(binaries, "renamed-") // a link must be on the file system of the binary
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = os.RemoveAll(folder) })
	name := "c" + filepath.Base(folder)
	program := filepath.Join(folder, name)
	require.NoError(s.t, os.Link(s.program, program))
	s.program = program
	return name
}

// collector is one run of the real binary.
type collector struct {
	t       *testing.T
	command *exec.Cmd
	done    chan error
}

// start runs the collector without waiting for anything.
func (s *setup) start(more ...string) *collector {
	s.t.Helper()
	var args []string
	for _, config := range append(s.configs, more...) {
		if !strings.Contains(config, ":") {
			config = filepath.Join(root, "config", config)
		}
		args = append(args, "--config", config)
	}
	log, err := os.OpenFile(s.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	defer log.Close()
	c := &collector{t: s.t, command: exec.Command(s.program, args...), done: make(chan error, 1)}
	c.command.Stdout, c.command.Stderr = log, log
	for name, value := range s.env {
		c.command.Env = append(c.command.Env, name+"="+value)
	}
	require.NoError(s.t, c.command.Start())
	go func() { c.done <- c.command.Wait() }()
	s.t.Cleanup(func() { _ = c.command.Process.Kill() })
	return c
}

// startHealthy runs the collector and waits until its health check says that it is ready.
func (s *setup) startHealthy(more ...string) *collector {
	s.t.Helper()
	c := s.start(more...)
	await(s.t, "the collector to be healthy", func() bool {
		select {
		case err := <-c.done:
			c.done <- err
			s.t.Fatalf("the collector ended: %v", err)
		default:
		}
		answer, err := http.Get("http://" + s.health + "/")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return c
}

// stop asks the collector to end, as systemd and Kubernetes do, and expects it to end well.
func (c *collector) stop() {
	c.t.Helper()
	require.NoError(c.t, c.command.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-c.done:
		require.NoError(c.t, err, "the collector's exit after SIGTERM")
	case <-time.After(patience):
		c.t.Fatal("the collector did not end after SIGTERM")
	}
}

// kill is kill -9.
func (c *collector) kill() {
	c.t.Helper()
	require.NoError(c.t, c.command.Process.Kill())
	<-c.done
}

// await looks until what is awaited is there. A wait that is worth asking about is noted, for `go test -v`.
func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	start := time.Now()
	for ; !reached(); time.Sleep(glance) {
		if time.Since(start) > patience {
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
	if waited := time.Since(start); waited > noteworthy {
		t.Logf("waited %s for %s", waited.Round(time.Second/10), what)
	}
}

func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	text = text[max(0, len(text)-logTail):]
	return string(text[bytes.IndexByte(text, '\n')+1:])
}

// cuttable forwards TCP to a server, and can cut the way: connections are closed and new ones refused.
type cuttable struct {
	t       *testing.T
	address string
	to      string
	stop    func()
}

func newCuttable(t *testing.T, to string) *cuttable {
	c := &cuttable{t: t, address: ports.FreeAddress(t), to: strings.TrimPrefix(to, "http://")}
	c.restore()
	t.Cleanup(func() { c.stop() })
	return c
}

func (c *cuttable) url() string { return "http://" + c.address }

func (c *cuttable) cut() { c.stop() }

func (c *cuttable) restore() {
	c.t.Helper()
	var listener net.Listener
	await(c.t, "the port "+c.address, func() (ok bool) {
		var err error
		listener, err = net.Listen("tcp", c.address)
		return err == nil
	})
	forwarder := newForwarder(listener, c.to)
	c.stop = forwarder.stop
}

// ofLogs is the attribute of cloudwatch_logs's own in metrics that cloudwatch_emf has, too.
const ofLogs = `exporter="cloudwatch_logs"`

// metric is a sum or gauge of the running collector's own, of the first series that has all attributes; 0 where it
// is not there yet.
func (s *setup) metric(name string, attributes ...string) int {
	answer, err := http.Get("http://127.0.0.1:" + s.env["OTELCOL_CLOUDWATCH_TELEMETRY_PORT"] + "/metrics")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if at < 0 || !strings.HasPrefix(lines.Text(), "otelcol_"+name) {
			continue
		}
		series, value := lines.Text()[:at], lines.Text()[at+1:]
		if !slices.ContainsFunc(attributes, func(a string) bool { return !strings.Contains(series, a) }) {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(s.t, err)
			return int(n)
		}
	}
	return 0
}

// logged is how often the collector's log has a text.
func (s *setup) logged(text string) int {
	log, err := os.ReadFile(s.logFile)
	require.NoError(s.t, err)
	return bytes.Count(log, []byte(text))
}
