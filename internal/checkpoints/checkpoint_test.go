package checkpoints

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAMarkRecognisesItsBytes(t *testing.T) {
	t.Parallel()
	text := []byte("2026-01-02 first line\n")
	m := MarkOf(text)
	assert.Equal(t, len(text), m.Bytes)
	assert.True(t, m.Of(text))
	assert.False(t, m.Of([]byte("2026-01-02 other line\n")), "as many other bytes")
	assert.False(t, m.Of(text[:len(text)-1]))
	assert.False(t, m.Of(append(text, 'x')))
	assert.False(t, m.Of(nil))
}

func TestAMarkOfNothingIsZero(t *testing.T) {
	t.Parallel()
	for _, nothing := range [][]byte{nil, {}} {
		assert.Equal(t, Mark{}, MarkOf(nothing))
		assert.True(t, Mark{}.Of(nothing))
	}
	assert.False(t, Mark{}.Of([]byte("x")))
	assert.True(t, Mark{Sum: 1}.Of(nil), "no bytes have no sum")
}

// A change of these sums would make the files of every host unknown.
func TestASumStaysTheSame(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal([]Mark{MarkOf([]byte("abc")), {Bytes: 1, Sum: 1}})
	require.NoError(t, err)
	assert.JSONEq(t, `[{"bytes": 3, "sum": "44bc2cf5ad770999"}, {"bytes": 1, "sum": "0000000000000001"}]`, string(text))
	var marks []Mark
	require.NoError(t, json.Unmarshal(text, &marks))
	assert.True(t, marks[0].Of([]byte("abc")))
	for _, wrong := range []string{`""`, `"xyz"`, `"-1"`, `"1ffffffffffffffff"`, `1`} {
		assert.Error(t, json.Unmarshal([]byte(`{"bytes": 1, "sum": `+wrong+`}`), &Mark{}), wrong)
	}
}

func TestKeysTellCheckpointsApart(t *testing.T) {
	t.Parallel()
	a, b := MarkOf([]byte("a")), MarkOf([]byte("b"))
	different := []Checkpoint{
		{Device: 1, Inode: 2, Path: "/a.log"},
		{Device: 2, Inode: 1, Path: "/a.log"},
		{Device: 1, Inode: 22, Path: "/a.log"},
		{Device: 12, Inode: 2, Path: "/a.log"},
		{Device: 0, Inode: 2, Path: "/a.log"},
		{Device: 1, Inode: 0, Path: "/a.log"},
		{Device: 1, Inode: 2, Path: "/a.log", Retired: 1},
		{Device: 1, Inode: 2, Path: "/a.log", Retired: 2},
		{Path: "/a.log"},
		{Path: "/b.log"},
		{Path: "/a.log", Head: a},
		{Path: "/a.log", Head: b},
		{Path: "/a.log 1"},
		{Head: a}, // file_log may keep no path
		{Head: b},
	}
	keys := map[string]Checkpoint{}
	for _, c := range different {
		other, taken := keys[c.Key()]
		assert.False(t, taken, "%+v and %+v have the key %q", c, other, c.Key())
		keys[c.Key()] = c
	}
}

func TestAKeyStaysWhileAFileGrows(t *testing.T) {
	t.Parallel()
	c := Checkpoint{Device: 1, Inode: 2, Path: "/a.log"}
	key := c.Key()
	c.Offset, c.Records, c.Head, c.Tail, c.Skip, c.Path = 100, 10, MarkOf([]byte("a")), MarkOf([]byte("b")), true, "/renamed.log"
	assert.Equal(t, key, c.Key())
	c.Retired = 1
	key = c.Key()
	c.Device, c.Inode = 3, 4
	assert.Equal(t, key, c.Key(), "the identity belongs to another content")
	imported := Checkpoint{Path: "/a.log", Offset: 1}
	key = imported.Key()
	imported.Offset = 2
	assert.Equal(t, key, imported.Key())
}

func TestSortingIsByPathAndThenByIdentity(t *testing.T) {
	t.Parallel()
	want := []Checkpoint{{Path: "/a"}, {Path: "/a", Inode: 1}, {Path: "/a", Device: 1}, {Path: "/a", Retired: 1}, {Path: "/a", Retired: 2}, {Path: "/b"}}
	got := []Checkpoint{want[5], want[3], want[4], want[2], want[0], want[1]}
	Sort(got)
	assert.Equal(t, want, got)
}
