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
	"sync"
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

// program is the collector that images are made of.
var program, _ = filepath.Abs(filepath.Join(root, "bin", "otelcol-cloudwatch")) // it fails where there is no working directory

// podman is an engine with a storage of its own, in which images of two versions are.
type podman struct {
	t       *testing.T
	storage string
}

// need skips a test where make test-container does not run it, and fails it where a tool is missing then.
func need(t *testing.T, tools ...string) {
	t.Helper()
	if os.Getenv("OTELCOL_CLOUDWATCH_REQUIRE_PODMAN") == "" {
		t.Skip("takes minutes: 'make test-container' runs it")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Fatalf("needs root, and %s: apt-get install podman runc buildah docker.io", tool)
		}
	}
}

// packed makes the image as versions 0.0.1 and 0.0.2, of the program of this machine, once for all tests.
var packed = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "images-")
	if err != nil {
		return "", err
	}
	for _, version := range []string{"0.0.1", "0.0.2"} {
		pack := exec.Command("go", "run", "./distributions/container/pack", "-version", version,
			"-out", filepath.Join(folder, version+".tar"), "-binary", "linux/"+runtime.GOARCH+"="+program)
		pack.Dir, pack.Env = root, append(os.Environ(), "SOURCE_DATE_EPOCH=1767225600")
		if out, err := pack.CombinedOutput(); err != nil {
			return folder, fmt.Errorf("%w: %s", err, out)
		}
	}
	return folder, nil
})

// archive is that of a version for this machine's platform.
func archive(t *testing.T, version string) string {
	t.Helper()
	folder, err := packed()
	require.NoError(t, err)
	return filepath.Join(folder, version+"-"+runtime.GOARCH+".tar")
}

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("OTELCOL_CLOUDWATCH_REQUIRE_PODMAN") != "" {
		if folder, err := packed(); err == nil {
			_ = os.RemoveAll(folder)
		}
	}
	os.Exit(code)
}

// newPodman has versions of the image.
func newPodman(t *testing.T, versions ...string) *podman {
	t.Helper()
	need(t, "podman", "runc")
	storage, err := os.MkdirTemp("", "p") // podman takes no long names
	require.NoError(t, err)
	p := &podman{t: t, storage: storage}
	t.Cleanup(func() {
		_ = exec.Command("podman", p.arguments("rm", "--all", "--force", "--time", "0")...).Run()
		_ = exec.Command("umount", filepath.Join(storage, "root", "vfs")).Run() // where podman left it mounted
		assert.NoError(t, os.RemoveAll(storage))
	})
	for _, version := range versions {
		p.do("load", "--input", archive(t, version))
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
	c := &container{p, name}
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Logf("%s:\n%s", name, c.log())
		}
	})
	p.do(args...)
	return c
}

func (c *container) log() string {
	out, _ := c.p.try("logs", c.name)
	return out
}

// healthy waits until a command in the container says so: by default that of the page and of ECS, without a shell.
func (c *container) healthy(look ...string) {
	c.p.t.Helper()
	if len(look) == 0 {
		look = []string{"exec", c.name, "otelcol-cloudwatch", "healthcheck"}
	}
	await(c.p.t, func() error {
		out, err := c.p.try(look...)
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
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

// await looks until there is nothing to complain of.
func await(t *testing.T, look func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(glance) {
		if err = look(); err == nil {
			return
		}
	}
	require.NoError(t, err)
}
