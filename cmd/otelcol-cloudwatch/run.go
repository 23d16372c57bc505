package main

import (
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cli"
)

// run is what the generated main ends with. It stands in for ocb's main_others.go and
// main_windows.go.
func run(settings otelcol.CollectorSettings) error { return cli.Run(settings) }
