package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

const deleteHelp = `Deletes parameters with all their versions, and the parts that a large configuration
is stored in. Hosts that read one of them go on with the configuration that they have,
and say that it cannot be fetched.`

const pruneHelp = `Deletes the parts of configurations that nothing needs any more: those of parameters
that were deleted by other means than config delete, and those of pushes that were cut
off. Every push does this for its own parameter.`

// confirmFlags are those of commands that delete.
type confirmFlags struct {
	storeFlags
	yes, dryRun bool
}

func (f *confirmFlags) add(cmd *cobra.Command) {
	f.storeFlags.add(cmd)
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be deleted, and delete nothing")
}

// goOn reports whether to delete what out shows.
func (f *confirmFlags) goOn(cmd *cobra.Command, deps storeDeps, out io.Writer) (bool, error) {
	if f.dryRun {
		return false, say(out, "Nothing is deleted, as --dry-run asks.\n")
	}
	if f.yes {
		return true, nil
	}
	err := deps.confirm(cmd.InOrStdin(), out, "Delete this?")
	return err == nil, err
}

func newConfigDeleteCommand(deps storeDeps) *cobra.Command {
	var f confirmFlags
	cmd := &cobra.Command{
		Use:     "delete ssm:NAME…",
		Short:   "Deletes parameters with the parts that they are stored in",
		Long:    deleteHelp,
		Example: "  otelcol-cloudwatch config delete ssm:/fleet/old",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.delete(cmd, deps, args) },
	}
	f.add(cmd)
	return cmd
}

func (f *confirmFlags) delete(cmd *cobra.Command, deps storeDeps, args []string) error {
	var targets []ssmstore.URI
	for _, arg := range args {
		u, err := f.parameter(arg)
		if err != nil {
			return err
		}
		targets = append(targets, u)
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	return deps.with(ctx, targets[0], func(store *ssmstore.Store) error {
		var plans []ssmstore.Deletion
		for _, u := range targets {
			d, err := store.PlanDelete(ctx, u.Name)
			if err != nil {
				return err
			}
			plans = append(plans, d)
			last := d.Versions[len(d.Versions)-1]
			if err := say(out, "ssm:%s: version %d of %s, and %d parts\n", d.Name, last.Number, at(last.Modified), len(d.Parts)); err != nil {
				return err
			}
		}
		if ok, err := f.goOn(cmd, deps, out); !ok {
			return err
		}
		for _, d := range plans {
			if err := store.Delete(ctx, d); err != nil {
				return err
			}
			if err := say(out, "ssm:%s is deleted\n", d.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

func newConfigPruneCommand(deps storeDeps) *cobra.Command {
	var f confirmFlags
	cmd := &cobra.Command{
		Use:     "prune ssm:NAME|ssm:/PATH/",
		Short:   "Deletes parts of configurations that nothing needs any more",
		Long:    pruneHelp,
		Example: "  otelcol-cloudwatch config prune --dry-run ssm:/fleet/",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.prune(cmd, deps, args[0]) },
	}
	f.add(cmd)
	return cmd
}

func (f *confirmFlags) prune(cmd *cobra.Command, deps storeDeps, arg string) error {
	u, err := f.parse(arg, "a parameter or a path")
	if err != nil {
		return err
	}
	if u.Version != 0 || u.Label != "" {
		return fmt.Errorf("%s names a version, and the parameter is meant: leave the part after the colon out", arg)
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	return deps.with(ctx, u, func(store *ssmstore.Store) error {
		names, err := store.Leftovers(ctx, u.Name)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return say(out, "There is nothing to delete.\n")
		}
		if err := say(out, "%s\n%d parts are needed by nothing.\n", strings.Join(names, "\n"), len(names)); err != nil {
			return err
		}
		if ok, err := f.goOn(cmd, deps, out); !ok {
			return err
		}
		deleted, err := store.DeleteParts(ctx, names)
		if err != nil {
			return fmt.Errorf("%d of %d parts are deleted, and then: %w", deleted, len(names), err)
		}
		return say(out, "%d parts are deleted.\n", deleted)
	})
}
