// Package cli is the command line of otelcol-cloudwatch: the collector's own commands, as
// otelcol.NewCommand makes them, and ours beside them, one file each. It renders; the packages that
// it calls decide.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// Run is the program after main: it runs as a Windows service where the service manager started it,
// and as a command everywhere else.
func Run(settings otelcol.CollectorSettings) error {
	ctx := context.Background()
	settings = withProviders(withVersion(settings, version.Current()))
	line := parseArgs(os.Args[1:])
	closeAccess, err := openAccess(ctx, settings, line)
	if err != nil {
		return err
	}
	defer closeAccess()
	manager, err := openConfiguration(settings, line)
	if err != nil {
		return err
	}
	if manager == nil {
		return execute(settings, settings)
	}
	defer manager.followHangups()()
	return manager.run(ctx, settings)
}

// execute runs what the command line asks for. The collector's own commands have settings of their own.
func execute(settings, collector otelcol.CollectorSettings) error {
	if ran, err := runService(collector); ran {
		return err
	}
	return newCommandWith(settings, collector, version.Current()).Execute()
}

// managed is the configuration of a command of the collector's own.
type managed struct{ *reload.Manager }

// openConfiguration takes --config and --set from the command line, for the commands of the collector's
// own. It returns nil for the others, and where there is neither: cobra has to say something then.
func openConfiguration(settings otelcol.CollectorSettings, line commandLine) (*managed, error) {
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
	m, err := reload.New(o)
	if err != nil {
		return nil, err
	}
	os.Args = append(os.Args[:1:1], line.rest...)
	return &managed{m}, nil
}

// run runs the collector until it ends for good: where a newer configuration could not be started, it
// runs again with the one before.
func (m *managed) run(ctx context.Context, settings otelcol.CollectorSettings) error {
	for {
		collector := settings
		collector.ConfigProviderSettings.ResolverSettings = m.ResolverSettings()
		again, err := m.Again(m.Explained(execute(settings, collector)))
		if !again {
			return errors.Join(err, m.Close(ctx, err == nil))
		}
	}
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
	root.AddCommand(newDoctorCommand(settings, v), newConfigCommand(settings), newInitCommand(firstSteps(settings, v)))
	root.Short = settings.BuildInfo.Description
	root.SetVersionTemplate(fmt.Sprintf("%s %s\n", settings.BuildInfo.Command, v))
	return root
}
