package boltdb

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

func read(t *testing.T, path string) (map[string]string, error) {
	all := map[string]string{}
	err := Read(t.Context(), path, func(key string, value []byte) error {
		all[key] = string(value)
		return nil
	})
	return all, err
}

func database(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "receiver_file_tail_")
	values := map[string][]byte{"empty": {}}
	for i := range 500 {
		values[fmt.Sprint("key", i)] = bytes.Repeat([]byte{'a' + byte(i%26)}, 100+i)
	}
	require.NoError(t, Write(t.Context(), path, values))
	return path
}

func TestADatabaseIsReadAndWrittenByAChild(t *testing.T) {
	path := database(t)
	require.NoError(t, Check(t.Context(), path))
	require.NoError(t, Write(t.Context(), path, map[string][]byte{"key1": []byte("new")}))
	all, err := read(t, path)
	require.NoError(t, err)
	assert.Len(t, all, 501)
	assert.Equal(t, "new", all["key1"])
	assert.Contains(t, all, "empty")
	_, err = read(t, filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.NoError(t, Check(t.Context(), empty))
	all, err = read(t, empty)
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestADatabaseThatIsOpenIsNotDamaged(t *testing.T) {
	path := database(t)
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	defer db.Close()
	require.ErrorIs(t, Check(t.Context(), path), ErrInUse)
	require.ErrorIs(t, Write(t.Context(), path, nil), ErrInUse)
	require.ErrorContains(t, Check(t.Context(), filepath.Dir(path)), "is not a regular file")
}

func TestADamagedDatabaseEndsTheChildAlone(t *testing.T) {
	path := database(t)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	const page = 4096
	for name, damaged := range map[string][]byte{
		"one page":  good[:page],
		"two pages": good[:2*page],
		"half":      good[:len(good)/2],
		"zeros":     make([]byte, len(good)),
		"no metas":  append(make([]byte, 2*page), good[2*page:]...),
		"no data":   append(bytes.Clone(good[:2*page]), make([]byte, len(good)-2*page)...),
		"garbage":   append(bytes.Clone(good[:2*page]), bytes.Repeat([]byte{0xa5, 0x3c, 0x01}, (len(good)-2*page)/3)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "db")
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			err := Check(t.Context(), path)
			require.ErrorIs(t, err, ErrDamaged)
			t.Log(err)
			_, err = read(t, path)
			t.Log(err)
		})
	}
}
