//go:build !windows

package cli

import (
	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"
)

// runService returns false: only Windows has a service manager that a program must answer.
func runService(otelcol.CollectorSettings, runFunc) (bool, error) { return false, nil }

// systemCommands are none.
func systemCommands() []*cobra.Command { return nil }
