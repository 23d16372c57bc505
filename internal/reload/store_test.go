package reload

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// damages are states of a file after power cuts, full disks, and people.
var damages = map[string]func(t *testing.T, path string){
	"missing":   func(t *testing.T, path string) { require.NoError(t, os.RemoveAll(path)) },
	"empty":     func(t *testing.T, path string) { write(t, path, "") },
	"zeros":     func(t *testing.T, path string) { write(t, path, string(make([]byte, 4096))) },
	"truncated": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 100)) },
	"garbage":   func(t *testing.T, path string) { write(t, path, "\xff\xfe garbage") },
	"huge": func(t *testing.T, path string) {
		write(t, path, "")
		require.NoError(t, os.Truncate(path, maxStored+1))
	},
	"a bit": func(t *testing.T, path string) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		text[len(text)/2] ^= 1
		write(t, path, string(text))
	},
	"another version": func(t *testing.T, path string) { write(t, path, `{"version": 99}`) },
	"a folder": func(t *testing.T, path string) {
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.MkdirAll(filepath.Join(path, "in", "it"), 0o700))
	},
	"a link to nowhere": func(t *testing.T, path string) {
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.Symlink("nowhere", path))
	},
	"a link to itself": func(t *testing.T, path string) {
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.Symlink(filepath.Base(path), path))
	},
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// becomeGood makes a configuration the last known good one.
func becomeGood(t *testing.T, o Options) {
	t.Helper()
	o.HealthyAfter = time.Nanosecond
	p, _ := run(t, o)
	require.Eventually(t, func() bool { return p.m.Status().Running.Healthy }, deadline, tick)
	p.end(true)
}

func TestDamagedLastKnownGoodGivesWayToTheOneBeforeIt(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource()
			o := options(t, s, "mem:base")
			for _, text := range []string{"processors: {first: }\n", "processors: {second: }\n"} {
				s.set("base", base+text)
				becomeGood(t, o)
			}
			m := newMemory(o.StateDir, o.Build, o.URIs)
			damage(t, m.path(m.name("good")))
			s.setDown(true)
			p, got := run(t, o)
			assert.Contains(t, key(got, "processors"), "first")
			p.end(true)
			p, got = run(t, o)
			assert.Contains(t, key(got, "processors"), "first", "again")
			p.end(true)
			s.setDown(false)
			becomeGood(t, o)
			s.setDown(true)
			p, got = run(t, o)
			assert.Contains(t, key(got, "processors"), "second", "what is good is written again")
			p.end(true)
		})
	}
}

func TestStartGoesOnWhateverIsInTheStateFolder(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource()
			s.set("base", base)
			o := options(t, s, "mem:base")
			becomeGood(t, o)
			becomeGood(t, o)
			p, _ := run(t, o)
			p.kill() // leaves a note of the start
			files, err := filepath.Glob(filepath.Join(o.StateDir, "*"))
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(files), 4)
			for _, file := range files {
				if name != "a bit" && name != "truncated" || filepath.Ext(file) == ".json" {
					damage(t, file)
				}
			}
			for range 2 {
				core, said := observer.New(zap.WarnLevel)
				m, err := New(o)
				require.NoError(t, err)
				m.logger.Store(zap.New(core))
				m.RecordCrashes()
				first, err := m.first(t.Context())
				require.NoError(t, err)
				assert.NotNil(t, first)
				assert.LessOrEqual(t, said.Len(), 5, "%v", said.All())
				require.NoError(t, m.Close(t.Context(), nil))
			}
		})
	}
}

func TestFilesOfAnotherUserAreNotBelieved(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	t.Parallel()
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	m := newMemory(o.StateDir, o.Build, o.URIs)
	const other = 12345
	for name, change := range map[string]func() error{
		"owner":           func() error { return os.Chown(m.path(m.name("good")), other, other) },
		"every user's":    func() error { return os.Chmod(m.path(m.name("good")), 0o666) },
		"owner of folder": func() error { return os.Chown(o.StateDir, other, other) },
	} {
		becomeGood(t, o)
		require.NoError(t, change(), name)
		s.setDown(true)
		p, _, err := start(t, o)
		require.ErrorContains(t, err, "no connection", "%s: what another user may have written is not run", name)
		s.setDown(false)
		p.end(true)
		require.NoError(t, os.RemoveAll(o.StateDir))
	}
	// Root trusts itself, and a folder that a volume has opened to its group is closed again.
	becomeGood(t, o)
	require.NoError(t, os.Chmod(o.StateDir, 0o770))
	s.setDown(true)
	p, _ := run(t, o)
	p.end(true)
	info, err := os.Stat(o.StateDir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestFilesOfTheVersionBeforeAreRead(t *testing.T) {
	t.Parallel()
	s := newSource()
	o := options(t, s, "mem:base")
	m := newMemory(o.StateDir, o.Build, o.URIs)
	require.NoError(t, os.MkdirAll(o.StateDir, 0o700))
	write(t, m.path(m.name("good")), `{"version":1,"saved":"2026-01-02T03:04:05Z","build":"0.1.0","uris":["mem:base"],"layers":[{"Name":"mem:base","Text":"cmVjZWl2ZXJzOiB7bm9wOiB7YTogN319Cg=="}],"values":{}}`)
	p, got := run(t, o)
	assert.Equal(t, 7, key(got, "receivers::nop::a"))
	p.end(true)
}

func TestSecondCollectorOnTheSameStateTouchesNothing(t *testing.T) {
	t.Parallel()
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	p, _ := run(t, o)
	_, err := lock(o.StateDir, p.m.memory.key, 0)
	var inUse *InUseError
	require.ErrorAs(t, err, &inUse)
	assert.Equal(t, os.Getpid(), inUse.PID)
	assert.ErrorContains(t, err, o.StateDir+" is in use")
	assert.ErrorContains(t, err, StateVariable)
	assert.True(t, circumstance(err), "no fault of the configuration")
	p.end(true)
	release, err := lock(o.StateDir, p.m.memory.key, 0)
	require.NoError(t, err, "who ends lets go")
	release()
}
