package main

import (
	"os"

	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cli"
)

// run is what the generated main ends with. It stands in for ocb's main_others.go and
// main_windows.go. The generated main exits with 1 for every error; a command that has other statuses
// ends here.
func run(settings otelcol.CollectorSettings) error {
	err := cli.Run(settings)
	if status := cli.ExitStatus(err); status > 1 {
		os.Exit(status)
	}
	return err
}
