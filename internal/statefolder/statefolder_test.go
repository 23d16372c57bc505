package statefolder

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

func TestMain(m *testing.M) {
	boltdb.Main()
	if folder := os.Getenv("STATEFOLDER_TEST_LOCK"); folder != "" {
		_, err := LockFolder(folder)
		fmt.Println(os.Getpid(), err)
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestASecondCollectorIsToldWhoHasTheFolder(t *testing.T) {
	folder := t.TempDir()
	first := exec.Command(os.Args[0])
	first.Env = append(os.Environ(), "STATEFOLDER_TEST_LOCK="+folder)
	out, err := first.StdoutPipe()
	require.NoError(t, err)
	in, err := first.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, first.Start())
	said, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, _, _ := strings.Cut(said, " ")

	_, err = LockFolder(folder)
	require.ErrorContains(t, err, folder)
	require.ErrorContains(t, err, "the process "+pid+":")

	require.NoError(t, in.Close())
	require.NoError(t, first.Wait())
	l, err := LockFolder(folder)
	require.NoError(t, err, "the lock ends with the process")
	require.NoError(t, l.Problem)
	_, err = LockFolder(folder)
	require.ErrorContains(t, err, "this collector itself")
	require.NoError(t, l.Release())
	require.NoError(t, l.Release())
}

func TestAFolderThatCannotBeLockedIsUsedWithout(t *testing.T) {
	l, err := LockFolder(filepath.Join(t.TempDir(), "absent"))
	require.NoError(t, err)
	require.Error(t, l.Problem)
	require.NoError(t, l.Release())
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, lockName), 0o700))
	l, err = LockFolder(folder)
	require.NoError(t, err)
	require.Error(t, l.Problem)
}

func TestNamesAreThoseOfFileStorage(t *testing.T) {
	assert.Equal(t, "receiver_file_tail_", Name("receiver", "file_tail", "", ""))
	assert.Equal(t, "exporter_cloudwatch_emf_a~002Fb_metrics", Name("exporter", "cloudwatch_emf", "a/b", "metrics"))
	assert.Equal(t, filepath.Join("d", "receiver_file_tail_.state"), Path("d", "receiver_file_tail_"))
	assert.Len(t, filepath.Base(Path("d", strings.Repeat("x", 300))), 64+len(suffix))
	folder := t.TempDir()
	for _, name := range []string{"receiver_file_tail_", "receiver_file_tail_a~002Fb", "receiver_file_tail_x.converted", "receiver_file_tail_y.damaged-20260101T000000.000Z", "exporter_x_"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(folder, "receiver_file_tail_.state"), 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "receiver_file_tail_c.state"), 0o700))
	names, err := Stores(folder, "receiver_file_tail_")
	require.NoError(t, err)
	assert.Equal(t, []string{"", "a/b", "c"}, names)
}

func database(t *testing.T, path string, n int) {
	t.Helper()
	values := map[string][]byte{}
	for i := range n {
		values[fmt.Sprint("key", i)] = []byte(strings.Repeat("v", 5000))
	}
	require.NoError(t, boltdb.Write(t.Context(), path, values))
}

func openStore(t *testing.T, folder string) (*statelog.Log, Report) {
	t.Helper()
	l, r, err := Open(t.Context(), folder, "s", statelog.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l, r
}

func TestADatabaseOfFileStorageBecomesAStore(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "s")
	database(t, old, 1000)
	l, r := openStore(t, folder)
	assert.Equal(t, 1000, r.Converted)
	assert.Empty(t, r.Problems)
	v, err := l.Get("key999")
	require.NoError(t, err)
	assert.Len(t, v, 5000)
	require.NoError(t, l.Close())
	assert.NoFileExists(t, old)
	assert.FileExists(t, old+convertedMark)

	l, r = openStore(t, folder)
	assert.Equal(t, -1, r.Converted, "once")
	assert.Equal(t, 1000, r.Keys)
	require.NoError(t, l.Close())

	// A version of before that ran in between knew only its database.
	database(t, old, 3)
	require.NoError(t, os.Chtimes(old, time.Now(), time.Now().Add(time.Minute)))
	l, r = openStore(t, folder)
	assert.Equal(t, 3, r.Converted)
	require.Len(t, r.Problems, 1, "what the store had is told, and kept: nobody may have sent what was in its queue")
	assert.Contains(t, r.Problems[0].Reason, "1000 values")
	kept, problems, err := statelog.Read(r.Problems[0].Path)
	require.NoError(t, err)
	assert.Empty(t, problems)
	assert.Len(t, kept, 1000)
	v, err = l.Get("key999")
	require.NoError(t, err)
	assert.Nil(t, v)
	require.NoError(t, l.Close())

	past := time.Now().Add(-2 * convertedTTL)
	require.NoError(t, os.Chtimes(old+convertedMark, past, past))
	openStore(t, folder)
	assert.NoFileExists(t, old+convertedMark)
}

func TestAConversionThatDidNotEndBeginsAgain(t *testing.T) {
	folder := t.TempDir()
	database(t, filepath.Join(folder, "s"), 10)
	l, _ := statelog.Open(statelog.Options{Folder: Path(folder, "s")})
	require.NoError(t, l.Batch(&statelog.Op{Kind: statelog.Set, Key: converting}, &statelog.Op{Kind: statelog.Set, Key: "key1"}))
	require.NoError(t, l.Close())
	l, r := openStore(t, folder)
	assert.Equal(t, 10, r.Converted)
	_, ok := sizeOf(l, converting)
	assert.False(t, ok)
}

func TestWhatADamagedDatabaseStillHasIsTaken(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "s")
	database(t, old, 200)
	info, err := os.Stat(old)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(old, info.Size()/4))
	l, r := openStore(t, folder)
	require.Len(t, r.Problems, 1)
	assert.Contains(t, r.Problems[0].Path, "s"+statelog.DamagedMark)
	assert.FileExists(t, r.Problems[0].Path)
	require.NoError(t, l.Batch(&statelog.Op{Kind: statelog.Set, Key: "goes", Value: []byte("on")}))
}

func TestADatabaseThatIsOpenIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "s")
	database(t, old, 1)
	db, err := bbolt.Open(old, 0o600, nil)
	require.NoError(t, err)
	_, _, err = Open(t.Context(), folder, "s", statelog.Options{})
	require.ErrorIs(t, err, boltdb.ErrInUse)
	require.NoError(t, db.Close())
	_, r := openStore(t, folder)
	assert.Equal(t, 1, r.Converted)
}

func TestAFolderThatOthersMayWriteIsTold(t *testing.T) {
	if filepath.Separator == '\\' {
		t.Skip("Windows' folders inherit their rights")
	}
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o700))
	require.NoError(t, Suspicious(folder))
	require.NoError(t, os.Chmod(folder, 0o777))
	require.ErrorContains(t, Suspicious(folder), "mode 0777")
}
