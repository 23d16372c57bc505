package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// texts loads layers from a map, and what yaml: has.
func texts(files map[string]string) loadLayers {
	return func(_ context.Context, uris []string) (*layers.Merged, error) {
		var all []layers.Layer
		for _, uri := range uris {
			text, inline := strings.CutPrefix(uri, "yaml:")
			if !inline {
				var ok bool
				if text, ok = files[uri]; !ok {
					return nil, errors.New("cannot read " + uri)
				}
			}
			all = append(all, layers.Layer{Name: uri, Text: []byte(text)})
		}
		return layers.MergePart(all)
	}
}

func runWith(cmd *cobra.Command, args ...string) (stdout, stderr string, status int) {
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	return out.String(), errs.String(), ExitStatus(err)
}

var layered = map[string]string{
	"base.yaml":  "exporters:\n  awsemf:\n    region: ${env:AWS_REGION}\n    password: hunter2\n    ratio: .nan\n",
	"site.yaml":  "exporters:\n  awsemf:\n    namespace: site\n",
	"again.yaml": "# the same\nexporters::awsemf::namespace: \"site\"\n",
	"wrong.yaml": "exporters: [awsemf]\n",
}

func TestExplainPrintsYAMLWithOrigins(t *testing.T) {
	t.Parallel()
	out, errs, status := runWith(newConfigExplainCommand(texts(layered), nil), "--config", "base.yaml", "--config", "site.yaml", "--set", "exporters.awsemf.detailed=true")
	assert.Zero(t, status, errs)
	assert.Equal(t, `exporters: # base.yaml:1
  awsemf: # base.yaml:2
    region: ${env:AWS_REGION} # base.yaml:3
    password: '[REDACTED]' # base.yaml:4
    ratio: .nan # base.yaml:5
    namespace: site # site.yaml:3
    detailed: true # yaml:exporters::awsemf::detailed: true:1
`, out)
}

func TestExplainWritesVersionedJSON(t *testing.T) {
	t.Parallel()
	out, errs, status := runWith(newConfigExplainCommand(texts(layered), nil), "--config", "base.yaml", "--config", "site.yaml", "--format", "json")
	require.Zero(t, status, errs)
	var got explained
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	assert.Equal(t, explained{
		Version: 1, Layers: []string{"base.yaml", "site.yaml"},
		Values: []explainedValue{
			{"exporters::awsemf::region", "${env:AWS_REGION}", "base.yaml", 3},
			{"exporters::awsemf::password", "[REDACTED]", "base.yaml", 4},
			{"exporters::awsemf::ratio", "NaN", "base.yaml", 5},
			{"exporters::awsemf::namespace", "site", "site.yaml", 3},
		},
	}, got)
}

func TestExplainSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "name a configuration with --config"},
		{[]string{"host.yaml"}, "a configuration is named by --config"},
		{[]string{"--config", "base.yaml", "--format", "xml"}, `--format "xml" is neither yaml nor json`},
		{[]string{"--config", "base.yaml", "--set", "a"}, "is not KEY=VALUE"},
		{[]string{"--config", "absent.yaml"}, "cannot read absent.yaml"},
		{[]string{"--config", "base.yaml", "--config", "wrong.yaml"}, "exporters: is a map in one layer and a list in a later one"},
	} {
		out, errs, status := runWith(newConfigExplainCommand(texts(layered), nil), c.args...)
		assert.Equal(t, 1, status, c.args)
		assert.Contains(t, errs, c.want)
		assert.Empty(t, out)
	}
}

func TestDiffsExitStatusIsThatOfDiff(t *testing.T) {
	t.Parallel()
	out, errs, status := runWith(newConfigDiffCommand(texts(layered)), "site.yaml", "again.yaml")
	assert.Zero(t, status)
	assert.Empty(t, out+errs)

	out, errs, status = runWith(newConfigDiffCommand(texts(layered)), "site.yaml", "base.yaml")
	assert.Equal(t, 1, status)
	assert.Empty(t, errs)
	assert.Equal(t, `exporters::awsemf::namespace
  - site  # site.yaml:3

exporters::awsemf::region
  + ${env:AWS_REGION}  # base.yaml:3

exporters::awsemf::password
  + '[REDACTED]'  # base.yaml:4

exporters::awsemf::ratio
  + .nan  # base.yaml:5
`, out)

	for _, args := range [][]string{nil, {"a"}, {"a", "b", "c"}, {"site.yaml", "absent.yaml"}, {"absent.yaml", "site.yaml"}, {"--nonsense", "a", "b"}} {
		out, errs, status := runWith(newConfigDiffCommand(texts(layered)), args...)
		assert.Equal(t, 2, status, args)
		assert.NotEmpty(t, errs)
		assert.Empty(t, out)
	}
}
