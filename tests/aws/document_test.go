package aws

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/programs"
)

var update = flag.Bool("update", false, "write what is made of scripts anew")

const refresh = "go test ./tests/aws -args -update"

// document is an SSM document of schema 2.2 (Systems Manager User Guide, "Command document plugin reference"), as far as
// ours goes: decoding refuses every other key.
type document struct {
	SchemaVersion string               `json:"schemaVersion"`
	Description   string               `json:"description"`
	Parameters    map[string]parameter `json:"parameters"`
	MainSteps     []step               `json:"mainSteps"`
}

type parameter struct {
	Type           string   `json:"type"`
	Description    string   `json:"description"`
	Default        string   `json:"default"`
	AllowedValues  []string `json:"allowedValues,omitempty"`
	AllowedPattern string   `json:"allowedPattern,omitempty"`
}

type step struct {
	Action       string              `json:"action"`
	Name         string              `json:"name"`
	Precondition map[string][]string `json:"precondition"`
	Inputs       inputs              `json:"inputs"`
}

type inputs struct {
	TimeoutSeconds string   `json:"timeoutSeconds"`
	RunCommand     []string `json:"runCommand"`
}

// made is the document of the scripts.
func made(t *testing.T) document {
	t.Helper()
	lines := func(name string) []string {
		text, err := os.ReadFile(distribution + "ssm/" + name)
		require.NoError(t, err)
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return document{
		SchemaVersion: "2.2",
		Description:   "Configures, starts, stops and reloads otelcol-cloudwatch",
		Parameters: map[string]parameter{
			"action": {"String", "What to do.", "Status", []string{"Configure", "Start", "Stop", "Restart", "Reload", "Status"}, ""},
			"configuration": {"String", "With Configure: configuration in Parameter Store that lies over the host's own, such as ssm:/otelcol-cloudwatch/fleet/; empty for none.", "",
				nil, `^(ssm:[A-Za-z0-9_.:/?=&-]+)?$`},
			"region":    {"String", "With Configure: region that is sent to; empty to leave it.", "", nil, `^[a-z0-9-]*$`},
			"layer":     {"String", "With Configure: a layer of configuration, in base64; empty for none.", "", nil, `^[A-Za-z0-9+/=]*$`},
			"layerName": {"String", "With Configure: the layer's file in config.d, without .yaml.", "50-fleet", nil, `^[a-z0-9][a-z0-9-]{0,62}$`},
		},
		MainSteps: []step{
			{"aws:runShellScript", "linux", map[string][]string{"StringEquals": {"platformType", "Linux"}}, inputs{"120", lines("manage.sh")}},
			{"aws:runPowerShellScript", "windows", map[string][]string{"StringEquals": {"platformType", "Windows"}}, inputs{"300", lines("manage.ps1")}},
		},
	}
}

func readDocument(t *testing.T) document {
	t.Helper()
	text, err := os.ReadFile(distribution + "ssm/document.json")
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var d document
	require.NoError(t, decoder.Decode(&d))
	return d
}

func TestDocumentIsWhatItsScriptsAre(t *testing.T) {
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(made(t)))
	if *update {
		require.NoError(t, os.WriteFile(distribution+"ssm/document.json", want.Bytes(), 0o644))
	}
	got, err := os.ReadFile(distribution + "ssm/document.json")
	require.NoError(t, err)
	assert.Equal(t, want.String(), string(got), "document.json is stale: run %s", refresh)
	assert.LessOrEqual(t, len(got), 64<<10, "what Systems Manager takes")
}

func TestDocumentIsOfItsSchema(t *testing.T) {
	t.Parallel()
	d := readDocument(t)
	assert.Equal(t, "2.2", d.SchemaVersion)
	placeholder := regexp.MustCompile(`\{\{ *([A-Za-z]+) *\}\}`)
	used := map[string]bool{}
	for _, s := range d.MainSteps {
		assert.Contains(t, []string{"aws:runShellScript", "aws:runPowerShellScript"}, s.Action)
		assert.Regexp(t, `^[a-zA-Z0-9_]{1,64}$`, s.Name)
		assert.Regexp(t, `^\d+$`, s.Inputs.TimeoutSeconds)
		for _, line := range s.Inputs.RunCommand {
			for _, m := range placeholder.FindAllStringSubmatch(line, -1) {
				assert.Contains(t, d.Parameters, m[1], line)
				used[m[1]] = true
				assert.Contains(t, line, "'"+m[0]+"'", "parameters stand in single quotes only")
			}
		}
	}
	for name, p := range d.Parameters {
		assert.True(t, used[name], "%s is not used", name)
		assert.Equal(t, "String", p.Type)
		if p.AllowedValues != nil {
			assert.Contains(t, p.AllowedValues, p.Default)
			continue
		}
		pattern := regexp.MustCompile(p.AllowedPattern)
		assert.True(t, pattern.MatchString(p.Default), name)
		for _, bad := range []string{"'", "a'b", "$(id)", "`id`", "a\nb", "a;b", `a"b`, "a b"} {
			assert.False(t, pattern.MatchString(bad), "%s lets %q into a script", name, bad)
		}
	}
}

// machine is a root folder and programs that note how they were called.
type machine struct {
	t    *testing.T
	root string
	env  []string
}

// newMachine has tools by their names: the text of each is a shell script, after it has noted its arguments.
func newMachine(t *testing.T, tools map[string]string) *machine {
	t.Helper()
	m := &machine{t: t, root: t.TempDir()}
	bin := filepath.Join(m.root, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	for name, text := range tools {
		script := "#!/bin/sh\necho \"" + name + " $*\" >>\"$ROOT/calls\"\n" + text + "\n"
		require.NoError(t, programs.Write(filepath.Join(bin, name), script))
	}
	m.env = []string{"PATH=" + bin + ":/usr/bin:/bin", "ROOT=" + m.root, "OTELCOL_CLOUDWATCH_ROOT=" + m.root, "HOME=" + m.root}
	return m
}

func (m *machine) file(name, text string, mode os.FileMode) {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	require.NoError(m.t, os.MkdirAll(filepath.Dir(path), 0o755))
	if mode&0o100 != 0 {
		require.NoError(m.t, programs.Write(path, text))
		require.NoError(m.t, os.Chmod(path, mode))
		return
	}
	require.NoError(m.t, os.WriteFile(path, []byte(text), mode))
}

func (m *machine) read(name string) string {
	text, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil {
		return ""
	}
	return string(text)
}

func (m *machine) mode(name string) string {
	info, err := os.Stat(filepath.Join(m.root, name))
	if err != nil {
		return err.Error()
	}
	return info.Mode().String()
}

// calls are what programs were called with since the last time.
func (m *machine) calls() string {
	text := m.read("calls")
	_ = os.Remove(filepath.Join(m.root, "calls"))
	return text
}

func (m *machine) run(script string, args ...string) (string, error) {
	command := exec.Command("/bin/sh", append([]string{script}, args...)...)
	command.Env = m.env
	out, err := command.CombinedOutput()
	return string(out), err
}

// aSystemd is systemctl as far as scripts ask it: what was started is active.
const aSystemd = `case $1 in
start|restart) touch "$ROOT/active" ;;
stop) rm -f "$ROOT/active" ;;
enable) case " $* " in *" --now "*) touch "$ROOT/active" ;; esac ;;
disable) rm -f "$ROOT/active" ;;
is-active) [ -e "$ROOT/active" ] || exit 3; case " $* " in *" --quiet "*) ;; *) echo active ;; esac ;;
esac`

func TestManageConfiguresOnceAndOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	m := newMachine(t, map[string]string{"systemctl": aSystemd})
	manage := func(parameters map[string]string) (string, error) {
		text, err := os.ReadFile(distribution + "ssm/manage.sh")
		require.NoError(t, err)
		script := string(text)
		for name, p := range readDocument(t).Parameters {
			value, ok := parameters[name]
			if !ok {
				value = p.Default
			}
			script = strings.ReplaceAll(script, "{{ "+name+" }}", value)
		}
		m.file("manage.sh", script, 0o700)
		return m.run(filepath.Join(m.root, "manage.sh"))
	}
	out, err := manage(map[string]string{"action": "Configure"})
	require.Error(t, err)
	assert.Contains(t, out, "it is not installed")

	m.file("usr/bin/otelcol-cloudwatch", "#!/bin/sh\necho otelcol-cloudwatch 1.2.3\n", 0o755)
	m.file("etc/otelcol-cloudwatch/environment", "# comment\nAWS_REGION=us-east-1\nOTHER=kept\n", 0o600)
	wanted := map[string]string{"action": "Configure", "configuration": "ssm:/otelcol-cloudwatch/fleet/", "region": "eu-central-1", "layer": "YTogYgo="}
	out, err = manage(wanted)
	require.NoError(t, err, out)
	assert.Equal(t, "# comment\nOTHER=kept\nAWS_REGION=eu-central-1\nOTELCOL_CLOUDWATCH_OPTIONS=--config ssm:/otelcol-cloudwatch/fleet/\n", m.read("etc/otelcol-cloudwatch/environment"))
	assert.Equal(t, "-rw-------", m.mode("etc/otelcol-cloudwatch/environment"))
	assert.Equal(t, "a: b\n", m.read("etc/otelcol-cloudwatch/config.d/50-fleet.yaml"))
	assert.Equal(t, "-rw-r--r--", m.mode("etc/otelcol-cloudwatch/config.d/50-fleet.yaml"), "the service's user reads it")
	assert.Contains(t, m.calls(), "systemctl restart otelcol-cloudwatch")

	out, err = manage(wanted)
	require.NoError(t, err, out)
	assert.NotContains(t, m.calls(), "restart", "nothing has changed")

	wanted["layer"] = ""
	out, err = manage(wanted)
	require.NoError(t, err, out)
	assert.NotContains(t, m.calls(), "restart", "the folder is watched")
	assert.NoFileExists(t, filepath.Join(m.root, "etc/otelcol-cloudwatch/config.d/50-fleet.yaml"))

	wanted["layer"] = "%%%"
	out, err = manage(wanted)
	require.Error(t, err)
	assert.Contains(t, out, "not base64")

	for action, call := range map[string]string{
		"Start": "enable --now --quiet otelcol-cloudwatch", "Restart": "restart otelcol-cloudwatch",
		"Reload": "reload otelcol-cloudwatch", "Status": "is-active otelcol-cloudwatch",
	} {
		out, err = manage(map[string]string{"action": action})
		require.NoError(t, err, out)
		assert.Contains(t, m.calls(), "systemctl "+call)
		assert.Contains(t, out, "otelcol-cloudwatch 1.2.3")
	}
	out, err = manage(map[string]string{"action": "Stop"})
	require.NoError(t, err, out)
	out, err = manage(map[string]string{"action": "Status"})
	require.Error(t, err)
	assert.Contains(t, out, "it does not run")
}
