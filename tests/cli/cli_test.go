// Package cli shows what the two programs say and do at the command line, as testscript files under
// testdata. The AWS CLI is the second client where it is installed.
package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	binaries := os.Getenv("OTELCOL_CLOUDWATCH_BIN")
	if binaries == "" {
		binaries = filepath.Join("..", "..", "bin")
	}
	binaries, err := filepath.Abs(binaries)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(binaries, "cloudwatch-local")); err != nil {
		t.Fatalf("%v; run 'make build' first", err)
	}
	aws, _ := exec.LookPath("aws")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			address, err := ports.Address()
			if err != nil {
				return err
			}
			tlsAddress, err := ports.Address()
			if err != nil {
				return err
			}
			env.Setenv("ADDRESS", address)
			env.Setenv("TLS_ADDRESS", tlsAddress)
			env.Setenv("PATH", binaries+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("HOST_HOME", os.Getenv("HOME")) // some AWS CLIs are started by a wrapper that wants it
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "aws" {
				return aws != "", nil
			}
			return false, nil
		},
	})
}
