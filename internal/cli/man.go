package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/manpage"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// newManCommand writes the manual page that packages have. It is hidden, as those who install one have
// the page, and no others ask for it.
func newManCommand(v version.Info) *cobra.Command {
	return &cobra.Command{
		Use:    "man",
		Short:  "Writes the manual page",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			date := v.Date
			if date.IsZero() {
				date = time.Unix(0, 0)
			}
			return manpage.Write(cmd.OutOrStdout(), cmd.Root(), v.Number, date, manSections...)
		},
	}
}

// manSections are what the help of no command says.
var manSections = []manpage.Section{
	{Title: "SIGNALS", Paragraphs: [][2]string{
		{"SIGHUP", "Look for a newer configuration at once. One that is not valid changes nothing."},
		{"SIGTERM, SIGINT", "Stop. What is in flight is waited for, up to 10 seconds."},
	}},
	{Title: "ENVIRONMENT", Paragraphs: [][2]string{
		{"AWS_REGION", "Region that everything is sent to, where it cannot be found."},
		{"OTELCOL_CLOUDWATCH_...", "Settings of the configurations that come with the program. configuration.md, or config/README.md in the repository, lists them."},
	}},
	{Title: "FILES", Paragraphs: [][2]string{
		{"/etc/otelcol-cloudwatch/host.yaml", "The configuration that the service starts with."},
		{"/etc/otelcol-cloudwatch/config.d/*.yaml", "Layers over it, in the order of their names."},
		{"/etc/otelcol-cloudwatch/environment", "The environment of the service."},
		{"/usr/share/otelcol-cloudwatch", "Layers to copy to config.d."},
		{"/usr/share/doc/otelcol-cloudwatch", "Documentation."},
		{"/var/lib/otelcol-cloudwatch", "How far log files were delivered, metrics that wait, and the last configuration that was good."},
	}},
	{Title: "EXIT STATUS", Paragraphs: [][2]string{
		{"", "0 where nothing went wrong, 1 for every error. doctor has 2 where nothing was checked."},
	}},
}
