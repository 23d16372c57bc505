package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wine is a Windows of Wine's. distributions/windows/wine/test.sh makes one and says where.
type wine struct {
	t      *testing.T
	loader string
	prefix string
}

func newWine(t *testing.T) wine {
	w := wine{t, os.Getenv("OTELCOL_CLOUDWATCH_WINE"), os.Getenv("WINEPREFIX")}
	if w.loader == "" || w.prefix == "" {
		t.Skip("OTELCOL_CLOUDWATCH_WINE is not set: run make test-windows on a host with Wine")
	}
	return w
}

// run gives a command's output. Wine's exit statuses are the lower 8 bits of Windows'.
func (w wine) run(args ...string) (string, error) {
	out, err := exec.CommandContext(w.t.Context(), w.loader, args...).CombinedOutput()
	return strings.ReplaceAll(string(out), "\r", ""), err
}

func (w wine) must(args ...string) string {
	w.t.Helper()
	out, err := w.run(args...)
	require.NoError(w.t, err, "%v: %s", args, out)
	return out
}

// file is where a file of drive C is.
func (w wine) file(parts ...string) string {
	return filepath.Join(append([]string{w.prefix, "drive_c"}, parts...)...)
}

// standin builds a service that writes down what it was started with. Wine replaces a file without a version where its
// size differs, so the second one is longer.
func standin(t *testing.T, version string, longer int) string {
	exe := filepath.Join(t.TempDir(), "otelcol-cloudwatch.exe")
	build := exec.Command("go", "build", "-ldflags", "-X main.version="+version, "-o", exe, "./testdata/standin")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	writeNotices(t, exe)
	f, err := os.OpenFile(exe, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.Write(make([]byte, longer))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return exe
}

type ran struct {
	Version string
	Args    []string
}

func (w wine) ran(version string) ran {
	w.t.Helper()
	var r ran
	require.Eventually(w.t, func() bool {
		text, err := os.ReadFile(w.file("ProgramData", "otelcol-cloudwatch", "state", "ran.json"))
		return err == nil && json.Unmarshal(text, &r) == nil && r.Version == version
	}, time.Minute, 100*time.Millisecond, "the service of %s does not run: %+v", version, r)
	return r
}

func TestInstallUpgradeAndRemovalUnderWine(t *testing.T) {
	w := newWine(t)
	msi := func(version string, longer int) string {
		files, err := layout(root, standin(t, version, longer))
		require.NoError(t, err)
		return buildMSI(t, version, files, moment)
	}
	first, second := msi("1.2.3", 0), msi("1.3.0", 4096)
	t.Cleanup(func() {
		_, _ = os.Remove(w.file("commands.txt")), os.Remove(w.file("fail.txt"))
		for _, m := range []string{second, first} {
			_, _ = exec.Command(w.loader, "msiexec", "/x", m, "/qn", "PURGE=1").CombinedOutput()
		}
	})

	// Somebody was here first.
	planted := w.file("ProgramData", "otelcol-cloudwatch", "config.d", "planted.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(planted), 0o700))
	require.NoError(t, os.WriteFile(planted, nil, 0o600))
	_, err := w.run("msiexec", "/i", first, "/qn")
	assert.Error(t, err, "a folder that was there is refused")
	assert.NoFileExists(t, w.file("Program Files", "otelcol-cloudwatch", "otelcol-cloudwatch.exe"))
	commands := w.file("commands.txt")
	assert.NoFileExists(t, commands)
	w.must("msiexec", "/i", first, "/qn", "REGION=eu-central-1", "ACCEPT_EXISTING_DATA=1")
	assert.FileExists(t, planted)
	text, err := os.ReadFile(commands)
	require.NoError(t, err)
	assert.Equal(t, "setup\n", string(text))
	assert.Equal(t, []string{
		"--config", `C:\ProgramData\otelcol-cloudwatch\windows.yaml`,
		"--config", `dir:C:\ProgramData\otelcol-cloudwatch\config.d?optional=true`,
	}, w.ran("1.2.3").Args)
	assert.Contains(t, w.must("sc", "query", serviceName), "RUNNING")
	service := w.must("reg", "query", `HKLM\`+serviceKey)
	assert.Contains(t, service, "Environment    REG_MULTI_SZ    AWS_REGION=eu-central-1\n")
	assert.Contains(t, service, "Start    REG_DWORD    0x2\n")
	assert.Contains(t, service, "ObjectName    REG_SZ    NT SERVICE\\otelcol-cloudwatch\n")
	events := w.must("reg", "query", `HKLM\`+eventKey)
	assert.Contains(t, events, `EventMessageFile    REG_EXPAND_SZ    %SystemRoot%\System32\EventCreate.exe`)
	assert.Contains(t, events, "TypesSupported    REG_DWORD    0x7")

	// What an operator does to a host.
	yaml := w.file("ProgramData", "otelcol-cloudwatch", "windows.yaml")
	require.NoError(t, os.WriteFile(yaml, []byte("# mine\n"), 0o600))
	layer := w.file("ProgramData", "otelcol-cloudwatch", "config.d", "mine.yaml")
	require.NoError(t, os.WriteFile(layer, []byte("# mine, too\n"), 0o600))
	w.must("reg", "add", `HKLM\`+serviceKey, "/v", "Environment", "/t", "REG_MULTI_SZ", "/d", `AWS_REGION=eu-west-1\0OTELCOL_CLOUDWATCH_INTERVAL=10s`, "/f")

	w.must("reg", "add", `HKLM\`+serviceKey, "/v", "ObjectName", "/d", "LocalSystem", "/f")
	w.must("msiexec", "/i", second, "/qn")
	w.ran("1.3.0")
	assert.Contains(t, w.must("reg", "query", `HKLM\`+serviceKey), "ObjectName    REG_SZ    LocalSystem\n", "the account that was chosen stays")
	for name, want := range map[string]string{yaml: "# mine\n", layer: "# mine, too\n"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
	}
	assert.Contains(t, w.must("reg", "query", `HKLM\`+serviceKey), `AWS_REGION=eu-west-1\0OTELCOL_CLOUDWATCH_INTERVAL=10s`)
	installed := w.must("reg", "query", `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`, "/s")
	assert.Contains(t, installed, "DisplayVersion    REG_SZ    1.3.0")
	assert.NotContains(t, installed, "DisplayVersion    REG_SZ    1.2.3")

	w.must("msiexec", "/x", second, "/qn")
	_, err = w.run("sc", "query", serviceName)
	assert.Error(t, err, "the service is gone")
	assert.NoFileExists(t, w.file("Program Files", "otelcol-cloudwatch", "otelcol-cloudwatch.exe"))
	assert.FileExists(t, yaml)
	assert.FileExists(t, layer)
	text, err = os.ReadFile(commands)
	require.NoError(t, err)
	// Wine 8 does not tell the older release that it makes room for another.
	assert.Regexp(t, "^setup\nsetup\n(teardown\n)+$", string(text))

	// A batch file, so that the quotation marks are a person's. Wine 8 does not take doubled ones inside.
	batch := w.file("install.bat")
	line := `msiexec /i "Z:` + strings.ReplaceAll(second, "/", `\`) + `" /qn START=0 ARGUMENTS="--config ssm:/fleet/windows"` + "\r\n"
	require.NoError(t, os.WriteFile(batch, []byte(line), 0o600))
	w.must("cmd", "/c", `C:\install.bat`)
	assert.Contains(t, w.must("reg", "query", `HKLM\`+serviceKey), `--config ssm:/fleet/windows`)
	assert.Contains(t, w.must("reg", "query", `HKLM\`+ownKey), `Arguments    REG_SZ    --config ssm:/fleet/windows`)
	// Here and not above: Wine 8 forgets the upgrade code with the older release.
	_, err = w.run("msiexec", "/i", first, "/qn")
	assert.Error(t, err, "an older release is refused")
	w.must("msiexec", "/x", second, "/qn", "PURGE=1")
	assert.NoDirExists(t, w.file("ProgramData", "otelcol-cloudwatch"))
	_, err = w.run("reg", "query", `HKLM\`+keptKey)
	assert.Error(t, err, "what is made there afterwards is somebody else's")
	assert.NoDirExists(t, w.file("Program Files", "otelcol-cloudwatch"))

	require.NoError(t, os.WriteFile(w.file("fail.txt"), nil, 0o600))
	_, err = w.run("msiexec", "/i", second, "/qn")
	assert.Error(t, err, "the installation fails with its setup")
	after, err := os.ReadFile(commands)
	require.NoError(t, err)
	assert.Contains(t, strings.TrimPrefix(string(after), string(text)), "setup --fresh\n", "which has run, for a folder that was not there")
}
