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

func TestVersionNamesCommitAndDate(t *testing.T) {
	v := version.Info{Number: "1.2.3", Commit: "0123456789abcdef", Date: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	settings := withVersion(otelcol.CollectorSettings{BuildInfo: component.BuildInfo{Command: "otelcol-cloudwatch"}}, v)
	assert.Equal(t, "1.2.3+0123456789ab.20261122", settings.BuildInfo.Version)

	command := newCommand(settings, v)
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetArgs([]string{"--version"})
	require.NoError(t, command.Execute())
	assert.Equal(t, "otelcol-cloudwatch 1.2.3 (commit 0123456789ab, built 2026-11-22T00:00:00Z)\n", out.String())
}

func TestCollectorsOwnCommandsAreThere(t *testing.T) {
	command := newCommand(otelcol.CollectorSettings{}, version.Info{})
	for _, name := range []string{"validate", "components", "print-config", "featuregate"} {
		found, _, err := command.Find([]string{name})
		require.NoError(t, err)
		assert.Equal(t, name, found.Name())
	}
}
