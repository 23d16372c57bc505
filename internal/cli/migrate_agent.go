package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/report"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layerfolder"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

const migrateAgentHelp = `Converts the CloudWatch agent's configuration: JSON files, folders of them, and
parameters (ssm:NAME), which are merged as the agent merges them; its
common-config.toml and env-config.json. Without an argument it takes what the
agent of this host runs with.

It writes a folder of layers for --config dir:FOLDER, and a report: what does the
same, what differs, and what is not sent any more. Nothing of the agent is
changed, and nothing is started.

Where telemetry would be lost the exit status is 1, also though the folder is
written; --allow-loss accepts it.`

// migrateReport is the report's name in the folder.
const migrateReport = "migration.txt"

// migrateDeps are what migrate calls, and what a test replaces.
type migrateDeps struct {
	// validate is the collector's dry run of --config values.
	validate func(ctx context.Context, uris []string) error
	// parameter reads a parameter of SSM.
	parameter func(ctx context.Context, uri string) ([]byte, error)
	// agent is where the agent of this host has its files.
	agent agentFiles
}

func migrateSteps(settings otelcol.CollectorSettings) migrateDeps {
	return migrateDeps{
		validate: func(ctx context.Context, uris []string) error { return validate(ctx, settings, uris) },
		parameter: func(ctx context.Context, uri string) ([]byte, error) {
			u, err := (&storeFlags{}).parse(uri, "a parameter")
			if err != nil {
				return nil, err
			}
			if u.IsPath() {
				return nil, fmt.Errorf("%s is a path, and the agent's configuration is one parameter: name each", uri)
			}
			var text []byte
			err = storeDeps{open: openStore}.with(ctx, u, func(store *ssmstore.Store) error {
				snap, err := store.Read(ctx, u.Ref)
				if err == nil {
					text = snap.Documents[0].Text
				}
				return err
			})
			return text, err
		},
		agent: installedAgent(runtime.GOOS),
	}
}

type migrateAgentFlags struct {
	output, os, common, environment, format string
	allowLoss, force, dryRun, positions     bool
	state, storage                          string
}

func newMigrateAgentCommand(deps migrateDeps) *cobra.Command {
	var f migrateAgentFlags
	cmd := &cobra.Command{
		Use:   "cwagent [FILE|FOLDER|ssm:NAME]...",
		Short: "Converts the CloudWatch agent's configuration, and says what differs",
		Long:  migrateAgentHelp,
		Example: `  otelcol-cloudwatch migrate cwagent
  otelcol-cloudwatch migrate cwagent --output /etc/otelcol-cloudwatch/migrated
  otelcol-cloudwatch migrate cwagent --dry-run config.json ssm:AmazonCloudWatch-linux
  otelcol-cloudwatch migrate cwagent --format json --allow-loss ssm:AmazonCloudWatch-linux`,
		SilenceUsage: true,
		RunE:         func(cmd *cobra.Command, args []string) error { return f.run(cmd, deps, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.output, "output", "otelcol-cloudwatch.d", "folder to write to; it is made where it is missing")
	flags.BoolVar(&f.dryRun, "dry-run", false, "write nothing: print the report")
	flags.BoolVar(&f.positions, "positions", false, "convert nothing: make the collector that runs the folder go on where the agent stopped in its log files")
	flags.StringVar(&f.state, "agent-state", deps.agent.state, "folder of the agent's positions")
	flags.StringVar(&f.storage, "dir", stateDir(), "folder of state_storage, for --positions; default: OTELCOL_CLOUDWATCH_STATE_DIR")
	flags.StringVar(&f.os, "os", runtime.GOOS, "system that the configuration is of: linux, windows or darwin")
	flags.StringVar(&f.common, "common-config", "", "the agent's common-config.toml (default that of this host's agent, where no argument is given)")
	flags.StringVar(&f.environment, "env-config", "", "the agent's env-config.json (default that of this host's agent, where no argument is given)")
	flags.StringVar(&f.format, "format", "text", "of the report on the standard output: text, or json")
	flags.BoolVar(&f.allowLoss, "allow-loss", false, "exit with 0 also where telemetry is lost")
	flags.BoolVar(&f.force, "force", false, "replace layers that the folder already has")
	return cmd
}

func (f *migrateAgentFlags) run(cmd *cobra.Command, deps migrateDeps, args []string) error {
	if f.os != "linux" && f.os != "windows" && f.os != "darwin" {
		return fmt.Errorf("--os %q is not one of linux, windows, darwin", f.os)
	}
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q is neither text nor json", f.format)
	}
	folder, err := filepath.Abs(f.output)
	if err != nil {
		return err
	}
	if f.positions {
		if len(args) > 0 {
			return fmt.Errorf("--positions converts nothing, so that %s has nothing to say: leave it out", args[0])
		}
		return f.takeOver(cmd.Context(), cmd.OutOrStdout(), folder)
	}
	if !f.dryRun {
		if err := layerfolder.Check(folder, migratedFiles(), f.force); err != nil {
			return err
		}
	}
	in, err := f.input(cmd.Context(), deps, args)
	if err != nil {
		return err
	}
	result, err := cwagent.Convert(in)
	if err != nil {
		if f.format == "json" {
			err = errors.Join(result.Report.JSON(cmd.OutOrStdout()), err)
		}
		return err
	}
	if !f.dryRun && !result.Empty {
		if err := f.write(folder, result); err != nil {
			return err
		}
	}
	if err := f.print(cmd.OutOrStdout(), folder, result); err != nil {
		return err
	}
	if result.Empty {
		return errors.New("nothing of it can be converted, so that there is nothing to run: see above")
	}
	if !f.dryRun && f.os == runtime.GOOS {
		if err := deps.validate(cmd.Context(), []string{dirURI(folder)}); err != nil {
			return fmt.Errorf("%s has been written, and the collector would not take it: %w", folder, err)
		}
	}
	if lost := result.Report.Count(report.Lost); lost > 0 && !f.allowLoss {
		return fmt.Errorf("%d settings are lost: see above; --allow-loss accepts it", lost)
	}
	return nil
}

func dirURI(folder string) string { return "dir:" + filepath.ToSlash(folder) }

// migratedFiles are all that the command may write.
func migratedFiles() []string { return append(cwagent.LayerNames(), migrateReport) }

func (f *migrateAgentFlags) write(folder string, result cwagent.Result) error {
	files := map[string][]byte{}
	for name, text := range result.Layers {
		files[name] = text
	}
	var full bytes.Buffer
	if err := result.Report.Text(&full, 120); err != nil {
		return err
	}
	files[migrateReport] = full.Bytes()
	return layerfolder.Write(folder, migratedFiles(), files, f.force)
}

// print says what a person has to read. What was converted is in the folder's report.
func (f *migrateAgentFlags) print(out io.Writer, folder string, result cwagent.Result) error {
	if f.format == "json" {
		return result.Report.JSON(out)
	}
	if err := result.Report.Brief(out, 80); err != nil {
		return err
	}
	if f.dryRun || result.Empty {
		return nil
	}
	if err := say(out, "\nWritten to %s, with the whole report in %s.\n", folder, migrateReport); err != nil {
		return err
	}
	if len(result.Environment) > 0 {
		if err := say(out, "\nThe collector needs in its environment:\n\n  %s\n", strings.Join(result.Environment, "\n  ")); err != nil {
			return err
		}
	}
	uri := dirURI(folder)
	if strings.Contains(uri, " ") {
		uri = `"` + uri + `"`
	}
	return say(out, "\nNext, beside the agent or instead of it (docs/migrating.md):\n\n  otelcol-cloudwatch doctor --config %s\n  otelcol-cloudwatch --config %s\n", uri, uri)
}

// input reads what is to be converted.
func (f *migrateAgentFlags) input(ctx context.Context, deps migrateDeps, args []string) (cwagent.Input, error) {
	in := cwagent.Input{OS: f.os}
	common, environment := f.common, f.environment
	if len(args) == 0 {
		if f.os != runtime.GOOS {
			return in, errors.New("the agent of this host is not one of --os " + f.os + ": name its files")
		}
		args = deps.agent.configurations()
		if len(args) == 0 {
			return in, fmt.Errorf("the CloudWatch agent has no configuration in %s: name files, folders or ssm:NAME", deps.agent.folder)
		}
		common, environment = orExisting(common, deps.agent.common), orExisting(environment, deps.agent.environment)
	}
	var err error
	for _, arg := range args {
		if in.Files, err = appendFiles(ctx, deps, in.Files, arg); err != nil {
			return in, err
		}
	}
	if in.CommonConfig, err = optional(common); err != nil {
		return in, err
	}
	in.Environment, err = optional(environment)
	return in, err
}

func orExisting(given, usual string) string {
	if given != "" {
		return given
	}
	if _, err := os.Stat(usual); err != nil {
		return ""
	}
	return usual
}

func optional(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	return os.ReadFile(path)
}
