package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

func TestLogFilesThatCannotBeReadAreNamed(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"app.log", "app.log.1", "app.log.2.gz", "deep/er/b.log", "secret.log"} {
		write(t, folder, name, "line\n")
	}
	open := func(r *safepath.Rules, path string) error {
		if filepath.Base(path) == "secret.log" {
			return &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		}
		return tryOpen(r, path)
	}
	in := func(patterns ...string) (full []string) {
		for _, p := range patterns {
			full = append(full, filepath.Join(folder, p))
		}
		return full
	}
	for name, c := range map[string]struct {
		include, exclude []string
		status           Status
		detail           string
		facts            map[string]string
	}{
		"all readable":   {in("app.log*", "deep/**/*.log"), []string{"**/*.gz"}, OK, "3 files can be read", nil},
		"no match":       {in("app.log", "absent/*.log"), nil, Warning, "1 file can be read", map[string]string{"no file": "absent"}},
		"not this user":  {in("*.log"), nil, Problem, "1 file can be read, 1 file cannot", map[string]string{"cannot be read": "secret.log"}},
		"excluded":       {in("*.log"), []string{"**/secret.log"}, OK, "1 file can be read", nil},
		"no include":     {nil, nil, Problem, "include is empty", nil},
		"broken pattern": {in("[a.log"), nil, Problem, "syntax error", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := filesCheck(t.Context(), tail{component: "file_log", include: c.include, exclude: c.exclude}, open)
			assert.Equal(t, c.status, got.Status)
			assert.Contains(t, got.Detail, c.detail)
			assert.Equal(t, c.status == OK, got.Remedy == "")
			for name, value := range c.facts {
				assert.Contains(t, got.value(name), value)
			}
		})
	}
}

func TestFoldersThatMayNotBeSearchedAreNamed(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may search every folder")
	}
	folder := t.TempDir()
	write(t, folder, "closed/a.log", "line\n")
	require.NoError(t, os.Chmod(filepath.Join(folder, "closed"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(folder, "closed"), 0o700) })
	got := filesCheck(t.Context(), tail{include: []string{filepath.Join(folder, "**", "*.log")}}, tryOpen)
	assert.Equal(t, Problem, got.Status)
	assert.Contains(t, got.value("cannot be searched"), "closed")
}

func TestTheWalkThroughFoldersEndsWithItsTime(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.log", "line\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := filesCheck(ctx, tail{include: []string{filepath.Join(folder, "**")}}, tryOpen)
	assert.Equal(t, NotChecked, got.Status)
}

func TestAPipeIsNoLogFileAndIsNotWaitedFor(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such pipes")
	}
	assert.ErrorContains(t, tryOpen(new(safepath.Rules), os.DevNull), "it is a device")
}

// TestALinkThatTheReceiverDoesNotFollowIsAProblem has one that another user made.
func TestALinkThatTheReceiverDoesNotFollowIsAProblem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives links to others")
	}
	folder := t.TempDir()
	write(t, folder, "secret/key", "line\n")
	link := filepath.Join(folder, "a.log")
	require.NoError(t, os.Symlink(filepath.Join(folder, "secret", "key"), link))
	require.NoError(t, os.Lchown(link, 2000, 2000))
	got := filesCheck(t.Context(), tail{include: []string{filepath.Join(folder, "*.log")}}, tryOpen)
	assert.Equal(t, Problem, got.Status)
	assert.Contains(t, got.value("cannot be read"), "a link of user 2000 is not followed")
	got = filesCheck(t.Context(), tail{include: []string{filepath.Join(folder, "*.log")}, rules: safepath.Rules{Owners: []string{"2000"}}}, tryOpen)
	assert.Equal(t, OK, got.Status)
}

func TestTheStateFolder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "used/queue", string(make([]byte, 600)))
	write(t, folder, "file", "")
	has := func(free uint64) host { return host{writable: fixed.writable, space: spaceOf(free, 1000)} }
	for name, c := range map[string]struct {
		folder         string
		create         bool
		queue          uint64
		host           host
		status         Status
		detail, remedy string
	}{
		"good":                     {"used", false, 0, has(leastFree), OK, "exists and is writable", ""},
		"to be made":               {"a/b", true, 0, has(leastFree), OK, "will be made in " + folder, ""},
		"absent":                   {"a/b", false, 0, has(leastFree), Problem, "does not exist", "create_directory"},
		"a file":                   {"file", false, 0, has(leastFree), Problem, "is not a folder", "another directory"},
		"not writable":             {"used", false, 0, host{writable: func(string) error { return syscall.EACCES }}, Problem, "not writable: permission denied", writeRemedy},
		"little space":             {"used", false, 0, has(leastFree - 1), Problem, "too little space", "make room"},
		"the queue needs more":     {"used", false, leastFree * 4, has(leastFree * 2), Problem, "too little space", "queue_size"},
		"the queue has some of it": {"used", false, 1000, has(400), OK, "exists", ""},
		"no inodes":                {"used", false, 0, host{writable: fixed.writable, space: spaceOf(leastFree, 1)}, Problem, "no inodes", "df -i"},
		"space not known": {"used", false, 0, host{writable: fixed.writable, space: func(string) (space, error) { return space{}, errors.New("lost") }},
			Warning, "free space is not known: lost", "df"},
	} {
		t.Run(name, func(t *testing.T) {
			got := storeCheck(store{component: "file_storage", create: c.create, queue: c.queue}, filepath.Join(folder, c.folder), c.host)
			assert.Equal(t, c.status, got.Status)
			assert.Contains(t, got.Detail, c.detail)
			assert.Contains(t, got.Remedy, c.remedy)
			assert.Equal(t, c.status == OK, got.Remedy == "")
		})
	}
}

func spaceOf(free, inodes uint64) func(string) (space, error) {
	return func(string) (space, error) {
		return space{free: free, total: 1 << 40, inodes: inodes, countsInodes: true}, nil
	}
}

func TestTheOperatingSystemIsAskedForSpaceAndRights(t *testing.T) {
	folder := t.TempDir()
	s, err := spaceAt(folder)
	require.NoError(t, err)
	assert.Positive(t, s.total)
	assert.NoError(t, canWrite(folder))
	assert.Error(t, canWrite(filepath.Join(folder, "absent")))
	_, err = spaceAt(filepath.Join(folder, "absent"))
	assert.Error(t, err)
}

func TestSizesForAPerson(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 268435456: "256 MiB", 1 << 40: "1.0 TiB"} {
		assert.Equal(t, want, size(n))
	}
	assert.Equal(t, "1 file, 2 files", fmt.Sprintf("%s, %s", plural(1, "file"), plural(2, "file")))
}
