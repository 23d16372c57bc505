package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

func output(t *testing.T, args ...string) string {
	t.Helper()
	settings := otelcol.CollectorSettings{BuildInfo: component.BuildInfo{Command: "otelcol-cloudwatch", Description: "ships"}}
	command := newCommand(settings, version.Info{Number: "1.2.3", Date: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetArgs(args)
	requireSubcommands(command)
	require.NoError(t, command.Execute())
	return out.String()
}

func TestManualPageHasEveryCommand(t *testing.T) {
	page := output(t, "man")
	assert.Contains(t, page, `.TH "OTELCOL\-CLOUDWATCH" 1 2026-11-22 "otelcol\-cloudwatch 1.2.3"`)
	for _, command := range []string{"doctor", "init", "validate", "config push", "config explain", "checkpoints list", "completion bash"} {
		assert.Contains(t, page, "\n.SS \""+command, command)
	}
	assert.NotContains(t, page, ".SS \"man", "hidden commands are left out")
}

func TestCompletionIsThereForEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		assert.Contains(t, output(t, "completion", shell), "otelcol-cloudwatch", shell)
	}
}
