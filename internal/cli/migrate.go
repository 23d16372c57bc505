package cli

import (
	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"
)

func newMigrateCommand(settings otelcol.CollectorSettings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Moves from another agent to this program",
		Args:  cobra.NoArgs,
	}
	deps := migrateSteps(settings)
	cmd.AddCommand(newMigrateAgentCommand(deps), newMigrateCheckCommand(settings, deps))
	return cmd
}
