//go:build linux

package routes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// root is the repository, seen from this package.
const root = "../.."

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// collectorBinary is the path of otelcol-cloudwatch. It is built only when it is asked for: most of the
// laboratory's own tests need no collector.
func collectorBinary(t testing.TB) string {
	t.Helper()
	path, err := buildCollector()
	require.NoError(t, err)
	return path
}

var buildCollector = sync.OnceValues(func() (string, error) {
	binaries := os.Getenv("OTELCOL_CLOUDWATCH_BIN")
	if binaries == "" {
		build := exec.Command("make", "build")
		build.Dir, build.Stdout, build.Stderr = root, os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return "", fmt.Errorf("make build: %w", err)
		}
		binaries = filepath.Join(root, "bin")
	}
	return filepath.Abs(filepath.Join(binaries, "otelcol-cloudwatch"))
})
