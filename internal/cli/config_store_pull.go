package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

func newConfigPullCommand(deps storeDeps) *cobra.Command {
	var f storeFlags
	var output string
	cmd := &cobra.Command{
		Use:   "pull ssm:NAME[:VERSION|:LABEL]",
		Short: "Prints, or writes to a file, exactly what was pushed",
		Example: `  otelcol-cloudwatch config pull ssm:/fleet/host -o host.yaml
  otelcol-cloudwatch config pull ssm:/fleet/host:live
  otelcol-cloudwatch config pull ssm:/fleet/host:7`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := f.parse(args[0], "a parameter")
			if err != nil {
				return err
			}
			if u.IsPath() {
				return fmt.Errorf("%s is a path, and one parameter is needed\nhint: config list %s shows what is below it", args[0], args[0])
			}
			return deps.with(cmd.Context(), u, func(store *ssmstore.Store) error {
				snap, err := store.Read(cmd.Context(), u.Ref)
				if err != nil {
					return err
				}
				d := snap.Documents[0]
				if output == "" || output == "-" {
					_, err := cmd.OutOrStdout().Write(d.Text)
					return err
				}
				if err := writeOutput(output, d.Text); err != nil {
					return err
				}
				return say(cmd.ErrOrStderr(), "%s: %s, %s bytes\n", output, d.Name(), grouped(len(d.Text)))
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write, for its owner only (default the standard output)")
	return cmd
}

// writeOutput writes a file whole or not at all, for its owner only: it may hold secrets. What is no file, such as a
// pipe or /dev/null, is written to and stays what it is.
func writeOutput(path string, text []byte) error {
	now, err := os.Stat(path)
	switch {
	case err == nil && now.IsDir():
		return fmt.Errorf("-o %s: it is a folder\nhint: name a file in it, such as %s", path, filepath.Join(path, "host.yaml"))
	case err == nil && !now.Mode().IsRegular():
		return writeInto(path, text)
	}
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("-o %s: %w\nhint: make the folder %s first, or name another one", path, err, folder)
	}
	if err := replaceFile(path, text); err != nil {
		return fmt.Errorf("-o %s: %w\nhint: name a file in a folder that you may write to", path, err)
	}
	return nil
}

func writeInto(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func replaceFile(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
