package guide

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

func TestLayersAreForTheirOwnerAndNeverOverwritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	first := map[string][]byte{HostFile: []byte("a\n"), RouteFile: []byte("b\n"), CredentialsFile: []byte("c\n")}
	require.NoError(t, Write(folder, first, false))
	mine := filepath.Join(folder, "40-mine.yaml")
	require.NoError(t, os.WriteFile(mine, nil, 0o600))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(folder, HostFile))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
	second := map[string][]byte{HostFile: []byte("x\n"), RouteFile: []byte("y\n")}
	err := Write(folder, second, false)
	require.ErrorContains(t, err, "already has 10-host.yaml, 20-route.yaml, 30-credentials.yaml")
	require.ErrorContains(t, err, "--force")
	assert.Equal(t, "a\n", read(t, folder, HostFile))

	require.NoError(t, Write(folder, second, true))
	assert.Equal(t, "x\n", read(t, folder, HostFile))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{HostFile, RouteFile, "40-mine.yaml"}, names, "no old layer of ours, no temporary file, and what is not ours")
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return string(text)
}

// Two that write at once: one wins, and the other's file is not lost in silence.
func TestAFileThatCameInTheMeantimeStays(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, HostFile)
	require.NoError(t, os.WriteFile(path, []byte("theirs"), 0o600))
	require.ErrorIs(t, writeFile(path, []byte("ours"), false), os.ErrExist)
	assert.Equal(t, "theirs", read(t, folder, HostFile))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestAFolderThatCannotBeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.Error(t, Write(file, map[string][]byte{HostFile: nil}, true))
	assert.Error(t, Write(filepath.Join(file, "below"), map[string][]byte{HostFile: nil}, false))
}

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
