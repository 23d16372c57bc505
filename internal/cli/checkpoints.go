package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

// checkpointFlags say whose checkpoints are meant.
type checkpointFlags struct{ folder, receiver string }

func (f *checkpointFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.folder, "dir", stateDir(), "the folder of state_storage, or of file_storage; default: OTELCOL_CLOUDWATCH_STATE_DIR")
	cmd.Flags().StringVar(&f.receiver, "receiver", "file_tail", "whose offsets: file_tail, or file_tail/NAME")
}

// stateDir is where the collector's state is unless told otherwise.
func stateDir() string {
	if folder := os.Getenv("OTELCOL_CLOUDWATCH_STATE_DIR"); folder != "" {
		return folder
	}
	return statefolder.Default(runtime.GOOS)
}

// name is that of the receiver: what follows file_tail/.
func (f *checkpointFlags) name() (string, error) {
	kind, name, _ := strings.Cut(f.receiver, "/")
	if kind != "file_tail" {
		return "", fmt.Errorf("--receiver %s: only file_tail and file_tail/NAME have checkpoints of this kind", f.receiver)
	}
	return name, nil
}

func (f *checkpointFlags) read(cmd *cobra.Command) ([]checkpoints.Checkpoint, error) {
	name, err := f.name()
	if err != nil {
		return nil, err
	}
	all, err := checkpoints.ReadReceiver(cmd.Context(), f.folder, name)
	if !errors.Is(err, os.ErrNotExist) {
		return all, err
	}
	hint := "--dir names the folder of state_storage"
	if names, _ := checkpoints.Receivers(f.folder); len(names) > 0 {
		for i, name := range names {
			names[i] = strings.TrimSuffix("file_tail/"+name, "/")
		}
		hint = "there are those of " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("%s has no checkpoints in %s\nhint: %s", f.receiver, f.folder, hint)
}

func newCheckpointsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checkpoints",
		Short: "Shows and changes how far log files were delivered (file_tail)",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newCheckpointsListCommand(), newCheckpointsExportCommand(), newCheckpointsImportCommand())
	return cmd
}

func newCheckpointsListCommand() *cobra.Command {
	var f checkpointFlags
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Lists files and how far they were delivered, also while the collector runs",
		Example: "  otelcol-cloudwatch checkpoints list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := f.read(cmd)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return say(cmd.OutOrStdout(), "%s has not delivered anything yet.\n", f.receiver)
			}
			return table(cmd.OutOrStdout(), "OFFSET\tBEHIND\tRECORDS\tINODE\tSEEN (UTC)\tFILE\tWHY", func(w io.Writer) {
				for _, c := range all {
					behind, seen, file := "-", "-", printable(c.Path)
					where := cmp.Or(c.Now, c.Path)
					info, err := new(safepath.Rules).Look(where)
					if err == nil && c.Retired == 0 && (c.Inode == 0 || info.ID.Inode == c.Inode) && info.Size >= c.Offset {
						behind = grouped(int(info.Size - c.Offset))
					}
					if where != c.Path {
						file += " (now " + printable(where) + ")"
					}
					if !c.Seen.IsZero() {
						seen = at(c.Seen)
					}
					if c.Retired != 0 {
						file += " (content that was replaced)"
					}
					_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", grouped(int(c.Offset)), behind, grouped(int(c.Records)), c.Inode, seen, file, cmp.Or(printable(c.Why), "-"))
				}
			})
		},
	}
	f.add(cmd)
	return cmd
}

// printable is a name as a terminal may see it: whoever makes a file chooses its name, with new lines and what moves the
// cursor in it.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(name)
	}
	return name
}

func newCheckpointsExportCommand() *cobra.Command {
	var f checkpointFlags
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Writes the offsets as JSON",
		Example: "  otelcol-cloudwatch checkpoints export > offsets.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := f.read(cmd)
			if err != nil {
				return err
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(append([]checkpoints.Checkpoint{}, all...))
		},
	}
	f.add(cmd)
	return cmd
}

func newCheckpointsImportCommand() *cobra.Command {
	var f checkpointFlags
	var replace bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Takes over offsets that export wrote, while the collector does not run",
		Long: "Takes over offsets that export wrote, while the collector does not run.\n\n" +
			"A file without device and inode is recognised by its path, and by its head if there is one:\n" +
			`[{"path": "/var/log/app.log", "offset": 1234}] is enough.`,
		Example: "  otelcol-cloudwatch checkpoints import offsets.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := f.name()
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer func() { _ = file.Close() }() // it was read
				in = file
			}
			var all []checkpoints.Checkpoint
			d := json.NewDecoder(in)
			d.DisallowUnknownFields()
			if err := d.Decode(&all); err != nil {
				return fmt.Errorf("%s is not what export writes: %w", args[0], err)
			}
			if _, err := d.Token(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("%s is not what export writes: something follows the list", args[0])
			}
			for _, c := range all {
				if err := c.Check(); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
			}
			if err := checkpoints.WriteReceiver(cmd.Context(), f.folder, name, all, replace); err != nil {
				return err
			}
			if err := giveToOwner(f.folder); err != nil {
				return err
			}
			return say(cmd.OutOrStdout(), "%d offsets are %s's now.\n", len(all), f.receiver)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&replace, "replace", false, "forget all others")
	return cmd
}
