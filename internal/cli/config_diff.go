package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// Exit statuses of config diff, which are those of diff(1).
const (
	exitDifferent = 1
	exitTrouble   = 2
)

// errDifferent ends diff where it found a difference. It has been printed.
var errDifferent = &statusError{exitDifferent, errors.New("the configurations differ")}

const diffHelp = `Compares two configurations key by key. Order, comments and the way in which a
value is written make no difference. Passwords, tokens and the like are compared,
but not shown.

A and B are what --config takes: a path, dir:, ssm:, s3:, https:, env: or yaml:.

Exit status: 0 they are alike; 1 they differ; 2 one of them cannot be read.`

func newConfigDiffCommand(load loadLayers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compares two configurations key by key",
		Long:  diffHelp,
		Example: `  otelcol-cloudwatch config diff host.yaml ssm:/fleet/base
  otelcol-cloudwatch config diff ssm:/fleet/base:6 ssm:/fleet/base:7`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &statusError{exitTrouble, fmt.Errorf("diff compares two configurations, and %d are named", len(args))}
			}
			return nil
		},
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			var merged [2]*layers.Merged
			for i, uri := range args {
				m, err := load(cmd.Context(), []string{uri})
				if err != nil {
					return &statusError{exitTrouble, err}
				}
				merged[i] = m
			}
			changes := layers.Diff(merged[0], merged[1])
			if len(changes) == 0 {
				return nil
			}
			if err := layers.Render(cmd.OutOrStdout(), changes); err != nil {
				return &statusError{exitTrouble, err}
			}
			cmd.SilenceErrors = true
			return errDifferent
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &statusError{exitTrouble, err} })
	return cmd
}
