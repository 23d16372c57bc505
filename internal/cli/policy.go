package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awspolicy"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

const policyHelp = `Prints the IAM policy that a configuration needs, and nothing more, as JSON: what
its components call, on the log groups, parameters and roles that it names.
Placeholders that each host resolves for itself become *, so that one policy
fits a fleet. AWS is asked for nothing but layers that are there.

--feature adds what no configuration says, such as config_push, and prints the
policies of roles, endpoints and keys; --list has all of them.

Where roles are assumed each has a policy of its own: --role prints it. What a
policy cannot say is said on the standard error.`

// policyFlags are the command's.
type policyFlags struct {
	configs, sets, features, fills []string
	role, format                   string
	list                           bool
}

func newPolicyCommand(settings otelcol.CollectorSettings) *cobra.Command {
	return newPolicyCommandWith(func(ctx context.Context, uris []string) (*layers.Merged, error) {
		return once(ctx, settings, uris, func(m *reload.Manager) (*layers.Merged, error) { return m.Part(ctx, uris) })
	})
}

func newPolicyCommandWith(load loadLayers) *cobra.Command {
	var f policyFlags
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Prints the IAM policy that a configuration needs",
		Long:  policyHelp,
		Example: `  otelcol-cloudwatch policy --config /etc/otelcol-cloudwatch/host.yaml
  otelcol-cloudwatch policy --config host.yaml --fill ACCOUNT=123456789012 --fill REGION=eu-central-1
  otelcol-cloudwatch policy --config host.yaml --feature managed_node --format text
  otelcol-cloudwatch policy --feature trust_hybrid_activation --fill ACCOUNT=123456789012`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("policy takes no argument such as %q; a configuration is named by --config", args[0])
			}
			return nil
		},
		SilenceUsage: true,
		RunE:         func(cmd *cobra.Command, _ []string) error { return f.run(cmd, load) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.configs, "config", nil, "configuration, as the collector takes it; may be repeated, a later one lies over an earlier one")
	flags.StringArrayVar(&f.sets, "set", nil, "a setting on top of it, such as exporters.cloudwatch_logs.log_retention=30; may be repeated")
	flags.StringSliceVar(&f.features, "feature", nil, "a feature to add, or to print without a configuration; may be repeated")
	flags.StringArrayVar(&f.fills, "fill", nil, "a value for a place of the policy, such as ACCOUNT=123456789012; may be repeated")
	flags.StringVar(&f.role, "role", "", "print the policy of this role, which the configuration assumes, instead of that of the host's own identity")
	flags.StringVar(&f.format, "format", "json", "json, or text with the reason for each statement")
	flags.BoolVar(&f.list, "list", false, "list the features")
	return cmd
}

func (f *policyFlags) run(cmd *cobra.Command, load loadLayers) error {
	if f.format != "json" && f.format != "text" {
		return fmt.Errorf("--format %q is neither json nor text", f.format)
	}
	if f.list {
		return listFeatures(cmd.OutOrStdout())
	}
	if len(f.configs) == 0 && len(f.features) == 0 {
		return errors.New("there is nothing to allow: name a configuration with --config, or a feature with --feature")
	}
	if len(f.configs) == 0 && (len(f.sets) > 0 || f.role != "") {
		return errors.New("--set and --role are about a configuration: name it with --config")
	}
	values, err := f.values()
	if err != nil {
		return err
	}
	needs, err := f.needs(cmd, load)
	if err != nil {
		return err
	}
	policy, err := awspolicy.Policy(needs, values)
	if err != nil {
		return err
	}
	if open := policy.Open(); len(open) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "to be filled: %s\nhint: --fill %s=…\n", strings.Join(open, ", "), open[0])
	}
	if f.format == "text" {
		return explainPolicy(cmd.OutOrStdout(), policy, needs)
	}
	return policy.Write(cmd.OutOrStdout())
}

var place = regexp.MustCompile(`^[A-Z_]+$`)

func (f *policyFlags) values() (awspolicy.Values, error) {
	values := awspolicy.Values{}
	for _, fill := range f.fills {
		name, value, ok := strings.Cut(fill, "=")
		if !ok || !place.MatchString(name) || value == "" {
			return nil, fmt.Errorf("--fill %q is not PLACE=VALUE, such as ACCOUNT=123456789012", fill)
		}
		values[name] = value
	}
	return values, nil
}

// needs are those of the principal that is asked for. The others are named on the standard error.
func (f *policyFlags) needs(cmd *cobra.Command, load loadLayers) ([]awspolicy.Need, error) {
	var needs []awspolicy.Need
	if len(f.configs) > 0 {
		uris, err := configURIs(f.configs, f.sets)
		if err != nil {
			return nil, err
		}
		merged, err := load(cmd.Context(), uris)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(merged.Layers(), merged.Remote) {
			level, err := trust.Of(merged)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "note: a permission to write %s is more than it looks like: %s\n", strings.Join(slices.DeleteFunc(slices.Clone(uris), func(u string) bool { return !reload.FromAfar(u) }), ", "), level.Means())
		}
		all, notes, err := awspolicy.Of(cmd.Context(), merged.Map(), uris)
		if err != nil {
			return nil, err
		}
		for _, note := range notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note:", note)
		}
		var roles []string
		for _, n := range all {
			if n.Principal == f.role {
				needs = append(needs, n)
			} else if n.Principal != "" && !slices.Contains(roles, n.Principal) {
				roles = append(roles, n.Principal)
			}
		}
		if f.role == "" {
			for _, role := range roles {
				fmt.Fprintf(cmd.ErrOrStderr(), "note: the role %s needs a policy, too: --role %s\n", role, role)
			}
		} else if len(needs) == 0 {
			return nil, fmt.Errorf("--role %q: the configuration needs nothing of it; it assumes %q", f.role, roles)
		}
	}
	for _, name := range f.features {
		needs = append(needs, awspolicy.Need{Feature: name, For: "--feature"})
	}
	if len(needs) == 0 {
		return nil, errors.New("the configuration calls nothing of AWS")
	}
	return needs, nil
}

func listFeatures(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FEATURE\tKIND\tFOR")
	for _, f := range awspolicy.Features {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Name, f.Kind, f.Summary)
	}
	return t.Flush()
}

// explainPolicy prints each statement with its reason, and who needs which feature.
func explainPolicy(w io.Writer, policy awspolicy.Document, needs []awspolicy.Need) error {
	reasons := map[string]string{}
	for _, n := range needs {
		f, err := awspolicy.Named(n.Feature)
		if err != nil {
			return err
		}
		for sid, why := range f.Reasons() {
			reasons[sid] = why
		}
	}
	for _, s := range policy.Statement {
		fmt.Fprintf(w, "%s: %s\n", s.Sid, reasons[strings.TrimRight(s.Sid, "0123456789")])
		for _, a := range s.Action {
			fmt.Fprintf(w, "  %s\n", a)
		}
		for _, r := range s.Resource {
			fmt.Fprintf(w, "    on %s\n", r)
		}
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NEEDED BY\tFEATURE")
	for _, n := range needs {
		fmt.Fprintf(t, "%s\t%s\n", n.For, n.Feature)
	}
	return t.Flush()
}
