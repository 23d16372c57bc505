package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// root is the repository, seen from this package.
const root = "../.."

// binaries is the folder with otelcol-cloudwatch and cloudwatch-local.
var binaries string

func TestMain(m *testing.M) {
	if path := os.Getenv(applicationVariable); path != "" {
		if err := application(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	binaries = os.Getenv("OTELCOL_CLOUDWATCH_BIN")
	if binaries == "" {
		build := exec.Command("make", "build")
		build.Dir, build.Stdout, build.Stderr = root, os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return 0, fmt.Errorf("make build: %w", err)
		}
		binaries = filepath.Join(root, "bin")
	}
	absolute, err := filepath.Abs(binaries)
	binaries = absolute
	if err != nil {
		return 0, err
	}
	return m.Run(), nil
}
