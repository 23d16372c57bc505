package checkpoints

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func read(t *testing.T, path string) []Checkpoint {
	t.Helper()
	all, err := ReadFile(t.Context(), path)
	require.NoError(t, err)
	return all
}

func TestWrittenFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	path := Path(filepath.Join(t.TempDir(), "new", "folder"), "")
	first := []Checkpoint{{Device: 1, Inode: 2, Path: "/a.log", Offset: 1}, {Path: "/b.log", Offset: 2}}
	require.NoError(t, WriteFile(t.Context(), path, first, false))
	assert.Equal(t, first, read(t, path))

	added := []Checkpoint{{Device: 1, Inode: 2, Path: "/a.log", Offset: 10}, {Path: "/c.log", Offset: 3}}
	require.NoError(t, WriteFile(t.Context(), path, added, false))
	assert.Equal(t, []Checkpoint{added[0], first[1], added[1]}, read(t, path))

	require.NoError(t, WriteFile(t.Context(), path, first[1:], true))
	assert.Equal(t, first[1:], read(t, path))
	require.NoError(t, WriteFile(t.Context(), path, nil, false))
	assert.Equal(t, first[1:], read(t, path))
	require.NoError(t, WriteFile(t.Context(), path, nil, true))
	assert.Empty(t, read(t, path))

	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "others may not read it")
	}
}

// storageOf is the real extension over a folder.
func storageOf(t *testing.T, folder string) storage.Extension {
	t.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = folder
	e, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	return e.(storage.Extension)
}

func TestPathIsTheFileOfTheExtension(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	extension := storageOf(t, folder)
	names := []string{"", "x", "a_b-c.1", "a..b", "a/b", "../up", `a\b`, "a:b", "ÄA", "日志", "x!\"#%&'()*,;?@[]{}"}
	for _, name := range append(names, "𐐀") {
		var id component.ID
		require.NoError(t, id.UnmarshalText([]byte(strings.TrimSuffix("file_tail/"+name, "/"))), name)
		client, err := extension.GetClient(t.Context(), component.KindReceiver, id, "")
		require.NoError(t, err)
		s := open(t, client)
		s.Set(sample())
		require.NoError(t, s.Save(t.Context()))
		require.NoError(t, client.Close(t.Context()))
		assert.Equal(t, []Checkpoint{sample()}, read(t, Path(folder, name)), name)
	}
	got, err := Receivers(folder)
	require.NoError(t, err)
	assert.ElementsMatch(t, append(names, "\u10400"), got)
	assert.Equal(t, Path(folder, "𐐀"), Path(folder, "\u10400"), "a name beyond U+FFFF is told by another that has the same file")
}

func TestTheExtensionReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, WriteFile(t.Context(), Path(folder, "x"), []Checkpoint{sample()}, false))
	client, err := storageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewIDWithName("file_tail", "x"), "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close(context.Background())) }()
	s := open(t, client)
	assert.False(t, s.Fresh())
	assert.Equal(t, []Checkpoint{sample()}, s.All())
}

func TestReceiversAreThoseOfFileTail(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"x", "", "b"} {
		require.NoError(t, WriteFile(t.Context(), Path(folder, name), nil, false))
	}
	for _, other := range []string{"receiver_filelog_", "receiver_file_tail", "exporter_file_tail_x", "tempdb1"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, other), nil, 0o600))
	}
	require.NoError(t, os.Mkdir(Path(folder, "folder"), 0o700))
	names, err := Receivers(folder)
	require.NoError(t, err)
	assert.Equal(t, []string{"", "b", "x"}, names)
	_, err = Receivers(filepath.Join(folder, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// The folder for copies belongs to the process, which is why this test is not a parallel one.
func TestAFileInUseIsReadFromACopy(t *testing.T) {
	folder := t.TempDir()
	copies := t.TempDir()
	t.Setenv("TMPDIR", copies)
	t.Setenv("TMP", copies)
	path := Path(folder, "")
	client, err := storageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewID("file_tail"), "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close(context.Background())) }()
	assert.Empty(t, read(t, path), "nothing was saved yet")
	s := open(t, client)
	all := many(1000)
	for _, c := range all {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, all, read(t, path))

	err = WriteFile(t.Context(), path, many(1), true)
	require.ErrorContains(t, err, path+" is in use: stop the collector first")
	assert.Equal(t, all, read(t, path), "nothing was written")
	left, err := os.ReadDir(copies)
	require.NoError(t, err)
	assert.Empty(t, left, "the copies are removed")
}

func TestACopyThatIsNoDatabaseIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	require.NoError(t, WriteFile(t.Context(), path, many(1000), false))
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt(make([]byte, 1<<20), int64(2*os.Getpagesize()))
	require.NoError(t, err)
	require.NoError(t, file.Close())
	_, err = ReadFile(t.Context(), path)
	require.ErrorContains(t, err, path+" is in use and cannot be read at this moment: try again")
}

func TestAMissingFileDoesNotExist(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := ReadFile(t.Context(), Path(folder, ""))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = ReadFile(t.Context(), Path(filepath.Join(folder, "missing"), ""))
	require.ErrorIs(t, err, os.ErrNotExist)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left, "reading makes no file")
}

func TestADatabaseOfNobodyHasNoCheckpoints(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	assert.Empty(t, read(t, path))
}

func TestAnEmptyFileIsADatabaseThatBegins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	assert.Empty(t, read(t, path))
	require.NoError(t, WriteFile(t.Context(), path, many(1), false))
	assert.Equal(t, many(1), read(t, path))
}

// databaseOf is one that the extension wrote: it does not keep its free pages, and whoever opens it looks for them.
func databaseOf(t *testing.T, folder string) []byte {
	t.Helper()
	client, err := storageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewID("file_tail"), "")
	require.NoError(t, err)
	s := open(t, client)
	for _, c := range many(1000) {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	require.NoError(t, client.Close(t.Context()))
	database, err := os.ReadFile(Path(folder, ""))
	require.NoError(t, err)
	return database
}

func TestWhatIsNoDatabaseIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	database := databaseOf(t, folder)
	meta := 2 * os.Getpagesize()
	for name, content := range map[string][]byte{
		"text":            []byte("this is no database"),
		"long text":       bytes.Repeat([]byte("this is no database\n"), 10_000),
		"zeros":           make([]byte, 1<<16),
		"half":            database[:len(database)/2],
		"first page":      database[:meta/2],
		"first two pages": database[:meta],
		"zeros after it":  append(bytes.Clone(database[:meta]), make([]byte, len(database)-meta)...),
		"ones after it":   append(bytes.Clone(database[:meta]), bytes.Repeat([]byte{0xff}, len(database)-meta)...),
	} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		_, err := ReadFile(t.Context(), path)
		require.Error(t, err, name)
		assert.ErrorContains(t, err, path)
		err = WriteFile(t.Context(), path, many(1), false)
		require.Error(t, err, name)
		assert.ErrorContains(t, err, path)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(content, after), "%s was changed", name)
	}
	_, err := ReadFile(t.Context(), folder)
	require.ErrorContains(t, err, folder)
	require.Error(t, WriteFile(t.Context(), folder, many(1), false))
}

func TestCheckpointsAreChecked(t *testing.T) {
	t.Parallel()
	good := sample()
	require.NoError(t, good.Check())
	require.NoError(t, Checkpoint{Path: "/a.log"}.Check())
	require.NoError(t, Checkpoint{Head: MarkOf([]byte("as file_log keeps it"))}.Check())
	for _, wrong := range []struct {
		change func(*Checkpoint)
		says   string
	}{
		{func(c *Checkpoint) { c.Path, c.Head = "", Mark{} }, "a checkpoint has no path: name the file"},
		{func(c *Checkpoint) { c.Offset = -1 }, "the offset -1 of /var/log/app.log is below 0"},
		{func(c *Checkpoint) { c.Records = -1 }, "a count of /var/log/app.log is below 0"},
		{func(c *Checkpoint) { c.Head.Bytes = -1 }, "a count of /var/log/app.log is below 0"},
		{func(c *Checkpoint) { c.Tail.Bytes = -1 }, "a count of /var/log/app.log is below 0"},
	} {
		c := good
		wrong.change(&c)
		assert.EqualError(t, c.Check(), wrong.says)
	}
}
