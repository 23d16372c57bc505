// Package cli is the command line of otelcol-cloudwatch: the collector's own commands, as
// otelcol.NewCommand makes them, and ours beside them, one file each. It renders; the packages that
// it calls decide.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// runFunc runs the program until its end, or that of the context. started is called when the collector runs.
type runFunc func(ctx context.Context, settings otelcol.CollectorSettings, started func()) error

// Run is the program after main: it runs as a Windows service where the service manager started it,
// and as a command everywhere else.
func Run(settings otelcol.CollectorSettings) error {
	boltdb.Main() // ends here where it is a child
	settings = withCheckedDatabases(withProviders(withVersion(settings, version.Current())))
	if ran, err := runService(settings, run); ran {
		return err
	}
	return run(context.Background(), settings, func() {})
}

// run does what the command line asks for.
func run(ctx context.Context, settings otelcol.CollectorSettings, started func()) error {
	settings = withoutSecrets(settings)
	line := parseArgs(os.Args[1:])
	way := newAccess(settings, line)
	defer way.close()
	// First of all: another collector in the state folder is said before a port that it has.
	manager, err := openConfiguration(settings, line, way)
	if err != nil {
		return said(err)
	}
	if manager == nil {
		if err := way.open(ctx); err != nil {
			return said(err)
		}
		return execute(ctx, settings, settings, nil)
	}
	defer manager.followHangups()()
	if line.command == "" {
		var end func()
		ctx, end = manager.followOrders(ctx)
		defer end()
	}
	if err := way.open(ctx); err != nil {
		return errors.Join(said(err), manager.Close(context.WithoutCancel(ctx), nil))
	}
	defer manager.Subscribe(func(s reload.Status) {
		if s.Running.Hash != "" {
			started()
		}
	})()
	return manager.run(ctx, settings)
}

// said prints an error from before there is a command, which would print it.
func said(err error) error {
	fmt.Fprintln(os.Stderr, "Error:", redact.Text(err.Error()))
	return err
}

// execute runs a command. The collector's own commands have settings of their own.
func execute(ctx context.Context, settings, collector otelcol.CollectorSettings, prepare func(*cobra.Command)) error {
	command := newCommandWith(settings, collector, version.Current())
	if prepare != nil {
		prepare(command)
	}
	requireSubcommands(command)
	return command.ExecuteContext(ctx)
}

// managed is the configuration of a command of the collector's own.
type managed struct {
	*reload.Manager
	// redacts says that the command prints a configuration without secrets: print-config knows only
	// those that stand where components expect secrets.
	redacts bool
}

// openConfiguration takes --config and --set from the command line, for the commands of the collector's
// own. It returns nil for the others, and where there is neither: cobra has to say something then.
func openConfiguration(settings otelcol.CollectorSettings, line commandLine, way *access) (*managed, error) {
	if !slices.Contains([]string{"", "validate", "print-config", "print-initial-config"}, line.command) || len(line.configs) == 0 {
		return nil, nil
	}
	uris, err := configURIs(line.configs, line.sets)
	if err != nil {
		return nil, err
	}
	o, err := reloadOptions(settings, uris)
	if err != nil {
		return nil, err
	}
	o.Once = line.command != ""
	o.Reach, o.BeforeGood = way.reach, way.adopt
	if o.Once {
		o.Reach = nil // the command has asked before
	}
	m, err := reload.New(o)
	if err != nil {
		return nil, err
	}
	if !o.Once {
		m.RecordCrashes()
	}
	os.Args = append(os.Args[:1:1], line.rest...)
	prints := line.command == "print-config" || line.command == "print-initial-config"
	return &managed{m, prints && !slices.Contains(line.rest, "unredacted") && !slices.Contains(line.rest, "--mode=unredacted")}, nil
}

// run runs the collector until it ends for good: where a newer configuration could not be started, it
// runs again with the one before.
func (m *managed) run(ctx context.Context, settings otelcol.CollectorSettings) error {
	for {
		collector := settings
		collector.DisableGracefulShutdown = true // followOrders has the signals
		rs := m.ResolverSettings()
		rs.ConverterFactories = append(rs.ConverterFactories, newStateFolders(), newStartCheck(settings.Factories))
		collector.ConfigProviderSettings.ResolverSettings = rs
		again, err := m.Again(m.execute(ctx, settings, collector))
		if !again {
			return errors.Join(err, m.Close(context.WithoutCancel(ctx), err))
		}
	}
}

// execute is execute with errors that name layers and lines, and without secrets in what is printed.
func (m *managed) execute(ctx context.Context, settings, collector otelcol.CollectorSettings) error {
	var printed bytes.Buffer
	err := m.Explained(legible(ctx, collector, execute(ctx, settings, collector, func(c *cobra.Command) {
		c.SilenceErrors = true // said below, when it is explained
		c.RunE = func(*cobra.Command, []string) error { return runCollector(ctx, collector) }
		if v, _, err := c.Find([]string{"validate"}); err == nil {
			v.PreRunE = func(*cobra.Command, []string) error {
				return checkValues(ctx, collector)
			}
			v.PostRunE = func(*cobra.Command, []string) error {
				return remark(ctx, os.Stderr, collector.ConfigProviderSettings.ResolverSettings)
			}
		}
		if m.redacts {
			c.SetOut(&printed)
		}
	})))
	if err != nil && (ctx.Err() == nil || m.Running()) { // else it was told to end before it ran
		fmt.Fprintln(os.Stderr, "Error:", redact.Text(err.Error()))
	}
	if printed.Len() == 0 { // a Windows service has no standard output
		return err
	}
	_, failed := io.WriteString(os.Stdout, m.Redacted(printed.String()))
	return errors.Join(err, failed)
}

// runCollector is what the collector's own command does, and ends orderly with the context: the collector would stop its
// components with a context that has ended, and they would give up what is in flight (v0.156.0).
func runCollector(ctx context.Context, settings otelcol.CollectorSettings) error {
	collector, err := otelcol.NewCollector(settings)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, collector.Shutdown)()
	return collector.Run(context.WithoutCancel(ctx))
}

// withoutSecrets makes the collector's log one without secrets. It comes after what chooses where the log goes.
func withoutSecrets(settings otelcol.CollectorSettings) otelcol.CollectorSettings {
	settings.LoggingOptions = append(slices.Clone(settings.LoggingOptions), zap.WrapCore(redact.Core))
	return settings
}

// withVersion gives the collector the linker's version, which ocb cannot know. Components put it into
// their user agents.
func withVersion(settings otelcol.CollectorSettings, v version.Info) otelcol.CollectorSettings {
	settings.BuildInfo.Version = v.Full()
	return settings
}

func newCommand(settings otelcol.CollectorSettings, v version.Info) *cobra.Command {
	return newCommandWith(settings, settings, v)
}

// newCommandWith joins our commands to the collector's own, which have other settings.
func newCommandWith(settings, collector otelcol.CollectorSettings, v version.Info) *cobra.Command {
	root := otelcol.NewCommand(collector)
	root.AddCommand(newDoctorCommand(settings, v), newConfigCommand(settings), newInitCommand(firstSteps(settings, v)), newCheckpointsCommand(), newPolicyCommand(settings), newHealthcheckCommand(), newManCommand(v), newMigrateCommand(settings))
	root.AddCommand(systemCommands()...)
	root.Short = settings.BuildInfo.Description
	root.SetErr(redact.Writer(os.Stderr))
	root.SetVersionTemplate(fmt.Sprintf("%s %s\n", settings.BuildInfo.Command, v))
	return root
}
