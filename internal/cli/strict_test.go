package cli

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// A script that redirects the output must not go on with help in its file.
func TestAMistypedSubcommandFailsAndPrintsNothingToStandardOutput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"config"}, "otelcol-cloudwatch config needs a subcommand: use one of: "},
		{[]string{"config", "expain", "x"}, `otelcol-cloudwatch config has no subcommand "expain": did you mean "explain"?`},
		{[]string{"config", "nope"}, `no subcommand "nope": use one of: `},
		{[]string{"checkpoints", "ls"}, `no subcommand "ls"`},
		{[]string{"migrate", "cloudwatch"}, "cwagent"},
		{[]string{"completion"}, "needs a subcommand: use one of: bash"},
		{[]string{"completion", "csh"}, `no subcommand "csh"`},
		{[]string{"help", "nope"}, `there is no command "nope"`},
		{[]string{"help", "config", "nope"}, `there is no command "config nope"`},
		{[]string{"valdate"}, `unknown command "valdate"`},
	} {
		command := newCommand(otelcol.CollectorSettings{BuildInfo: component.BuildInfo{Command: "otelcol-cloudwatch"}}, version.Info{})
		var out, errs bytes.Buffer
		command.SetOut(&out)
		command.SetErr(&errs)
		command.SetArgs(c.args)
		requireSubcommands(command)
		assert.ErrorContains(t, command.Execute(), c.want, c.args)
		assert.Empty(t, out.String(), c.args)
	}
}

func TestHelpThatIsAskedForIsPrinted(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"help", "config", "push"}, {"config", "--help"}} {
		assert.NotEmpty(t, output(t, args...), args)
	}
	require.Contains(t, output(t, "help", "config", "push"), "Stores configurations")
}
