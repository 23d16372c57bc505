package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// judgeLayers says what fetched layers may do, and what they have beyond that.
type judgeLayers func(ctx context.Context, uris []string) (reload.Trust, error)

// loadLayers fetches and merges what --config values name, lowest first.
type loadLayers func(ctx context.Context, uris []string) (*layers.Merged, error)

const explainHelp = `Prints the configuration that all layers make together, and behind each key the
layer and the line that it comes from. Behind a map stands the layer that
defined it first; what others changed is at its keys.

Layers that were fetched are marked, and what hosts refuse in them is said on the
standard error. Placeholders are shown as they were written. Passwords, tokens and the like are
not shown.`

// explainVersion is of the JSON that explain writes. It changes when a field changes its meaning.
const explainVersion = 1

// explained is that JSON.
type explained struct {
	Version int      `json:"version"`
	Layers  []string `json:"layers"`
	// Fetched are the layers that are held to remote_layers, and Allowed what that allows as a whole.
	Fetched []string           `json:"fetched,omitempty"`
	Allowed []trust.Capability `json:"allowed,omitempty"`
	Values  []explainedValue   `json:"values"`
}

type explainedValue struct {
	Path  string `json:"path"`
	Value any    `json:"value"`
	Layer string `json:"layer"`
	Line  int    `json:"line"`
}

func newConfigExplainCommand(load loadLayers, judge judgeLayers) *cobra.Command {
	var (
		configs, sets []string
		format        string
	)
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Prints the merged configuration, and where each key comes from",
		Long:  explainHelp,
		Example: `  otelcol-cloudwatch config explain --config host.yaml --config dir:/etc/otelcol-cloudwatch/config.d
  otelcol-cloudwatch config explain --config ssm:/fleet/base --set exporters.cloudwatch_emf.region=eu-central-1
  otelcol-cloudwatch config explain --config host.yaml --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("explain takes no argument such as %q; a configuration is named by --config", args[0])
			}
			return nil
		},
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "yaml" && format != "json" {
				return fmt.Errorf("--format %q is neither yaml nor json", format)
			}
			if len(configs) == 0 {
				return errors.New("there is nothing to explain: name a configuration with --config")
			}
			uris, err := configURIs(configs, sets)
			if err != nil {
				return err
			}
			merged, err := load(cmd.Context(), uris)
			if err != nil {
				return err
			}
			level, err := explainTrust(cmd, merged, uris, judge, format)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeExplained(cmd.OutOrStdout(), merged, level)
			}
			return layers.Explain(cmd.OutOrStdout(), merged, nil)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&configs, "config", nil, "configuration to explain, as the collector takes it; may be repeated, a later one lies over an earlier one")
	flags.StringArrayVar(&sets, "set", nil, "a setting on top of it, such as exporters.cloudwatch_emf.region=eu-central-1; may be repeated")
	flags.StringVar(&format, "format", "yaml", "yaml or json")
	return cmd
}

// explainTrust writes which layers were fetched and what they may do, where there are any.
func explainTrust(cmd *cobra.Command, merged *layers.Merged, uris []string, judge judgeLayers, format string) (level reload.Trust, err error) {
	if judge == nil || !slices.ContainsFunc(merged.Layers(), merged.Remote) {
		return level, nil
	}
	level, refused := judge(cmd.Context(), uris)
	if format == "yaml" {
		var b strings.Builder
		b.WriteString("# Layers, the lowest first:\n")
		for _, name := range merged.Layers() {
			kind := "local  "
			if merged.Remote(name) {
				kind = "fetched"
			}
			fmt.Fprintf(&b, "#   %s %s\n", kind, strings.Join(strings.Fields(name), " "))
		}
		fmt.Fprintf(&b, "# %s.\n", level.Policy.Means())
		if _, err := io.WriteString(cmd.OutOrStdout(), b.String()); err != nil {
			return level, err
		}
	}
	if refused != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: a collector would refuse this: %v\n", refused)
	}
	return level, nil
}

func writeExplained(w io.Writer, merged *layers.Merged, level reload.Trust) error {
	out := explained{Version: explainVersion, Layers: merged.Layers(), Fetched: level.Fetched, Allowed: level.Policy.Allow, Values: []explainedValue{}}
	for _, e := range merged.Entries(nil) {
		if f, ok := e.Value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			e.Value = fmt.Sprint(f) // JSON has no such number
		}
		out.Values = append(out.Values, explainedValue{strings.Join(e.Path, "::"), e.Value, e.Origin.Layer, e.Origin.Line})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
