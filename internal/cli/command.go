// Package cli is the command line of otelcol-cloudwatch: the collector's own commands, as
// otelcol.NewCommand makes them, and ours beside them, one file each. It renders; the packages that
// it calls decide.
package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// Run is the program after main: it runs as a Windows service where the service manager started it,
// and as a command everywhere else.
func Run(settings otelcol.CollectorSettings) error {
	settings = withVersion(settings, version.Current())
	access, err := openAccess(context.Background(), os.Args[1:])
	if err != nil {
		return err
	}
	if access != nil {
		defer func() { _ = access.Close() }()
	}
	if ran, err := runService(settings); ran {
		return err
	}
	return newCommand(settings, version.Current()).Execute()
}

// withVersion gives the collector the linker's version, which ocb cannot know. Components put it into
// their user agents.
func withVersion(settings otelcol.CollectorSettings, v version.Info) otelcol.CollectorSettings {
	settings.BuildInfo.Version = v.Full()
	return settings
}

func newCommand(settings otelcol.CollectorSettings, v version.Info) *cobra.Command {
	root := otelcol.NewCommand(settings)
	root.AddCommand(newDoctorCommand(settings, v))
	root.Short = settings.BuildInfo.Description
	root.SetVersionTemplate(fmt.Sprintf("%s %s\n", settings.BuildInfo.Command, v))
	return root
}
