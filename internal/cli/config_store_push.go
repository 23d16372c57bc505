package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

const pushHelp = `Stores configurations in SSM Parameter Store. Before anything is written they are
validated as the collector would, and what changes is shown.

  push FILE ssm:/fleet/base     FILE becomes the parameter /fleet/base. It has to
                                be a whole configuration.
  push FILE… ssm:/fleet/        each FILE becomes a parameter below the path, by
                                its name without .yaml. They are validated as
                                layers, in name order, with what else is there.

What reaches into a host, such as programs and files outside of /var/log, is not
stored, as hosts refuse it in a fetched layer. --allow-remote names what their own
section remote_layers allows.

A reader sees a new version whole or not at all, whatever its size; several
parameters change one after another. A host on ssm:NAME takes the newest version,
one on ssm:NAME:live the one with the label, which push moves.`

type pushFlags struct {
	storeFlags
	yes, secure, dryRun                bool
	label, description, kmsKeyID, tier string
	allowRemote                        []string
}

func newConfigPushCommand(deps storeDeps) *cobra.Command {
	var f pushFlags
	cmd := &cobra.Command{
		Use:   "push FILE… ssm:TARGET",
		Short: "Validates configurations, shows what changes, and stores them",
		Long:  pushHelp,
		Example: `  otelcol-cloudwatch config push host.yaml ssm:/fleet/host
  otelcol-cloudwatch config push --yes config.d/*.yaml ssm:/fleet/web/
  otelcol-cloudwatch config push --secure --kms-key alias/otel host.yaml ssm:/fleet/host`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, deps, args) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "store without asking")
	flags.BoolVar(&f.dryRun, "dry-run", false, "validate, show what would change, and store nothing")
	flags.StringVar(&f.label, "label", ssmstore.DefaultLabel, "label to move to the new version; '' for none")
	flags.StringVar(&f.description, "description", "", "what config history shows for the new version")
	flags.BoolVar(&f.secure, "secure", false, "make new parameters SecureStrings")
	flags.StringVar(&f.kmsKeyID, "kms-key", "", "KMS key of new SecureStrings: id, ARN or alias (default the account's own)")
	flags.StringVar(&f.tier, "tier", "", "standard, advanced or intelligent (default the parameter's own; standard for new ones)")
	flags.StringSliceVar(&f.allowRemote, "allow-remote", nil, "capability that the hosts allow fetched layers, such as programs; may be repeated")
	return cmd
}

// allowed are the capabilities of --allow-remote.
func (f *pushFlags) allowed() ([]trust.Capability, error) {
	var all []trust.Capability
	for _, name := range f.allowRemote {
		var c trust.Capability
		if err := c.UnmarshalText([]byte(name)); err != nil {
			return nil, fmt.Errorf("--allow-remote: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// options are those of a push to a parameter with a newest version.
func (f *pushFlags) options() (ssmstore.PushOptions, error) {
	o := ssmstore.PushOptions{Label: f.label, Description: f.description, Secure: f.secure, KMSKeyID: f.kmsKeyID}
	if f.tier != "" {
		if err := o.Tier.UnmarshalText([]byte(f.tier)); err != nil {
			return o, fmt.Errorf("--tier: %w", err)
		}
	}
	if f.label != "" {
		if err := ssmstore.CheckLabel(f.label); err != nil {
			return o, fmt.Errorf("--label: %w", err)
		}
	}
	const most = 1024 // characters (Systems Manager API, PutParameter)
	if len([]rune(f.description)) > most {
		return o, fmt.Errorf("--description has more than the %d characters that Parameter Store takes", most)
	}
	return o, nil
}

func (f *pushFlags) run(cmd *cobra.Command, deps storeDeps, args []string) error {
	files, arg := args[:len(args)-1], args[len(args)-1]
	target, err := f.parse(arg, "a target")
	if err != nil {
		return err
	}
	options, err := f.options()
	if err != nil {
		return err
	}
	allow, err := f.allowed()
	if err != nil {
		return err
	}
	items, err := pushItems(files, target)
	if err != nil {
		return err
	}
	return deps.with(cmd.Context(), target, func(store *ssmstore.Store) error {
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		if err := validatePush(ctx, deps, store, target, items, allow); err != nil {
			return err
		}
		changes := 0
		for i := range items {
			changed, err := items[i].compare(ctx, store, deps, f.label, out)
			if err != nil {
				return err
			}
			if changed {
				changes++
			}
		}
		switch {
		case changes == 0 && f.tier == "":
			return say(out, "There is nothing to store.\n")
		case f.dryRun:
			return say(out, "Nothing is stored, as --dry-run asks.\n")
		case !f.yes:
			if err := deps.confirm(cmd.InOrStdin(), out, "Store this?"); err != nil {
				return err
			}
		}
		return storeItems(ctx, store, items, options, out, cmd.ErrOrStderr())
	})
}

// validatePush is the collector's dry run of what will be there.
func validatePush(ctx context.Context, deps storeDeps, store *ssmstore.Store, target ssmstore.URI, items []pushItem, allow []trust.Capability) error {
	uris := map[string]string{}
	if target.IsPath() {
		names, err := store.Names(ctx, target.Name)
		if err != nil {
			return err
		}
		for _, name := range names {
			other := target
			other.Ref, other.Poll = ssmstore.Ref{Name: name}, ssmstore.NeverPoll
			uris[name] = other.String()
		}
	}
	var order []string
	for _, item := range items {
		uris[item.name] = item.uri
	}
	for name := range uris {
		order = append(order, name)
	}
	slices.Sort(order)
	for i, name := range order {
		order[i] = uris[name]
	}
	if err := deps.validate(ctx, order); err != nil {
		hint := "what is pushed to one parameter is a whole configuration; push a layer to the path that its other layers are below, such as ssm:/fleet/"
		if target.IsPath() {
			hint = "these were validated together, in this order: " + strings.Join(order, ", ")
		}
		return fmt.Errorf("nothing is stored, as the collector would not take it: %w\nhint: %s", err, hint)
	}
	if deps.judge != nil {
		if err := deps.judge(ctx, order, allow); err != nil {
			return fmt.Errorf("nothing is stored, as hosts would refuse it: %w\nhint: where their remote_layers allow it, say so with --allow-remote", err)
		}
	}
	for _, item := range items {
		if err := item.unchanged(); err != nil {
			return err
		}
	}
	return nil
}

// storeItems writes what changes. What was written before an error stays.
func storeItems(ctx context.Context, store *ssmstore.Store, items []pushItem, o ssmstore.PushOptions, out, errs io.Writer) error {
	for i, item := range items {
		o.Expected = item.before
		r, err := store.Push(ctx, item.name, item.text, o)
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("%d of %d parameters are done, and then: %w", i, len(items), err)
			}
			return err
		}
		if err := say(out, "%s\n", item.done(r, o.Label)); err != nil {
			return err
		}
		for _, v := range r.Overwrote {
			r.Warnings = append(r.Warnings, fmt.Sprintf("somebody wrote version %d in the same moment; version %d is yours: compare them with config diff", v, r.Version))
		}
		for _, warning := range r.Warnings {
			if err := say(errs, "warning: ssm:%s: %s\n", item.name, warning); err != nil {
				return err
			}
		}
	}
	return nil
}

// errSeveral is for files that would all become one parameter.
var errSeveral = errors.New("several files cannot become one parameter\nhint: end the target with a slash to give each a parameter of its own, such as ssm:/fleet/")
