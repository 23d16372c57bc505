//go:build linux

package container

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "deploying", "container.md"))
	require.NoError(t, err)
	return string(text)
}

// documented is how the page runs the image, with other files than the host's: options of podman, and arguments of the program.
func documented(t *testing.T, logs string) (options, arguments []string) {
	t.Helper()
	_, after, ok := strings.Cut(page(t), "# podman run --detach --name otelcol-cloudwatch ")
	require.True(t, ok)
	block, _, _ := strings.Cut(after, "```")
	// A shell takes the words apart, as it does for whoever copies them.
	out, err := exec.Command("sh", "-c", `printf '%s\n' `+block).Output()
	require.NoError(t, err)
	words := strings.Split(strings.TrimSpace(otherLogs(logs).Replace(string(out))), "\n")
	at := slices.Index(words, image+":VERSION")
	require.Positive(t, at)
	return words[:at], words[at+1:]
}

// otherLogs makes /var/log a folder whose files are named app.log.
func otherLogs(folder string) *strings.Replacer {
	return strings.NewReplacer("/var/log:/var/log:ro", folder+":/var/log:ro", "/var/log/syslog*", "/var/log/app.log*")
}

// TestLogsThatNotEveryoneMayRead runs the image with what the page adds for them.
func TestLogsThatNotEveryoneMayRead(t *testing.T) {
	p := newPodman(t, "0.0.1")
	_, table, ok := strings.Cut(page(t), "| files of | options | engine |\n|---|---|---|\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	rows := append(strings.Split(table, "\n"), "| nothing added | | |")
	require.Len(t, rows, 4)
	for i, row := range rows {
		cells := strings.Split(row, "|")
		added := strings.Fields(strings.Trim(cells[2], " `"))
		t.Run(strings.Trim(cells[1]+cells[2], " "), func(t *testing.T) {
			p := &podman{t, p.storage}
			server := awslocal.Serve(t, awslocal.Options{})
			logs := readable(t)
			path := filepath.Join(logs, "app.log")
			require.NoError(t, os.WriteFile(path, []byte("line 0\n"), 0o600))
			if strings.Contains(cells[1], "group") {
				require.NoError(t, os.Chown(path, 4711, 4))
				require.NoError(t, os.Chmod(path, 0o640))
			} else {
				require.NoError(t, os.Chown(path, 4711, 4711))
			}
			options, arguments := documented(t, logs)
			volume := fmt.Sprintf("state%d", i)
			for at := range options {
				options[at] = strings.Replace(options[at], "otelcol-cloudwatch:/var/lib", volume+":/var/lib", 1)
			}
			options = slices.Concat(options, here(server, 2), added)
			c := p.run(volume, "0.0.1", options, arguments...)
			if len(added) == 0 {
				await(t, func() error {
					if out := c.log(); !strings.Contains(out, "/var/log/app.log: permission denied") {
						return fmt.Errorf("it has not said that it cannot read the file: %s", out)
					}
					return nil
				})
			} else {
				awaitLines(p, server, 1)
			}
			c.healthy()
			assert.Equal(t, "0", c.stop())
		})
	}
}

// composed is what compose.yaml may have, so that a key that is not tried here fails.
type composed struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Restart     string
		StopGrace   string   `yaml:"stop_grace_period"`
		NetworkMode string   `yaml:"network_mode"`
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Memory      string   `yaml:"mem_limit"`
		Environment map[string]string
		Volumes     []string
	}
	Volumes map[string]struct{ Name string }
}

// TestTheComposeFile runs what compose.yaml says, in podman's words.
func TestTheComposeFile(t *testing.T) {
	p := newPodman(t, "0.0.1")
	server := awslocal.Serve(t, awslocal.Options{})
	logs := readable(t)
	require.NoError(t, os.WriteFile(filepath.Join(logs, "app.log"), []byte("line 0\n"), 0o644)) //nolint:gosec // the container's user reads it
	text, err := os.ReadFile(filepath.Join(root, "distributions", "container", "compose.yaml"))
	require.NoError(t, err)
	decoder := yaml.NewDecoder(strings.NewReader(otherLogs(logs).Replace(string(text))))
	decoder.KnownFields(true)
	var file composed
	require.NoError(t, decoder.Decode(&file))
	require.Len(t, file.Services, 1)
	s := file.Services["otelcol-cloudwatch"]
	assert.True(t, strings.HasPrefix(s.Image, image+":${VERSION:?"), s.Image)
	assert.Equal(t, "30s", s.StopGrace)
	options := []string{"--restart", s.Restart, "--network", s.NetworkMode, "--memory", s.Memory, fmt.Sprintf("--read-only=%t", s.ReadOnly)}
	for _, c := range s.CapDrop {
		options = append(options, "--cap-drop", c)
	}
	for _, o := range s.SecurityOpt {
		options = append(options, "--security-opt", o)
	}
	for name, value := range s.Environment {
		if !strings.HasPrefix(value, "${") {
			options = append(options, "--env", name+"="+value)
		}
	}
	for _, v := range s.Volumes {
		if name, _, _ := strings.Cut(v, ":"); !strings.HasPrefix(name, "/") {
			assert.Contains(t, file.Volumes, name)
		}
		options = append(options, "--volume", v)
	}
	// It is the page's line.
	ofPage, arguments := documented(t, logs)
	assert.Equal(t, arguments, s.Command)
	for _, o := range options {
		if !strings.HasPrefix(o, "--") {
			assert.Contains(t, ofPage, o)
		}
	}
	c := p.run("composed", "0.0.1", slices.Concat(options, here(server, 3)), s.Command...)
	c.healthy()
	awaitLines(p, server, 1)
	assert.Equal(t, "0", c.stop())
}
