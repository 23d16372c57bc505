package checkpoints

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
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

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/statestorageextension"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

func TestMain(m *testing.M) {
	boltdb.Main()
	os.Exit(m.Run())
}

func read(t *testing.T, folder, receiver string) []Checkpoint {
	t.Helper()
	all, err := ReadReceiver(t.Context(), folder, receiver)
	require.NoError(t, err)
	return all
}

func TestWrittenFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "folder")
	write := func(add []Checkpoint, all bool) {
		t.Helper()
		require.NoError(t, WriteReceiver(t.Context(), folder, "", add, all))
	}
	first := []Checkpoint{{Device: 1, Inode: 2, Path: "/a.log", Offset: 1}, {Path: "/b.log", Offset: 2}}
	write(first, false)
	assert.Equal(t, first, read(t, folder, ""))

	added := []Checkpoint{{Device: 1, Inode: 2, Path: "/a.log", Offset: 10}, {Path: "/c.log", Offset: 3}}
	write(added, false)
	assert.Equal(t, []Checkpoint{added[0], first[1], added[1]}, read(t, folder, ""))

	write(first[1:], true)
	assert.Equal(t, first[1:], read(t, folder, ""))
	write(nil, false)
	assert.Equal(t, first[1:], read(t, folder, ""))
	write(nil, true)
	assert.Empty(t, read(t, folder, ""))
}

// extensions are the storages that a receiver may have.
var extensions = map[string]func(*testing.T, string) storage.Extension{"state_storage": stateStorageOf, "file_storage": storageOf}

// stateStorageOf is the real extension over a folder.
func stateStorageOf(t *testing.T, folder string) storage.Extension {
	t.Helper()
	factory := statestorageextension.NewFactory()
	config := statestorageextension.NewDefaultConfig()
	config.Directory = folder
	e, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	return e.(storage.Extension)
}

// storageOf is file_storage over a folder.
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

func TestNamesAreThoseOfTheExtensions(t *testing.T) {
	t.Parallel()
	for kind, extension := range extensions {
		folder := t.TempDir()
		extension := extension(t, folder)
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
			assert.Equal(t, []Checkpoint{sample()}, read(t, folder, name), "%s of %s", name, kind)
		}
		got, err := Receivers(folder)
		require.NoError(t, err)
		assert.ElementsMatch(t, append(names, "\u10400"), got, kind)
	}
}

func TestTheExtensionReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, WriteReceiver(t.Context(), folder, "x", []Checkpoint{sample()}, false))
	client, err := stateStorageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewIDWithName("file_tail", "x"), "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close(context.Background())) }()
	s := open(t, client)
	assert.False(t, s.Fresh())
	assert.Equal(t, []Checkpoint{sample()}, s.All())
}

func TestOffsetsInADatabaseOfFileStorageAreReadWrittenAndTakenOver(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	databaseOf(t, folder)
	require.NoError(t, WriteReceiver(t.Context(), folder, "", []Checkpoint{sample()}, false))
	assert.FileExists(t, statefolder.Old(folder, storeOf("")), "it stays what it is")
	assert.Len(t, read(t, folder, ""), 1001)
	client, err := stateStorageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewID("file_tail"), "")
	require.NoError(t, err)
	assert.Len(t, open(t, client).All(), 1001)
	assert.NoFileExists(t, statefolder.Old(folder, storeOf("")))
	assert.Len(t, read(t, folder, ""), 1001)
	require.NoError(t, client.Close(t.Context()))
	assert.Len(t, read(t, folder, ""), 1001)
}

func TestOffsetsOfARunningCollectorAreReadAndNotWritten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	client, err := stateStorageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewID("file_tail"), "")
	require.NoError(t, err)
	s := open(t, client)
	for _, c := range many(1000) {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, many(1000), read(t, folder, ""))
	err = WriteReceiver(t.Context(), folder, "", many(1), true)
	require.ErrorContains(t, err, folder+" (by the process "+strconv.Itoa(os.Getpid())+") is in use: stop the collector first")
	assert.Equal(t, many(1000), read(t, folder, ""))
	require.NoError(t, client.Close(t.Context()))
}

func TestReceiversAreThoseOfFileTail(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"x", "", "b"} {
		require.NoError(t, WriteReceiver(t.Context(), folder, name, nil, false))
	}
	for _, other := range []string{"receiver_filelog_", "receiver_file_tail", "exporter_file_tail_x", "tempdb1"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, other), nil, 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(folder, storeOf("folder")), 0o700))
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
	path := statefolder.Old(folder, storeOf(""))
	client, err := storageOf(t, folder).GetClient(t.Context(), component.KindReceiver, component.MustNewID("file_tail"), "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close(context.Background())) }()
	assert.Empty(t, read(t, folder, ""), "nothing was saved yet")
	s := open(t, client)
	all := many(1000)
	for _, c := range all {
		s.Set(c)
	}
	require.NoError(t, s.Save(t.Context()))
	assert.Equal(t, all, read(t, folder, ""))

	err = WriteReceiver(t.Context(), folder, "", many(1), true)
	require.ErrorContains(t, err, path+" is in use: stop the collector first")
	assert.Equal(t, all, read(t, folder, ""), "nothing was written")
	left, err := os.ReadDir(copies)
	require.NoError(t, err)
	assert.Empty(t, left, "the copies are removed")
}

func TestACopyThatIsNoDatabaseIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	databaseOf(t, folder)
	path := statefolder.Old(folder, storeOf(""))
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt(make([]byte, 1<<20), int64(2*os.Getpagesize()))
	require.NoError(t, err)
	require.NoError(t, file.Close())
	_, err = ReadReceiver(t.Context(), folder, "")
	require.ErrorContains(t, err, path+" is in use and cannot be read at this moment: try again")
}

func TestAMissingFileDoesNotExist(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := ReadReceiver(t.Context(), folder, "")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = ReadReceiver(t.Context(), filepath.Join(folder, "missing"), "")
	require.ErrorIs(t, err, os.ErrNotExist)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left, "reading makes no file")
}

func TestADatabaseOfNobodyHasNoCheckpoints(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := bbolt.Open(statefolder.Old(folder, storeOf("")), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	assert.Empty(t, read(t, folder, ""))
}

func TestAnEmptyFileIsADatabaseThatBegins(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(statefolder.Old(folder, storeOf("")), nil, 0o600))
	assert.Empty(t, read(t, folder, ""))
	require.NoError(t, WriteReceiver(t.Context(), folder, "", many(1), false))
	assert.Equal(t, many(1), read(t, folder, ""))
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
	database, err := os.ReadFile(statefolder.Old(folder, storeOf("")))
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
		folder := t.TempDir()
		path := statefolder.Old(folder, storeOf(""))
		require.NoError(t, os.WriteFile(path, content, 0o600))
		_, err := ReadReceiver(t.Context(), folder, "")
		require.Error(t, err, name)
		assert.ErrorContains(t, err, path)
		err = WriteReceiver(t.Context(), folder, "", many(1), false)
		require.Error(t, err, name)
		assert.ErrorContains(t, err, path)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(content, after), "%s was changed", name)
	}
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
