//go:build linux

package container

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// patience is how long anything may take on a slow machine; nothing is expected to.
	patience = 2 * time.Minute
	// glance is the pause between two looks at something that is awaited.
	glance = 100 * time.Millisecond
	image  = "docker.io/otelcol-cloudwatch/otelcol-cloudwatch"
	root   = "../.."
)

// podman is an engine with a storage of its own, in which images of two versions are.
type podman struct {
	t       *testing.T
	storage string
}

// newPodman loads the image as versions 0.0.1 and 0.0.2, from the program of this machine.
func newPodman(t *testing.T) *podman {
	t.Helper()
	required := os.Getenv("OTELCOL_CLOUDWATCH_REQUIRE_PODMAN") != ""
	for _, tool := range []string{"podman", "runc"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			if required {
				t.Fatalf("needs root, and %s: apt-get install podman runc", tool)
			}
			t.Skipf("needs root, and %s (apt-get install podman runc): 'make test-container' runs it", tool)
		}
	}
	if !required {
		t.Skip("takes minutes: 'make test-container' runs it")
	}
	storage, err := os.MkdirTemp("", "p") // podman takes no long names
	require.NoError(t, err)
	p := &podman{t: t, storage: storage}
	t.Cleanup(func() {
		_ = exec.Command("podman", p.arguments("rm", "--all", "--force", "--time", "0")...).Run()
		_ = exec.Command("umount", filepath.Join(storage, "root", "vfs")).Run() // where podman left it mounted
		assert.NoError(t, os.RemoveAll(storage))
	})
	program, err := filepath.Abs(filepath.Join(root, "bin", "otelcol-cloudwatch"))
	require.NoError(t, err)
	for _, version := range []string{"0.0.1", "0.0.2"} {
		archive := filepath.Join(t.TempDir(), "image.tar")
		pack := exec.Command("go", "run", "./distributions/container/pack", "-version", version, "-out", archive, "-binary", "linux/"+runtime.GOARCH+"="+program)
		pack.Dir, pack.Env = root, append(os.Environ(), "SOURCE_DATE_EPOCH=1767225600")
		out, err := pack.CombinedOutput()
		require.NoError(t, err, "%s", out)
		info, err := os.Stat(archive)
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(60_000_000), "docs/deploying/container.md promises at most 60 MB")
		p.do("load", "--input", archive)
		require.NoError(t, os.Remove(archive))
	}
	return p
}

func (p *podman) arguments(args ...string) []string {
	return append([]string{"--root", p.storage + "/root", "--runroot", p.storage + "/run", "--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--log-level", "error"}, args...)
}

// try runs a command of podman.
func (p *podman) try(args ...string) (string, error) {
	out, err := exec.Command("podman", p.arguments(args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (p *podman) do(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	require.NoError(p.t, err, "podman %s: %s", strings.Join(args, " "), out)
	return out
}

// container is one that runs.
type container struct {
	p    *podman
	name string
}

// run starts a container: options are podman's, arguments the program's.
func (p *podman) run(name, version string, options []string, arguments ...string) *container {
	p.t.Helper()
	args := slices.Concat([]string{"run", "--detach", "--name", name, "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--log-driver", "k8s-file"},
		options, []string{image + ":" + version}, arguments)
	p.do(args...)
	c := &container{p, name}
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Logf("%s:\n%s", name, c.log())
		}
	})
	return c
}

func (c *container) log() string {
	out, _ := c.p.try("logs", c.name)
	return out
}

// healthy waits until the health check of the image says so, in the container.
func (c *container) healthy() {
	c.p.t.Helper()
	c.p.await(func() error {
		out, err := c.p.try("exec", c.name, "otelcol-cloudwatch", "healthcheck")
		if err != nil {
			return fmt.Errorf("%s: %s", err, out)
		}
		return nil
	})
}

// stop ends a container with SIGTERM, and returns its exit status.
func (c *container) stop() string {
	c.p.t.Helper()
	c.p.do("stop", "--time", "60", c.name)
	return c.p.do("inspect", "--format", "{{.State.ExitCode}}", c.name)
}

func (p *podman) await(look func() error) {
	p.t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(glance) {
		if err = look(); err == nil {
			return
		}
	}
	require.NoError(p.t, err)
}
