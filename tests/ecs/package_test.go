package ecs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pack is the archive that `make package-ecs` makes.
func pack(t *testing.T, mask string) []byte {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command("sh", "-c", `umask "$1" && make -C ../.. package-ecs VERSION=1.2.3 DIST="$2"`, "sh", mask, folder)
	command.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000", "MAKEFLAGS=")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(filepath.Join(folder, "otelcol-cloudwatch-ecs-1.2.3.tar.gz"))
	require.NoError(t, err)
	return text
}

func TestThePackageHasEverythingAndTheSameBytesEachTime(t *testing.T) {
	first := pack(t, "022")
	require.Equal(t, first, pack(t, "077"), "whoever makes it")
	zipped, err := gzip.NewReader(bytes.NewReader(first))
	require.NoError(t, err)
	packed := map[string]string{}
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		assert.Equal(t, int64(1700000000), header.ModTime.Unix(), header.Name)
		assert.Zero(t, header.Uid+header.Gid, header.Name)
		text, err := io.ReadAll(files)
		require.NoError(t, err)
		if header.Typeflag == tar.TypeReg {
			packed[strings.TrimPrefix(header.Name, "otelcol-cloudwatch-ecs/")] = string(text)
		}
	}
	want := map[string]string{}
	for folder, patterns := range map[string][]string{
		distribution:   {"README.md", "task-definitions/*", "cloudformation/*.yaml", "terraform/*.tf", "policies/*"},
		"../../config": {"ecs.yaml", "layers/ecs-daemon.yaml"},
	} {
		for _, pattern := range patterns {
			found, err := filepath.Glob(filepath.Join(folder, pattern))
			require.NoError(t, err)
			require.NotEmpty(t, found, pattern)
			for _, path := range found {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				name, err := filepath.Rel(distribution, path)
				require.NoError(t, err)
				want[strings.TrimPrefix(name, "../../")] = string(text)
			}
		}
	}
	assert.Equal(t, want, packed)
}
