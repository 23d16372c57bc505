//go:build linux

package container

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// newDocker starts a daemon of this test's own, which touches nothing of the host's network, and returns its client.
func newDocker(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	need(t, "dockerd", "docker", "runc")
	folder, err := os.MkdirTemp("", "d") // a socket's name is short
	require.NoError(t, err)
	log, err := os.Create(filepath.Join(folder, "log"))
	require.NoError(t, err)
	daemon := exec.Command("dockerd", "--host", "unix://"+folder+"/sock", "--data-root", folder+"/data", "--exec-root", folder+"/exec",
		"--pidfile", folder+"/pid", "--storage-driver", "vfs", "--iptables=false", "--ip-masq=false", "--bridge=none",
		"--exec-opt", "native.cgroupdriver=cgroupfs")
	daemon.Stdout, daemon.Stderr = log, log
	require.NoError(t, daemon.Start())
	client := func(args ...string) (string, error) {
		out, err := exec.Command("docker", append([]string{"--host", "unix://" + folder + "/sock"}, args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("dockerd: %s", text)
		}
		if all, _ := client("ps", "--all", "--quiet"); all != "" {
			_, _ = client(append([]string{"rm", "--force", "--volumes"}, strings.Fields(all)...)...)
		}
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait() // it was told to end
		_ = log.Close()
		_ = exec.Command("umount", folder+"/exec/netns/default").Run() // where dockerd left it mounted, as 20.10 does
		assert.NoError(t, os.RemoveAll(folder))
	})
	await(t, func() error {
		out, err := client("version")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	return client
}

// TestDockerRunsItAndItsHealthCheck, whose own store of images is the pickiest: it takes no mere OCI layout.
func TestDockerRunsItAndItsHealthCheck(t *testing.T) {
	docker := newDocker(t)
	do := func(args ...string) string {
		t.Helper()
		out, err := docker(args...)
		require.NoError(t, err, "docker %s: %s", strings.Join(args, " "), out)
		return out
	}
	do("load", "--input", archive(t, "0.0.1"))
	server := awslocal.Serve(t, awslocal.Options{})
	logs := readable(t)
	path := filepath.Join(logs, "app.log")
	require.NoError(t, os.WriteFile(path, []byte("line 0\n"), 0o600))
	require.NoError(t, os.Chown(path, 4711, 4711))
	options, arguments := documented(t, logs)
	at := slices.Index(options, "--health-cmd") // podman's alone, as the page says
	require.Positive(t, at)
	options = slices.Delete(options, at, at+2)
	args := slices.Concat([]string{"run", "--detach", "--name", "all", "--health-interval", "1s"}, options, here(server, 5),
		[]string{"--user", "0:0", "--cap-add", "DAC_READ_SEARCH", image + ":0.0.1"}, arguments)
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := docker("logs", "all")
			t.Logf("%s", out)
		}
	})
	do(args...)
	await(t, func() error {
		if now := do("inspect", "--format", "{{.State.Health.Status}}", "all"); now != "healthy" {
			return fmt.Errorf("it is %s", now)
		}
		if got := len(lines(t, server)); got < 1 {
			return fmt.Errorf("%d of 1 line", got)
		}
		return nil
	})
	do("stop", "all")
	assert.Equal(t, "0", do("inspect", "--format", "{{.State.ExitCode}}", "all"))
}
