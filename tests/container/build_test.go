//go:build linux

package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/config"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// TestTheContainerfile builds the image from a folder as the unpacked release has it, and runs it.
func TestTheContainerfile(t *testing.T) {
	p := newPodman(t)
	need(t, "buildah")
	folder := t.TempDir()
	out, err := exec.Command("cp", "--reflink=auto", program, folder).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.CopyFS(filepath.Join(folder, "config"), config.Files))
	for _, f := range []string{"certs", "state", "state/otelcol-cloudwatch"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, f), 0o755)) //nolint:gosec // as mkdir does
	}
	require.NoError(t, os.Chmod(filepath.Join(folder, "state/otelcol-cloudwatch"), 0o770)) //nolint:gosec // as the file says
	certificates := []byte("# none is needed to reach this machine\n")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "certs", "ca-certificates.crt"), certificates, 0o644)) //nolint:gosec // public
	file, err := filepath.Abs(filepath.Join(root, "distributions", "container", "Containerfile"))
	require.NoError(t, err)
	out, err = exec.Command("buildah", "--root", p.storage+"/root", "--runroot", p.storage+"/run", "--storage-driver", "vfs",
		"build", "--format", "docker", "--file", file, "--tag", image+":built", folder).CombinedOutput()
	require.NoError(t, err, "%s", out)

	server := awslocal.Serve(t, awslocal.Options{})
	logs := readable(t)
	require.NoError(t, os.WriteFile(filepath.Join(logs, "app.log"), []byte("line 0\n"), 0o644)) //nolint:gosec // the container's user reads it
	options, arguments := documented(t, logs)
	c := p.run("built", "built", append(options, here(server, 4)...), arguments...)
	c.healthy()
	awaitLines(p, server, 1)
	assert.Equal(t, "0", c.stop())
}
