package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// output is what a command writes, readable while it writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// What `make run` does after it built the binaries.
func TestMakeRunShowsMetricsAndAppendedLinesAndEndsWithCtrlC(t *testing.T) {
	t.Parallel()
	folder, listen, health := t.TempDir(), ports.FreeAddress(t), ports.FreeAddress(t)
	var out output
	command := exec.Command("scripts/run.sh")
	command.Dir = root
	command.Stdout, command.Stderr = &out, &out
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Env = append(os.Environ(),
		"RUN_FOLDER="+folder, "CLOUDWATCH_LOCAL_LISTEN="+listen,
		"OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT="+health,
		"OTELCOL_CLOUDWATCH_TELEMETRY_PORT="+ports.Free(t),
		"OTELCOL_CLOUDWATCH_INTERVAL=1s",
	)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		if t.Failed() {
			t.Logf("output:\n%s\ncollector's log:\n%s", out.String(), tail(filepath.Join(folder, "collector.log")))
		}
	})

	shown := func(pattern string) func() bool {
		return func() bool { return regexp.MustCompile(pattern).MatchString(out.String()) }
	}
	await(t, "the first line", shown(`log +app\.log \| .*make run started`))
	for _, metric := range []string{`system\.cpu\.utilization .*state=idle`, `system\.memory\.utilization .*state=used`, `system\.filesystem\.utilization .*mountpoint=/`} {
		await(t, metric, shown(metric))
	}
	file, err := os.OpenFile(filepath.Join(folder, "app.log"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("appended by a person\n")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	await(t, "the appended line", shown(`log +app\.log \| appended by a person`))
	assert.Contains(t, out.String(), "http://"+listen, "the page's address")
	page, err := http.Get("http://" + listen + "/")
	require.NoError(t, err)
	page.Body.Close()
	assert.Equal(t, http.StatusOK, page.StatusCode)

	require.NoError(t, syscall.Kill(-command.Process.Pid, syscall.SIGINT)) // as the terminal does
	require.NoError(t, command.Wait(), "exit after Ctrl-C")
	log, err := os.ReadFile(filepath.Join(folder, "collector.log"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "Shutdown complete", "the collector's own end")
	_, err = http.Get("http://" + health)
	assert.Error(t, err, "the collector's health check after its end")
}
