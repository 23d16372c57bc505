package inventory

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesThatOneMayBeMadeFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, base   string
		is, numbered bool
	}{
		{"/l/app.log", "/l/app.log", true, false},
		{"/l/app.log.1", "/l/app.log", true, true},
		{"/l/app.log.1.gz", "/l/app.log", true, true},
		{"/l/app.log-20261128", "/l/app.log", true, true},
		{"/l/app.log.2026-11-28T10:00", "/l/app.log", true, true},
		{"/l/app-1.log", "/l/app.log", true, true},
		{"/l/app.2026-11-28.log", "/l/app.log", true, true},
		{"/l/app.log.bak", "/l/app.log", true, false},
		{"/l/app.log-audit2", "/l/app.log", true, false},
		{"/l/server-error.log", "/l/server", true, false},
		{"/l/copy of app.log", "/l/app.log", true, false},
		{"/l/.app.log.Xy12", "/l/app.log", true, false},
		{"/l/apple.log", "/l/app.log", false, false},
		{"/l/app.logs", "/l/app.log", false, false},
		{"/l/app", "/l/app.log", false, false},
		{"/l/2app.log", "/l/app.log", false, false},
		{"/l/.log", "/l/.log", true, false},
	} {
		assert.Equal(t, c.is, Extends(c.path, c.base), "%s of %s", c.path, c.base)
		if c.is && c.path != c.base {
			is, _ := numbered(c.path, c.base)
			assert.Equal(t, c.numbered, is, "%s of %s", c.path, c.base)
			assert.Contains(t, Bases(c.path), c.base)
		}
	}
}

func TestDatedNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/l/foo.log.2026-01-02": "/l/foo.log.@-#-#", "/l/foo-20260102.log": "/l/foo-@.log", "/l/foo.log.1": "/l/foo.log", "/l/foo.log.12.gz": "/l/foo.log",
		"/l/worker-1.log": "", "/l/error.log": "", "/l/8081.log": "", "/l/server.1": "",
	} {
		of, is := Dated(path)
		assert.Equal(t, want != "", is, path)
		if is {
			assert.Equal(t, want, of, path)
		}
	}
}

func TestWhoChoosesANameDoesNotChooseTheCost(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, len(Bases("/a/b/c/"+strings.Repeat("-.", 120))), mostBases)
}

func FuzzNames(f *testing.F) {
	f.Add("/l/app.log.1", "/l/app.log")
	f.Add(".gz", "")
	f.Fuzz(func(_ *testing.T, path, base string) {
		_ = Extends(path, base)
		numbered(path, base)
		Dated(path)
		shape(path)
		Bases(path)
	})
}

func TestLaterGenerations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, than string
		is         bool
	}{
		{"/l/app.log.1", "/l/app.log.2", true},
		{"/l/server.9", "/l/server.1", false},
		{"/l/app.log-20261128", "/l/app.log-20261127", true},
		{"/l/app.log-20261127", "/l/app.log-20261128", false},
		{"/l/app-2.log", "/l/app-1.log", true},
		{"/l/worker-3.log", "/l/worker-20261128.log", false},
		{"/l/worker-80.log", "/l/worker-1.log", false},
		{"/l/app.log.1", "/l/app-1.log", false},
	} {
		assert.Equal(t, c.is, LaterName(c.path, c.than), "%s than %s", c.path, c.than)
	}
}
