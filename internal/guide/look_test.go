package guide

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

func TestWhatToDoNext(t *testing.T) {
	a, _ := made(t, linux, given(string(HTTPProxy), string(Static)))
	next := a.Next("dir:/etc/otelcol-cloudwatch/config.d")
	assert.Contains(t, next, "AWS_SHARED_CREDENTIALS_FILE=/dev/null \\\n  otelcol-cloudwatch --config dir:/etc/otelcol-cloudwatch/config.d\n")
	assert.Contains(t, next, "PROXY_USERNAME and PROXY_PASSWORD and OTELCOL_CLOUDWATCH_ACCESS_KEY_ID")

	a, _ = made(t, linux, given(string(Internet), string(Container)))
	assert.Equal(t, "Start the collector with:\n\n  otelcol-cloudwatch --config \"dir:/a b\"\n", a.Next("dir:/a b"), "the task's own endpoint must not be hidden")

	next = a.Next("ssm:/fleet/")
	assert.Contains(t, next, "OTELCOL_CLOUDWATCH_ROUTES=/etc/otelcol-cloudwatch/routes.yaml")
	assert.Contains(t, next, "config pull ssm:/fleet/20-route -o /etc/otelcol-cloudwatch/routes.yaml")

	a, _ = made(t, Found{OS: "windows", Region: "eu-central-1"}, given(string(Internet), string(SSMAgent)))
	assert.Contains(t, a.Next("dir:C:/x"), "  $env:AWS_SHARED_CREDENTIALS_FILE = \"NUL\"\n  otelcol-cloudwatch.exe --config dir:C:/x\n")
}

func TestThisHostIsLookedAt(t *testing.T) {
	awslocal.OutsideAWS(t)
	t.Setenv("AWS_REGION", "eu-west-2")
	t.Setenv("HTTPS_PROXY", "http://user:hunter2@proxy:3128")
	match := func(pattern string) ([]string, error) {
		if filepath.ToSlash(pattern) == "/var/log/syslog*" {
			return []string{"/var/log/syslog"}, nil
		}
		return nil, nil
	}
	facts := hostfacts.New(t.TempDir())
	f := Look(context.Background(), facts, "linux", match)
	assert.Equal(t, Found{OS: "linux", Region: "eu-west-2", Proxy: "http://proxy:3128", LogFiles: map[bool][]string{true: {"/var/log/syslog*"}}[runtime.GOOS == "linux"]}, f)
	other := "windows"
	if runtime.GOOS == other {
		other = "linux"
	}
	f = Look(context.Background(), facts, other, func(string) ([]string, error) { panic("the files of another system are not here") })
	assert.Empty(t, f.LogFiles)
}

func TestTheUsualPatternsAreGood(t *testing.T) {
	for goos, all := range map[string][]string{"linux": usualLogs[""], "darwin": usualLogs["darwin"], "windows": usualLogs["windows"]} {
		var files []string
		for _, p := range all {
			require.NoError(t, patterns(&files, goos, p))
			_, err := filepath.Glob(p)
			assert.NoError(t, err)
		}
	}
}

func TestARecipeThatHasChangedIsNoticed(t *testing.T) {
	d := newDocument("x.yaml", "# head\na:\n  b: 1\n\n  # why\n  c: &x 2\n  d:\n    - name: n\n      e: 3\nf: *x\n")
	d.set("two", "a", "c")
	d.set(4, "a", "d", "e")
	d.cut("a", "b")
	d.add([]string{"p"}, "a", "g")
	text, err := d.text()
	require.NoError(t, err)
	assert.Equal(t, "# head\na:\n  # why\n  c: &x two\n  d:\n    - name: n\n      e: 4\n  g: [p]\nf: *x\n", string(text))
	d.set(1, "a", "absent")
	d.cut("a")
	_, err = d.text()
	require.ErrorContains(t, err, "the recipe x.yaml has no key a::absent")
}
