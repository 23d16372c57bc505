package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

func TestOtherHostsAreLookedAt(t *testing.T) {
	s := serve(t, awslocal.Options{})
	o := flags(t)
	o.Routes = fmt.Sprintf(`yaml:{region: %s, policy: private_only, routes: [{name: dx, vpc_endpoints: {all: %q}}], other_hosts: [{hosts: ["127.0.0.1:%s", "*.corp.example", absent.example], via: private}, {hosts: ["127.0.0.1:1"], via: direct}]}`,
		region, endpoint(s), endpoint(s)[len("127.0.0.1:"):])
	c := of(t, run(t.Context(), o, fixed), "configuration.other_hosts")
	assert.Equal(t, Warning, c.Status)
	assert.Equal(t, "3 hosts looked at, 2 cannot be reached as they are listed", c.Detail)
	assert.Contains(t, c.value(endpoint(s)), "via private, 127.0.0.1 (local), connected in")
	assert.Contains(t, c.value("*.corp.example"), "stands for many")
	assert.Contains(t, c.value("absent.example"), "DNS: ")
	assert.Contains(t, c.value("127.0.0.1:1"), "TCP: ")
	assert.Contains(t, c.Remedy, "something listens there")
}

func TestTheKernelsProtectionAgainstLinksIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hard, soft string // empty: it is not there
		want       Status
		remedy     string
	}{
		"both are on": {"1\n", "1\n", OK, ""},
		"one is off":  {"0\n", "1\n", Warning, "sysctl -w fs.protected_hardlinks=1,"},
		"both are":    {"0\n", "0\n", Warning, "sysctl -w fs.protected_hardlinks=1 fs.protected_symlinks=1,"},
		"not known":   {"", "", NotChecked, ""},
	} {
		root := t.TempDir()
		kernel(t, root, tt.hard, tt.soft)
		for _, c := range linkChecks(root) { // none where there is no such setting
			assert.Equal(t, tt.want, c.Status, name)
			assert.Contains(t, c.Remedy, tt.remedy, name)
		}
	}
}

// kernel puts Linux's settings below a root.
func kernel(t *testing.T, root, hard, soft string) {
	t.Helper()
	folder := filepath.Join(root, "proc", "sys", "fs")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for name, value := range map[string]string{"protected_hardlinks": hard, "protected_symlinks": soft} {
		if value != "" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(value), 0o600))
		}
	}
}

func TestFetchedLayersAreNotWellWhereTheyAreRefused(t *testing.T) {
	t.Parallel()
	refused := &trust.Error{Refusals: []trust.Refusal{{Path: []string{"receivers", "x"}, Capability: trust.Read, Why: "reads", Origin: layers.Origin{}}}, More: 2}
	for name, tt := range map[string]struct {
		err    error
		said   *reload.Refusal
		want   Status
		detail string
	}{
		"nothing is refused":     {nil, nil, OK, ""},
		"they are":               {fmt.Errorf("cannot resolve: %w", refused), nil, Problem, "3 keys of them may not be set"},
		"nothing can be said":    {errors.New("no such parameter"), nil, NotChecked, "cannot be read"},
		"a collector said so":    {nil, &reload.Refusal{Reason: refused.Error()}, Warning, "a collector has refused"},
		"it said something else": {nil, &reload.Refusal{Reason: "no such key"}, OK, ""},
	} {
		o := Options{
			Trust:   func() ([]string, trust.Policy) { return []string{"ssm:/fleet"}, trust.Policy{} },
			Running: func() (reload.Status, bool, error) { return reload.Status{Refused: tt.said}, true, nil },
		}
		c := trustChecks(o, tt.err)[0]
		assert.Equal(t, tt.want, c.Status, name)
		assert.Contains(t, c.Detail, tt.detail, name)
		assert.Equal(t, tt.want == Problem || tt.want == Warning, c.Remedy != "", name)
	}
}

func TestExportersThatWantDifferentThingsOfAGroupAreNamed(t *testing.T) {
	bare(t)
	const text = `
receivers: {nop: }
exporters:
  cloudwatch_logs: {region: us-east-1, log_group_name: /g, log_stream_name: a, log_retention: 7}
  cloudwatch_logs/b: {region: us-east-1, log_group_name: /g, log_stream_name: b, log_retention: 30}
  cloudwatch_logs/c: {region: us-east-1, log_group_name: /g, log_stream_name: b, log_retention: 30, create: false}
service: {pipelines: {logs: {receivers: [nop], exporters: [cloudwatch_logs, cloudwatch_logs/b, cloudwatch_logs/c]}}}
`
	o := configured(t, text)
	c := of(t, run(t.Context(), o, fixed), "configuration.groups")
	assert.Equal(t, Warning, c.Status)
	assert.Contains(t, c.value("conflict"), "exporters::cloudwatch_logs::log_retention is 7 days")
	config, err := o.Resolve(t.Context())
	require.NoError(t, err)
	assert.Len(t, Remarks(t.Context(), config), 1)
}

func TestPatternsThatMatchNothingHereAreRemarks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "app.log"), []byte("x\n"), 0o600))
	include := []any{filepath.Join(folder, "ap.log"), filepath.Join(folder, "*.log"), folder, "~/x.log", filepath.Join(folder, "somethingelse"), "nosuchfolder/x"}
	remarks := Remarks(context.Background(), map[string]any{
		"receivers": map[string]any{"file_tail": map[string]any{"include": include, "exclude": []any{"$HOME/y.log"}}, "file_tail/unused": map[string]any{"include": []any{"~/z"}}},
		"service":   map[string]any{"pipelines": map[string]any{"logs": map[string]any{"receivers": []any{"file_tail"}}}},
	})
	require.Len(t, remarks, 5, "%q", remarks)
	for i, want := range []string{`include[0]: "` + include[0].(string) + `" matches no file here`, "include[2]", "include[3]", "include[5]", `exclude[0]: "$HOME/y.log" excludes nothing`} {
		assert.Contains(t, remarks[i], "receivers::file_tail::"+want)
	}
	assert.Contains(t, remarks[0], `the nearest is "app.log"`)
}
