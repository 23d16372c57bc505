package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigurationsAreTakenOutOfACommandLine(t *testing.T) {
	for line, want := range map[string]commandLine{
		"":                                      {},
		"--config a.yaml":                       {configs: []string{"a.yaml"}},
		"--config=a.yaml --config file:b.yaml":  {configs: []string{"a.yaml", "file:b.yaml"}},
		"-config a.yaml --set x.y=1":            {configs: []string{"a.yaml"}, sets: []string{"x.y=1"}},
		"--feature-gates -x validate":           {command: "validate", rest: []string{"--feature-gates", "-x", "validate"}},
		"validate --config a.yaml --set=x=1":    {command: "validate", configs: []string{"a.yaml"}, sets: []string{"x=1"}, rest: []string{"validate"}},
		"print-config --config a --format json": {command: "print-config", configs: []string{"a"}, rest: []string{"print-config", "--format", "json"}},
		"doctor --service logs --config a.yaml": {command: "doctor", configs: []string{"a.yaml"}, rest: []string{"doctor", "--service", "logs"}},
		"config push a.yaml ssm:/a":             {command: "config", rest: []string{"config", "push", "a.yaml", "ssm:/a"}},
		"--version":                             {command: "--version", rest: []string{"--version"}},
		"--config":                              {rest: []string{"--config"}},
	} {
		assert.Equal(t, want, parseArgs(strings.Fields(line)), line)
	}
}

func TestSettingsAreLayersAboveAll(t *testing.T) {
	uris, err := configURIs([]string{"a.yaml"}, []string{"exporters.awsemf.region=eu-central-1", " a = b=c "})
	require.NoError(t, err)
	assert.Equal(t, []string{"a.yaml", "yaml:exporters::awsemf::region: eu-central-1", "yaml:a: b=c"}, uris)
	_, err = configURIs(nil, []string{"a.b"})
	require.ErrorContains(t, err, `--set "a.b" is not KEY=VALUE`)
}
