package cli

import (
	"context"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// newConfigCommand has what is about configurations as such: to explain and compare them, and to keep
// them in Parameter Store.
func newConfigCommand(settings otelcol.CollectorSettings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Explains, compares and stores configurations",
	}
	load := func(ctx context.Context, uris []string) (*layers.Merged, error) {
		return once(ctx, settings, uris, func(m *reload.Manager) (*layers.Merged, error) { return m.Layers(ctx, uris) })
	}
	// One of two layers that are compared need not be a whole configuration.
	part := func(ctx context.Context, uris []string) (*layers.Merged, error) {
		return once(ctx, settings, uris, func(m *reload.Manager) (*layers.Merged, error) { return m.Part(ctx, uris) })
	}
	cmd.AddCommand(newConfigExplainCommand(load), newConfigDiffCommand(part))
	cmd.AddCommand(newConfigStoreCommands(storeDeps{
		validate: func(ctx context.Context, uris []string) error { return validate(ctx, settings, uris) },
		diff:     func(before, after string) string { return layers.DiffText(before, after) },
	})...)
	return cmd
}
