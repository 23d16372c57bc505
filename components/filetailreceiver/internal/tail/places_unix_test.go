//go:build unix

package tail

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/programs"
)

// TestLinkIsRetargeted rotates as the kubelet does: the link leads to a new file, and the old one stays.
func TestLinkIsRetargeted(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, folder := range []string{"docker", "pods"} {
		require.NoError(t, os.Mkdir(h.path(folder), 0o700))
	}
	h.options.Finder.Include = []string{h.path("pods/*.log")}
	link := h.path("pods/a.log")
	lead := func(to string) {
		require.NoError(t, os.Symlink(h.path(to), link+".new"))
		require.NoError(t, os.Rename(link+".new", link))
	}
	h.append("docker/1", lines(1, 2))
	lead("docker/1")
	h.start()
	h.await("pods/a.log", wanted(1, 2)...)
	h.append("docker/1", lines(3, 3))
	h.await("pods/a.log", wanted(1, 3)...)
	h.append("docker/1", lines(4, 4))
	h.append("docker/2", lines(5, 6))
	lead("docker/2")
	h.await("pods/a.log", wanted(1, 6)...)
	h.append("docker/2", lines(7, 7))
	h.await("pods/a.log", wanted(1, 7)...)
	h.settle()
	h.stop()
	h.append("docker/3", lines(9, 9))
	h.append("docker/2", lines(8, 8))
	h.start()
	h.await("pods/a.log", wanted(1, 8)...)
	lead("docker/3")
	h.await("pods/a.log", wanted(1, 9)...)
}

// TestHardLinks has two names of one file: it is read once, also when the first name goes.
func TestHardLinks(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.append("a.log", lines(1, 2))
	require.NoError(t, os.Link(h.path("a.log"), h.path("b.log")))
	h.start()
	h.await("a.log", wanted(1, 2)...)
	require.NoError(t, os.Remove(h.path("a.log")))
	h.append("b.log", lines(3, 4))
	h.await("a.log", wanted(1, 4)...)
	h.settle()
	assert.Empty(t, h.records(h.path("b.log")))
}

// TestPipeTakesThePlaceOfAFile must neither block the reader nor take from the pipe.
func TestPipeTakesThePlaceOfAFile(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	core, logs := observer.New(zap.WarnLevel)
	h.logger = zap.New(core)
	h.append("a.log", lines(1, 2))
	h.append("b.log", lines(1, 1))
	h.start()
	h.await("a.log", wanted(1, 2)...)
	require.NoError(t, os.Remove(h.path("a.log")))
	require.NoError(t, syscall.Mkfifo(h.path("a.log"), 0o600))
	h.append("b.log", lines(2, 2))
	h.await("b.log", wanted(1, 2)...)
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable == 1 }, eventually, tick)
	require.Equal(t, 1, logs.Len(), "once")
	assert.Contains(t, logs.All()[0].ContextMap()["error"], "it is a named pipe, which has no offsets to go on from")
	require.NoError(t, os.Remove(h.path("a.log")))
	h.append("a.log", lines(3, 4))
	h.await("a.log", wanted(1, 4)...)
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable == 0 }, eventually, tick)
}

// TestPermissionIsLostAndRegained runs itself as a user whom permissions concern.
func TestPermissionIsLostAndRegained(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		again(t)
		return
	}
	h := newHost(t)
	core, logs := observer.New(zap.InfoLevel)
	h.logger = zap.New(core)
	h.append("a.log", lines(1, 2))
	h.append("secret.log", lines(1, 2))
	require.NoError(t, os.Chmod(h.path("secret.log"), 0))
	h.start()
	h.await("a.log", wanted(1, 2)...)
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable == 1 }, eventually, tick)
	assert.Contains(t, logs.All()[0].ContextMap()["error"], "permission denied")
	require.NoError(t, os.Chmod(h.path("secret.log"), 0o600))
	h.await("secret.log", wanted(1, 2)...)
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable == 0 }, eventually, tick)
	h.settle()
	h.stop()

	require.NoError(t, os.Chmod(h.path("a.log"), 0o200)) // it can be written to
	h.append("a.log", lines(3, 4))
	h.start()
	require.Eventually(t, func() bool { return h.tailer.Stats().Unreadable == 1 }, eventually, tick)
	require.NoError(t, os.Chmod(h.path("a.log"), 0o600))
	h.await("a.log", wanted(1, 4)...)

	require.NoError(t, os.Mkdir(h.path("deep"), 0o700))
	h.settle()
	h.stop()
	h.options.Finder.Include = []string{h.path("deep/*")}
	h.append("deep/b.log", lines(1, 1))
	h.start()
	h.await("deep/b.log", wanted(1, 1)...)
	h.settle()
	h.append("deep/b.log", lines(2, 2))
	require.NoError(t, os.Chmod(h.path("deep"), 0))
	h.append("a.log", lines(5, 5)) // something else happens meanwhile
	require.NoError(t, os.Chmod(h.path("deep"), 0o700))
	h.await("deep/b.log", wanted(1, 2)...)
}

// again runs this test as nobody.
func again(t *testing.T) {
	t.Helper()
	folder, err := os.MkdirTemp("", "permissions")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o777))
	program := filepath.Join(folder, "test")
	text, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, programs.Write(program, string(text)))
	cmd := exec.Command(program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "TMPDIR="+folder, "GOCOVERDIR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.True(t, strings.Contains(string(out), "--- PASS: "+t.Name()), string(out))
}
