package e2e

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// databaseLayer keeps state as configurations did before state_storage.
const databaseLayer = `yaml:
extensions: {file_storage: {directory: '${env:OTELCOL_CLOUDWATCH_STATE_DIR}', create_directory: true}}
receivers: {file_tail: {storage: file_storage}}
exporters: {cloudwatch_emf: {sending_queue: {storage: file_storage}}}
service: {extensions: [file_storage, healthcheckv2]}`

// usedState is a state folder whose collector had delivered lines and had metrics waiting when it was killed.
func usedState(t *testing.T, more ...string) (folder string, lines int, log string) {
	t.Helper()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	s.env["OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"] = "100ms"
	c := s.startHealthy(more...)
	w.append(1000)
	await(t, "the lines before", func() bool { return counted(server) >= w.next })
	await(t, "the last known good to be kept", func() bool { return len(s.memory("good")) > 0 })
	_, err := server.Faults.Add(faults.Rule{Kind: faults.ServerError, Operation: "PutLogEvents"})
	require.NoError(t, err)
	size := func() (n int64) {
		_ = filepath.WalkDir(s.env["OTELCOL_CLOUDWATCH_STATE_DIR"], func(path string, e fs.DirEntry, err error) error {
			if info, err := os.Stat(path); err == nil && strings.Contains(path, "exporter_") && !info.IsDir() {
				n += info.Size()
			}
			return nil
		})
		return n
	}
	before := size()
	await(t, "metrics in the queue", func() bool { return size() > before })
	time.Sleep(1500 * time.Millisecond) // one more collection
	c.kill()
	return s.env["OTELCOL_CLOUDWATCH_STATE_DIR"], w.next, w.path
}

// damages are what a power cut, a disk, a backup and an operator do to a file. The packages below try many more.
var damages = map[string]func(path string, text []byte, r *rand.Rand) error{
	"empty": func(path string, _ []byte, _ *rand.Rand) error { return os.Truncate(path, 0) },
	"half":  func(path string, text []byte, _ *rand.Rand) error { return os.Truncate(path, int64(len(text)/2)) },
	"zeros": func(path string, text []byte, _ *rand.Rand) error {
		return os.WriteFile(path, make([]byte, len(text)), 0o600)
	},
	"garbage": func(path string, text []byte, r *rand.Rand) error {
		for i := range text {
			if i/4096%3 != 0 || r.IntN(1000) == 0 {
				text[i] = byte(r.Uint32())
			}
		}
		return os.WriteFile(path, text, 0o600)
	},
	"a folder": func(path string, _ []byte, _ *rand.Rand) error {
		return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
	},
	"a link": func(path string, _ []byte, _ *rand.Rand) error {
		return errors.Join(os.Remove(path), os.Symlink("/dev/null", path))
	},
	"not ours": func(path string, _ []byte, _ *rand.Rand) error { return os.Chown(path, 12345, 12345) },
}

// TestNoDamageOfStatePreventsTheStart damages each file of a state folder in one way: the collector starts, and no line is lost.
func TestNoDamageOfStatePreventsTheStart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links and owners are others on Windows")
	}
	good, lines, log := usedState(t)
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "not ours" && os.Getuid() != 0 {
				t.Skip("giving files away needs root")
			}
			damagedStart(t, good, lines, log, damage)
		})
	}
}

// TestNoDamageOfADatabasePreventsTheStart does it to the databases of file_storage: where they become stores, and where the
// configuration still has file_storage.
func TestNoDamageOfADatabasePreventsTheStart(t *testing.T) {
	t.Parallel()
	good, lines, log := usedState(t, databaseLayer)
	for _, name := range []string{"half", "garbage"} {
		for kind, more := range map[string][]string{"converted": nil, "used": {databaseLayer}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				damagedStart(t, good, lines, log, damages[name], more...)
			})
		}
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		got := damagedStart(t, good, lines, log, func(string, []byte, *rand.Rand) error { return nil })
		assert.Zero(t, got.repeated, "the offsets were taken over")
	})
}

func damagedStart(t *testing.T, good string, lines int, log string, damage func(string, []byte, *rand.Rand) error, more ...string) comparison {
	t.Helper()
	server := awslocal.Serve(t, awslocal.Options{})
	w := &writer{t: t, path: log, next: lines}
	s := newSetup(t, server, log)
	state := s.env["OTELCOL_CLOUDWATCH_STATE_DIR"]
	require.NoError(t, exec.Command("cp", "-r", good, state).Run())
	r := rand.New(rand.NewPCG(1, 2))
	require.NoError(t, filepath.WalkDir(state, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return damage(path, text, r)
	}))
	own := filepath.Join(t.TempDir(), filepath.Base(log))
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(own, text, 0o600))
	s.env["OTELCOL_CLOUDWATCH_LOG_FILES"] = `["` + own + `"]`
	w.path = own
	w.append(10)
	c := s.startHealthy(more...)
	w.append(10)
	reader := newReader(t, server)
	await(t, "the line after", func() bool { return reader.last("app.log") == w.next-1 })
	await(t, "metrics", func() bool { return len(reader.in(metricGroup).streams()) > 0 })
	c.stop()
	got := compare(w.next, reader.numbers("app.log"))
	// What was delivered before the damage need not come again, and may.
	tail := compare(w.next, append(reader.numbers("app.log"), sequence(lines)...))
	assert.Zero(t, tail.missing, tail)
	return got
}

// sequence are the numbers below n.
func sequence(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// TestASecondCollectorEndsAtOnceAndHarmsNothing starts it with the same configuration, and with another on the same folder.
func TestASecondCollectorEndsAtOnceAndHarmsNothing(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	first := s.startHealthy()
	w.append(100)
	await(t, "the lines before", func() bool { return counted(server) >= w.next })
	second := *s
	second.env = map[string]string{}
	for name, value := range s.env {
		second.env[name] = value
	}
	second.env["OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT"], second.env["OTELCOL_CLOUDWATCH_TELEMETRY_PORT"] = ports.FreeAddress(t), ports.Free(t)
	said := regexp.MustCompile(regexp.QuoteMeta(s.env["OTELCOL_CLOUDWATCH_STATE_DIR"]) + `\S* is in use.*process ` + strconv.Itoa(first.command.Process.Pid) + `\b`)
	for name, more := range map[string][]string{"the same": nil, "another": {"yaml:{processors: {batch: }}"}} {
		second.logFile = filepath.Join(t.TempDir(), "second.log")
		c := second.start(more...)
		select {
		case err := <-c.done:
			require.Error(t, err, name)
		case <-time.After(patience):
			t.Fatalf("%s: the second one runs", name)
		}
		text, err := os.ReadFile(second.logFile)
		require.NoError(t, err)
		assert.Regexp(t, said, string(text), name)
	}
	w.append(100)
	await(t, "the lines after", func() bool { return counted(server) >= w.next })
	first.stop()
	requireExactly(t, w.next, newReader(t, server).numbers("app.log"))
}

// TestAStateFolderThatCannotBeWrittenIsDoneWithout makes it read-only, and writable again while the collector runs.
func TestAStateFolderThatCannotBeWrittenIsDoneWithout(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("mounting a disk needs root")
	}
	disk := t.TempDir()
	mount(t, disk, "16m")
	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	s := newSetup(t, server, w.path)
	s.env["OTELCOL_CLOUDWATCH_STATE_DIR"] = filepath.Join(disk, "state")
	c := s.startHealthy()
	w.append(100)
	await(t, "the lines before", func() bool { return counted(server) >= w.next })
	c.stop()

	remount(t, disk, true)
	w.append(100)
	c = s.startHealthy()
	await(t, "the lines from where the offsets are", func() bool { return counted(server) >= w.next })
	assert.Positive(t, s.logged("State cannot be written"))
	await(t, "the metric", func() bool { return s.metric("state_storage_unsaved", "") > 0 })
	remount(t, disk, false)
	await(t, "the state to be written", func() bool { return s.logged("State is written again") >= 2 })
	w.append(100)
	await(t, "the lines after", func() bool { return counted(server) >= w.next })
	c.kill()
	c = s.startHealthy()
	w.append(100)
	await(t, "the lines after the next start", func() bool { return counted(server) >= w.next })
	c.stop()
	got := compare(w.next, newReader(t, server).numbers("app.log"))
	assert.Zero(t, got.missing, got)
	assert.LessOrEqual(t, got.repeated, 100, "what was in flight")
}
