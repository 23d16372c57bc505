//go:build linux

package packages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// TestAStartWithoutSystemd follows docs/deploying/linux.md in a root where nothing runs.
func TestAStartWithoutSystemd(t *testing.T) {
	base := filepath.Join(packagesFolder(t), "root")
	if _, err := os.Stat(base); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root, and Debian's debootstrap, for a clean root")
	}
	root := filepath.Join(t.TempDir(), "root")
	out, err := exec.Command("cp", "-a", "--reflink=auto", base, root).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, folder := range []string{"proc", "dev"} {
		out, err := exec.Command("mount", "--rbind", "/"+folder, filepath.Join(root, folder)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Cleanup(func() { _ = exec.Command("umount", "--recursive", "--lazy", filepath.Join(root, folder)).Run() })
	}
	in := func(command string, env ...string) *exec.Cmd {
		c := exec.Command("chroot", root, "sh", "-ec", command)
		c.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"}, env...)
		return c
	}
	found, err := filepath.Glob(filepath.Join(packagesFolder(t), "1.1.0", "*.deb"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	out, err = exec.Command("cp", found[0], filepath.Join(root, "package.deb")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = in("dpkg --install /package.deb").CombinedOutput()
	require.NoError(t, err, "%s", out)

	// Its log is root's alone.
	require.NoError(t, os.WriteFile(filepath.Join(root, "var/log/app.log"), []byte("a line\n"), 0o600))
	server := awslocal.Serve(t, awslocal.Options{})
	settings := append(server.Env(),
		"OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT="+ports.FreeAddress(t),
		"OTELCOL_CLOUDWATCH_TELEMETRY_PORT="+strings.TrimPrefix(ports.FreeAddress(t), "127.0.0.1:"),
		`OTELCOL_CLOUDWATCH_LOG_FILES='["/var/log/app.log*"]'`)
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/otelcol-cloudwatch/environment"), []byte(strings.Join(settings, "\n")+"\n"), 0o600))
	page, err := os.ReadFile("../../docs/deploying/linux.md")
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(page), "## Without systemd")
	require.True(t, ok)
	_, after, _ = strings.Cut(after, "```console\n")
	commands, _, _ := strings.Cut(after, "```")
	collector := in(strings.ReplaceAll("\n"+commands, "\n# ", "\n"))
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	collector.Stdout, collector.Stderr = log, log
	require.NoError(t, collector.Start())
	t.Cleanup(func() {
		_ = collector.Process.Kill()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s", text)
		}
	})
	await(t, "the line", func() bool {
		for _, g := range server.Logs.Status(0).Groups {
			if g.Name == group && len(g.Streams) > 0 && g.Streams[0].Events > 0 {
				return true
			}
		}
		return false
	})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", collector.Process.Pid)) // chroot, sh and setpriv became it
	require.NoError(t, err)
	assert.Equal(t, "0000000000000004", statusField(status, "CapEff"))
	assert.Equal(t, "1", statusField(status, "NoNewPrivs"))
	assert.NotEqual(t, "0", strings.Fields(statusField(status, "Uid"))[0])
	require.NoError(t, collector.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, collector.Wait(), "it ends by itself, with 0")
}
