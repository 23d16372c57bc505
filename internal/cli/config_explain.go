package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// loadLayers fetches and merges what --config values name, lowest first.
type loadLayers func(ctx context.Context, uris []string) (*layers.Merged, error)

const explainHelp = `Prints the configuration that all layers make together, and behind each key the
layer and the line that it comes from. Behind a map stands the layer that
defined it first; what others changed is at its keys.

Placeholders are shown as they were written. Passwords, tokens and the like are
not shown.`

// explainVersion is of the JSON that explain writes. It changes when a field changes its meaning.
const explainVersion = 1

// explained is that JSON.
type explained struct {
	Version int              `json:"version"`
	Layers  []string         `json:"layers"`
	Values  []explainedValue `json:"values"`
}

type explainedValue struct {
	Path  string `json:"path"`
	Value any    `json:"value"`
	Layer string `json:"layer"`
	Line  int    `json:"line"`
}

func newConfigExplainCommand(load loadLayers) *cobra.Command {
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
			if format == "json" {
				return writeExplained(cmd.OutOrStdout(), merged)
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

func writeExplained(w io.Writer, merged *layers.Merged) error {
	out := explained{Version: explainVersion, Layers: merged.Layers(), Values: []explainedValue{}}
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
