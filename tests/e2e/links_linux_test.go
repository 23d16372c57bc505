package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// stranger is a local user, who may write to a folder that is shipped.
const stranger = 2000

func theirs(t *testing.T, path string) {
	t.Helper()
	if err := os.Lchown(path, stranger, stranger); err != nil {
		t.Skip("only root gives files to others:", err)
	}
}

// A local user must not read with the collector's rights, nor make its search endless, nor hold its end.
func TestLinksOfALocalUserLeadNowhere(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	folder := t.TempDir()
	logs := filepath.Join(folder, "app")
	require.NoError(t, os.Mkdir(logs, 0o755))
	theirs(t, logs)
	secret := filepath.Join(folder, "key")
	require.NoError(t, os.WriteFile(secret, []byte("s3cret of root\n"), 0o600))
	s := newSetup(t, server, filepath.Join(logs, "**", "*.log*"))
	for name, to := range map[string]string{
		"a": ".", "b": ".", "secret.log": secret, "environ.log": "/proc/self/environ", "state": s.state(), "folder": folder,
	} {
		path := filepath.Join(logs, name)
		require.NoError(t, os.Symlink(to, path))
		theirs(t, path)
	}
	// Root's links into the state and into proc are refused, too.
	require.NoError(t, os.Symlink(s.state(), filepath.Join(logs, "root-state")))
	require.NoError(t, os.Symlink("/proc/self/environ", filepath.Join(logs, "root.log")))
	require.NoError(t, os.WriteFile(filepath.Join(logs, "app.log"), []byte("an honest line\n"), 0o644))
	collector := s.startHealthy()
	await(t, "the line", func() bool { return counted(server) >= 1 })
	await(t, "that the links are told", func() bool {
		return s.logged("a link of user 2000 is not followed, as it leads to "+secret) == 1 && s.logged("on a proc file system") >= 2
	})
	reader := newReader(t, server)
	streams := reader.streams()
	require.Len(t, streams, 1, "%q", streams)
	assert.Equal(t, []string{"an honest line"}, reader.messages(streams[0]))
	began := time.Now()
	collector.stop()
	assert.Less(t, time.Since(began), 20*time.Second)
}

// Who makes many files in one folder must not delay the lines of another file.
func TestManyNewFilesDoNotDelayAnotherFilesLine(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	quiet := newWriter(t, "auth.log")
	folder := t.TempDir()
	quiet.append(1)
	collector := newSetup(t, server, quiet.path, filepath.Join(folder, "*.log")).startHealthy()
	await(t, "the first line", func() bool { return counted(server) >= 1 })
	const flood = 1500 // for which streams are made in 30 s or more
	for i := range flood {
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("x%d.log", i)), []byte("spam\n"), 0o600))
	}
	reader := newReader(t, server)
	await(t, "some of the flood", func() bool { return counted(server) > 1 })
	quiet.append(1)
	await(t, "the second line", func() bool { return len(reader.numbers("auth.log")) == 2 })
	arrived := 0
	for _, stream := range reader.streams() {
		if !strings.Contains(stream, "auth.log") {
			arrived++
		}
	}
	assert.Less(t, arrived, flood*3/4, "it came long before the last of them")
	collector.kill()
}
