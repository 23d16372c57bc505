package cli

import (
	"context"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
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
	judge := func(ctx context.Context, uris []string) (reload.Trust, error) {
		return once(ctx, settings, uris, func(m *reload.Manager) (reload.Trust, error) { return m.Judge(ctx) })
	}
	cmd.AddCommand(newConfigExplainCommand(load, judge), newConfigDiffCommand(part))
	cmd.AddCommand(newConfigStoreCommands(storeDeps{
		validate: func(ctx context.Context, uris []string) error { return validate(ctx, settings, uris) },
		judge: func(ctx context.Context, uris []string, allow []trust.Capability) error {
			policy := trust.DefaultPolicy()
			policy.Allow = allow
			return asFetched(ctx, settings, uris, policy)
		},
		diff: func(before, after string) string { return layers.DiffText(before, after) },
	})...)
	return cmd
}
