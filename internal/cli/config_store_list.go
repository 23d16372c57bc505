package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// minutes is how times are shown, in UTC.
const minutes = "2006-01-02 15:04"

func newConfigListCommand(deps storeDeps) *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:     "list ssm:/PATH/",
		Short:   "Lists the parameters below a path: newest version, labels, size",
		Example: "  otelcol-cloudwatch config list ssm:/fleet/",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			arg := args[0]
			if path, ok := strings.CutPrefix(arg, ssmstore.Scheme+":/"); ok && !strings.ContainsAny(path, "?#:") && !strings.HasSuffix(arg, "/") {
				arg += "/"
			}
			u, err := f.parse(arg, "a path")
			if err != nil {
				return err
			}
			if !u.IsPath() || u.Label != "" {
				return fmt.Errorf("%s is not a path such as ssm:/fleet/\nhint: config history shows one parameter", args[0])
			}
			return deps.with(cmd.Context(), u, func(store *ssmstore.Store) error {
				entries, err := store.List(cmd.Context(), u.Name)
				if err != nil {
					return err
				}
				if len(entries) == 0 {
					if err := notAParameter(cmd.Context(), store, u.Name); err != nil {
						return err
					}
					return say(cmd.OutOrStdout(), "There is nothing below %s in %s.\n", u.Name, store.Region())
				}
				return table(cmd.OutOrStdout(), "VERSION\tBYTES\tMODIFIED (UTC)\tLABELS\tNAME", func(w io.Writer) {
					for _, e := range entries {
						var labels []string
						for _, label := range slices.Sorted(maps.Keys(e.AllLabels)) {
							labels = append(labels, fmt.Sprintf("%s=%d", label, e.AllLabels[label]))
						}
						name := e.Name
						if e.Secure {
							name += " (secure)"
						}
						_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", e.Number, grouped(e.Bytes), at(e.Modified), orDash(labels), name)
					}
				})
			})
		},
	}
	f.add(cmd)
	return cmd
}

// notAParameter is the error of a path that is a parameter's name.
func notAParameter(ctx context.Context, store *ssmstore.Store, path string) error {
	name := strings.TrimSuffix(path, "/")
	if name == "" {
		return nil
	}
	if _, err := store.History(ctx, name); err != nil {
		return nil //nolint:nilerr // there is nothing, or nobody may know: the answer is that nothing is below the path
	}
	return fmt.Errorf("%[1]s:%[2]s is a parameter, and nothing is below it\nhint: config history %[1]s:%[2]s shows its versions, config list %[1]s:%[3]s what is beside it",
		ssmstore.Scheme, name, name[:strings.LastIndexByte(name, '/')+1])
}

func newConfigHistoryCommand(deps storeDeps) *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:     "history ssm:NAME",
		Short:   "Shows the versions of a configuration, newest first: who, when, labels",
		Example: "  otelcol-cloudwatch config history ssm:/fleet/host",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := f.parameter(args[0])
			if err != nil {
				return err
			}
			return deps.with(cmd.Context(), u, func(store *ssmstore.Store) error {
				versions, err := store.History(cmd.Context(), u.Name)
				if err != nil {
					return err
				}
				slices.Reverse(versions)
				return writeHistory(cmd.OutOrStdout(), versions)
			})
		},
	}
	f.add(cmd)
	return cmd
}

// writeHistory shows versions, newest first. A description is shown where it is new: Parameter Store takes it
// over into the versions that follow.
func writeHistory(out io.Writer, versions []ssmstore.Version) error {
	var b bytes.Buffer
	err := table(&b, "VERSION\tBYTES\tMODIFIED (UTC)\tLABELS\tWHO", func(w io.Writer) {
		for _, v := range versions {
			_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", v.Number, grouped(v.Bytes), at(v.Modified), orDash(v.Labels), who(v.User))
		}
	})
	if err != nil {
		return err
	}
	row := -1 // the head
	for line := range strings.Lines(b.String()) {
		if err := say(out, "%s", line); err != nil {
			return err
		}
		if row >= 0 {
			text := versions[row].Description
			if text != "" && (row+1 == len(versions) || versions[row+1].Description != text) {
				if err := say(out, "  %s\n", strings.Join(strings.Fields(text), " ")); err != nil {
					return err
				}
			}
		}
		row++
	}
	return nil
}

// table writes rows of cells with tabs between them. The last column is not padded.
func table(out io.Writer, head string, rows func(io.Writer)) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, head) // Flush has the error
	rows(w)
	return w.Flush()
}

func at(t time.Time) string { return t.UTC().Format(minutes) }

func orDash(labels []string) string {
	if len(labels) == 0 {
		return "-"
	}
	return strings.Join(labels, ",")
}

// who is the end of an ARN: user/NAME, or assumed-role/ROLE/SESSION.
func who(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[5]
	}
	return arn
}
