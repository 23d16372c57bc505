//go:build linux

package packages

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/metrics"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

const (
	service = "otelcol-cloudwatch.service"
	user    = "otelcol-cloudwatch"
	state   = "/var/lib/otelcol-cloudwatch"
	etc     = "/etc/otelcol-cloudwatch"
	group   = "/otelcol-cloudwatch/host" // of host.yaml
	logFile = "/var/log/app/app.log"
)

// manager is a package manager's way to do things.
type manager struct {
	name                     string
	install, upgrade, remove []string
	purges                   bool
	// pattern of a package's file, behind the version's folder.
	pattern string
	// kept is what the name of a changed configuration file gets when the package is removed.
	kept string
}

var managers = []manager{
	{
		name: "deb", pattern: "*.deb", purges: true,
		install: []string{"dpkg", "--install"}, upgrade: []string{"dpkg", "--install"}, remove: []string{"dpkg", "--remove", user},
	},
	{
		// Debian's rpm has no packages that it knows as installed: what they depend on is left out.
		name: "rpm", pattern: "*.rpm", kept: ".rpmsave",
		install: []string{"rpm", "--install", "--nodeps"}, upgrade: []string{"rpm", "--upgrade", "--nodeps"}, remove: []string{"rpm", "--erase", user},
	},
}

func TestPackage(t *testing.T) {
	for _, pm := range managers {
		t.Run(pm.name, func(t *testing.T) {
			h := newHost(t, pm)
			// Each step goes on where the one before it ended.
			for _, step := range []struct {
				name string
				do   func()
			}{
				{"installing starts nothing", h.installs},
				{"the service delivers as a user with one capability", h.delivers},
				{"file systems are those of the host", h.fileSystems},
				{"a change in config.d is live without a restart", h.reloads},
				{"a change in config.d that is wrong changes nothing", h.refuses},
				{"an upgrade loses and repeats no line", h.upgrades},
				{"a process that is killed is started again, and no line is lost", h.restarts},
				{"idle memory", h.idles},
				{"removal leaves nothing running, and keeps configuration and state", h.removes},
				{"installing again goes on where it was", h.returns},
				{"purging leaves nothing", h.purges},
			} {
				ok := t.Run(step.name, func(t *testing.T) {
					h.t, h.machine.t = t, t
					step.do()
				})
				h.t, h.machine.t = t, t
				if !ok {
					t.FailNow()
				}
			}
		})
	}
}

// host is a machine with the package and an application that writes a log.
type host struct {
	t       *testing.T
	machine *machine
	server  *awslocal.Server
	pm      manager
	health  string
	next    int // line
}

func newHost(t *testing.T, pm manager) *host {
	h := &host{t: t, machine: newMachine(t), server: awslocal.Serve(t, awslocal.Options{}), pm: pm, health: ports.FreeAddress(t)}
	require.NoError(t, os.Mkdir(h.machine.path(filepath.Dir(logFile)), 0o700))
	return h
}

// file is the package of a version.
func (h *host) file(version string) string {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(packagesFolder(h.t), version, h.pm.pattern))
	require.NoError(h.t, err)
	require.Len(h.t, found, 1)
	return h.machine.copyIn(found[0])
}

func (h *host) manage(command []string, files ...string) {
	h.t.Helper()
	h.machine.run(append(append([]string(nil), command...), files...)...)
}

// append writes lines as an application would whose log only root may read.
func (h *host) append(n int) {
	h.t.Helper()
	file, err := os.OpenFile(h.machine.path(logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(h.t, err)
	w := bufio.NewWriter(file)
	for range n {
		_, err := fmt.Fprintf(w, "line %d\n", h.next)
		require.NoError(h.t, err)
		h.next++
	}
	require.NoError(h.t, w.Flush())
	require.NoError(h.t, file.Close())
}

// lines are the numbers of the lines that arrived, in CloudWatch's order.
func (h *host) lines() []int {
	h.t.Helper()
	client := cloudwatchlogs.NewFromConfig(h.server.AWSConfig(context.Background()))
	pages := cloudwatchlogs.NewGetLogEventsPaginator(client, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String("clean-machine" + logFile), StartFromHead: aws.Bool(true),
	}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	var numbers []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		require.NoError(h.t, err)
		for _, e := range page.Events {
			n, err := strconv.Atoi(strings.TrimPrefix(*e.Message, "line "))
			require.NoError(h.t, err, *e.Message)
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// counted is how many lines the server took in: cheaper than reading them.
func (h *host) counted() int {
	n := 0
	for _, g := range h.server.Logs.Status(0).Groups {
		if g.Name == group {
			for _, s := range g.Streams {
				n += int(s.Events)
			}
		}
	}
	return n
}

// awaitOnce waits for all lines and demands each once and in order.
func (h *host) awaitOnce() {
	h.t.Helper()
	await(h.t, "all lines", func() bool { return h.counted() >= h.next })
	lines := h.lines()
	require.Len(h.t, lines, h.next)
	for i, n := range lines {
		require.Equal(h.t, i, n, "the lines are in order")
	}
}

func (h *host) awaitHealthy() {
	h.t.Helper()
	await(h.t, "the service to be healthy", func() bool {
		answer, err := http.Get("http://" + h.health + "/")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (h *host) installs() {
	m := h.machine
	h.manage(h.pm.install, h.file("1.0.0"))
	assert.Regexp(h.t, `^otelcol-cloudwatch:x:\d+:\d+:[^:]*:/var/lib/otelcol-cloudwatch:/usr/sbin/nologin\n$`, m.run("getent", "passwd", user))
	assert.Equal(h.t, "inactive", m.property("ActiveState"))
	assert.Equal(h.t, "disabled", m.property("UnitFileState"))
	assert.Equal(h.t, "600 root", strings.TrimSpace(m.run("stat", "--format=%a %U", etc+"/environment")))
	assert.Contains(h.t, m.run("otelcol-cloudwatch", "--version"), "otelcol-cloudwatch 1.0.0 ")
	assert.Contains(h.t, m.run("sh", "-c", "gunzip < /usr/share/man/man1/otelcol-cloudwatch.1.gz"), ".TH")
	m.run("bash", "-n", "/usr/share/bash-completion/completions/otelcol-cloudwatch")
}

func (h *host) delivers() {
	m := h.machine
	_, telemetry, err := net.SplitHostPort(ports.FreeAddress(h.t))
	require.NoError(h.t, err)
	settings := map[string]string{
		"OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT": h.health,
		"OTELCOL_CLOUDWATCH_TELEMETRY_PORT":  telemetry,
		"OTELCOL_CLOUDWATCH_INTERVAL":        "1s",
		"OTELCOL_CLOUDWATCH_LOG_FILES":       `'["` + logFile + `*"]'`,
	}
	for _, v := range h.server.Env() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			settings[name] = value
		}
	}
	var text strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&text, "%s=%s\n", name, value)
	}
	m.write(etc+"/environment", text.String())
	h.append(1000)
	m.run("systemctl", "enable", "--now", service)
	h.awaitHealthy()
	h.awaitOnce()
	await(h.t, "metrics", func() bool { return len(h.server.Metrics.Status().Series) > 0 })

	pid := m.mainProcess()
	require.NotZero(h.t, pid)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(h.t, err)
	id := strings.TrimSpace(m.run("id", "-u", user))
	assert.Equal(h.t, strings.Repeat(id+"\t", 3)+id, statusField(status, "Uid"))
	for name, want := range map[string]string{
		"CapEff": "0000000000000004", "CapPrm": "0000000000000004", "CapAmb": "0000000000000004", "CapBnd": "0000000000000004", // CAP_DAC_READ_SEARCH
		"NoNewPrivs": "1", "Seccomp": "2",
	} {
		assert.Equal(h.t, want, statusField(status, name), name)
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mounts", pid))
	require.NoError(h.t, err)
	assert.Contains(h.t, string(mounts), " /etc/shadow ", "it is hidden by a mount")
	assert.Equal(h.t, "700 "+user, strings.TrimSpace(m.run("stat", "--format=%a %U", state)))
}

// The sandbox's own mounts are no file systems, and the read-only view is not the host's.
func (h *host) fileSystems() {
	h.t.Cleanup(func() {
		if h.t.Failed() {
			h.t.Logf("series: %v", h.server.Metrics.Status().Series)
			h.t.Logf("mounts: %s", h.machine.output("sh", "-c", "cat /proc/"+h.machine.property("MainPID")+"/mountinfo"))
		}
	})
	await(h.t, "metrics of file systems", func() bool {
		return slices.ContainsFunc(h.server.Metrics.Status().Series, func(s metrics.SeriesStatus) bool { return s.Name == "system.filesystem.utilization" })
	})
	mountpoints := map[string]bool{}
	for _, series := range h.server.Metrics.Status().Series {
		if !strings.HasPrefix(series.Name, "system.filesystem.") {
			continue
		}
		text := fmt.Sprint(series)
		assert.NotContains(h.t, text, "mode", "the service's view of the mode is not the host's")
		for _, d := range series.Dimensions {
			if d.Name == "mountpoint" {
				mountpoints[d.Value] = true
			}
		}
	}
	assert.Equal(h.t, map[string]bool{"/": true}, mountpoints)
}

func (h *host) reloads() {
	pid := h.machine.mainProcess()
	h.machine.write(etc+"/config.d/50-namespace.yaml", "exporters: {cloudwatch_emf: {namespace: FromConfigD}}\n")
	h.machine.run("systemctl", "reload", service)
	await(h.t, "metrics in the namespace of the layer", func() bool {
		for _, series := range h.server.Metrics.Status().Series {
			if series.Namespace == "FromConfigD" {
				return true
			}
		}
		return false
	})
	assert.Equal(h.t, pid, h.machine.mainProcess(), "the same process")
	h.append(10)
	h.awaitOnce()
}

func (h *host) refuses() {
	pid := h.machine.mainProcess()
	h.machine.write(etc+"/config.d/60-wrong.yaml", "exporters: {cloudwatch_logs: {no_such_key: 1}}\n")
	h.machine.run("systemctl", "reload", service)
	await(h.t, "the mistake in the journal", func() bool {
		return strings.Contains(h.machine.output("journalctl", "--no-pager", "-u", service), "no_such_key")
	})
	h.append(10)
	h.awaitOnce()
	assert.Equal(h.t, pid, h.machine.mainProcess())
	require.NoError(h.t, os.Remove(h.machine.path(etc+"/config.d/60-wrong.yaml")))
}

func (h *host) upgrades() {
	before := h.machine.mainProcess()
	file := h.file("1.1.0")
	done := make(chan error, 1)
	upgrade := h.machine.command(append(append([]string(nil), h.pm.upgrade...), file)...)
	go func() {
		out, err := upgrade.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		done <- err
	}()
	for upgrading := true; upgrading; {
		h.append(20)
		select {
		case err := <-done:
			require.NoError(h.t, err)
			upgrading = false
		case <-time.After(glance):
		}
	}
	h.awaitHealthy()
	h.append(100)
	h.awaitOnce()
	h.t.Logf("%d lines were written so far", h.next)
	after := h.machine.mainProcess()
	assert.NotEqual(h.t, before, after)
	assert.Contains(h.t, h.machine.run("/proc/"+h.machine.property("MainPID")+"/exe", "--version"), "otelcol-cloudwatch 1.1.0 ")
	text, err := os.ReadFile(h.machine.path(etc + "/environment"))
	require.NoError(h.t, err)
	assert.Contains(h.t, string(text), h.health, "the configuration stayed")
	assert.FileExists(h.t, h.machine.path(etc+"/config.d/50-namespace.yaml"))
	assert.Equal(h.t, "enabled", h.machine.property("UnitFileState"))
}

func (h *host) restarts() {
	before := h.machine.mainProcess()
	h.append(1000)
	require.NoError(h.t, syscall.Kill(before, syscall.SIGKILL))
	h.append(1000)
	await(h.t, "another process", func() bool { p := h.machine.mainProcess(); return p != 0 && p != before })
	h.awaitHealthy()
	await(h.t, "the last line", func() bool {
		lines := h.lines()
		return lines[len(lines)-1] == h.next-1
	})
	seen := map[int]bool{}
	lines := h.lines()
	for _, n := range lines {
		seen[n] = true
	}
	assert.Len(h.t, seen, h.next, "no line was lost")
	h.t.Logf("%d of %d lines came again", len(lines)-len(seen), h.next)
	// From here on the lines are counted anew.
	require.NoError(h.t, os.Remove(h.machine.path(logFile)))
}

// idles only measures.
func (h *host) idles() {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.machine.mainProcess()))
	require.NoError(h.t, err)
	h.t.Logf("a few seconds after a start: its own %s, of files %s", statusField(status, "RssAnon"), statusField(status, "RssFile"))
	h.t.Logf("installed: %s", strings.Fields(h.machine.run("du", "-sh", "/usr/bin/otelcol-cloudwatch"))[0])
}

func (h *host) processesOfUser() string {
	return h.machine.output("sh", "-c", `for p in /proc/[0-9]*; do [ "$(stat -c %U $p 2>/dev/null)" = otelcol-cloudwatch ] && echo $p; done`)
}

func (h *host) removes() {
	m := h.machine
	assert.NotEmpty(h.t, h.processesOfUser())
	h.manage(h.pm.remove)
	assert.Empty(h.t, h.processesOfUser())
	assert.Equal(h.t, "not-found", m.property("LoadState"))
	assert.Equal(h.t, "0", strings.TrimSpace(m.run("sh", "-c", "systemctl list-units --failed --no-legend | grep -c otelcol || true")))
	assert.NoFileExists(h.t, m.path("/usr/bin/otelcol-cloudwatch"))
	assert.NoFileExists(h.t, m.path("/etc/systemd/system/multi-user.target.wants/"+service))
	assert.FileExists(h.t, m.path(etc+"/environment"+h.pm.kept))
	assert.FileExists(h.t, m.path(etc+"/config.d/50-namespace.yaml"))
	assert.NotEmpty(h.t, entries(h.t, m.path(state)))
}

func (h *host) returns() {
	m := h.machine
	h.manage(h.pm.install, h.file("1.1.0"))
	if h.pm.kept != "" {
		require.NoError(h.t, os.Rename(m.path(etc+"/environment"+h.pm.kept), m.path(etc+"/environment")))
	}
	before := h.counted()
	first := h.next
	h.append(10)
	m.run("systemctl", "enable", "--now", service)
	h.awaitHealthy()
	await(h.t, "the new lines", func() bool { return h.counted() >= before+10 })
	lines := h.lines()
	assert.Equal(h.t, first, lines[len(lines)-10])
}

func (h *host) purges() {
	m := h.machine
	if !h.pm.purges {
		h.t.Skip("rpm has no purge; docs/deploying/linux.md has the commands")
	}
	m.run("dpkg", "--purge", user)
	assert.Empty(h.t, h.processesOfUser())
	assert.Error(h.t, m.command("getent", "passwd", user).Run())
	for _, path := range []string{state, etc} {
		_, err := os.Stat(m.path(path))
		assert.ErrorIs(h.t, err, fs.ErrNotExist, path)
	}
	left := m.run("find", "/etc", "/usr", "/var/lib", "-name", "*otelcol*", "-not", "-path", "/var/lib/systemd/*")
	assert.Empty(h.t, left)
}

func entries(t *testing.T, folder string) []os.DirEntry {
	t.Helper()
	all, err := os.ReadDir(folder)
	require.NoError(t, err)
	return all
}
