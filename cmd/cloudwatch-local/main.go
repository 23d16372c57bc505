// Command cloudwatch-local serves the AWS APIs that otelcol-cloudwatch talks to on loopback: to try it
// without an account, and to test it. See README.md beside this file.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	err := newCommand().Execute()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode()) // the command that was run speaks for itself
	default:
		fmt.Fprintln(os.Stderr, "cloudwatch-local:", err)
		os.Exit(1)
	}
}
