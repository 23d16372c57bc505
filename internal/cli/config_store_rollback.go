package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

const rollbackHelp = `Moves the label to an earlier version: the one before it, or VERSION. Hosts on
ssm:NAME:LABEL take that version. Hosts on ssm:NAME take the newest one: for them,
--rewrite writes the old text as a new version, which gets the label.`

type rollbackFlags struct {
	storeFlags
	label        string
	yes, rewrite bool
}

func newConfigRollbackCommand(deps storeDeps) *cobra.Command {
	var f rollbackFlags
	cmd := &cobra.Command{
		Use:   "rollback ssm:NAME [VERSION]",
		Short: "Goes back to an earlier version",
		Long:  rollbackHelp,
		Example: `  otelcol-cloudwatch config rollback ssm:/fleet/host
  otelcol-cloudwatch config rollback --rewrite --yes ssm:/fleet/host 7`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, deps, args) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.label, "label", ssmstore.DefaultLabel, "label to move")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&f.rewrite, "rewrite", false, "write the old text as a new version, for hosts that follow no label")
	return cmd
}

func (f *rollbackFlags) run(cmd *cobra.Command, deps storeDeps, args []string) error {
	u, err := f.parameter(args[0])
	if err != nil {
		return err
	}
	var version int64
	if len(args) == 2 {
		if version, err = strconv.ParseInt(args[1], 10, 64); err != nil || version < 1 {
			return fmt.Errorf("%q is not a version: give a number that config history %s shows", args[1], args[0])
		}
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	return deps.with(ctx, u, func(store *ssmstore.Store) error {
		step, err := store.PlanRollback(ctx, u.Name, f.label, version)
		if err != nil {
			return err
		}
		from := step.From.Number
		if f.rewrite {
			from = step.Newest
		}
		before, err := store.Read(ctx, ssmstore.Ref{Name: u.Name, Version: from})
		damaged := ssmstore.IsKind(err, ssmstore.Damaged) // it may be why
		if err != nil && !damaged {
			return err
		}
		after, err := store.Read(ctx, ssmstore.Ref{Name: u.Name, Version: step.To.Number})
		if err != nil {
			return err
		}
		text := fmt.Sprintf("version %d cannot be put together\n", from)
		if !damaged {
			if text = deps.diff(string(before.Documents[0].Text), string(after.Documents[0].Text)); text == "" {
				text = "nothing but comments, order or white space\n"
			}
		}
		if err := say(out, "ssm:%s goes from version %d to %d, of %s:\n\n%s\n", u.Name, from, step.To.Number, at(step.To.Modified), indented(text)); err != nil {
			return err
		}
		if !f.yes {
			if err := deps.confirm(cmd.InOrStdin(), out, "Go back?"); err != nil {
				return err
			}
		}
		written, err := store.Rollback(ctx, step, f.rewrite)
		if err != nil {
			return err
		}
		if written > 0 {
			return say(out, "ssm:%s: version %d has the text of version %d, label %s\n", u.Name, written, step.To.Number, f.label)
		}
		if err := say(out, "ssm:%s: the label %s is at version %d\n", u.Name, f.label, step.To.Number); err != nil {
			return err
		}
		if step.To.Number == step.Newest {
			return nil
		}
		return say(out, "Hosts on ssm:%s without a label stay on version %d, the newest.\nhint: --rewrite writes version %d again for them\n", u.Name, step.Newest, step.To.Number)
	})
}
