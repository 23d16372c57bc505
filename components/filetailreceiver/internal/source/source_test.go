package source

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// zipped is a text as one member of a gzip archive.
func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// What was read of a compressed file is not kept while it is open, though a bomb of many members goes on for long.
func TestTheTextOfACompressedFileIsNotKept(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.gz")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(zipped(t, strings.Repeat("0123456789abcde\n", 10_000)), 20)), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	text := New(&files.Opened{File: f}, Auto, 2<<20)
	defer func() { require.NoError(t, text.Close()) }()
	p := make([]byte, 16<<10)
	for at := int64(0); at < 20*160_000; at += int64(len(p)) {
		n, err := ReadFull(text, p, at)
		require.NoError(t, err)
		require.Equal(t, "0123456789abcde\n", string(p[:16]))
		text.Forget(at + int64(n) - 256)
		require.LessOrEqual(t, cap(text.unzipped.last), 2*256)
	}
}

// write makes a file, and returns its text.
func write(t *testing.T, c Compression, content string) (*Text, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	text := New(&files.Opened{File: f}, c, 1<<20)
	t.Cleanup(func() { require.NoError(t, text.Close()) })
	return text, path
}

// all is a whole text.
func all(t *testing.T, text *Text) string {
	t.Helper()
	p := make([]byte, 1<<20)
	n, err := ReadFull(text, p, 0)
	require.NoError(t, err)
	return string(p[:n])
}

// The first bytes of gzip, xz, bzip2 and zip are those that Python 3 writes of "a\n", those of zstd and lz4 what their programs do; the
// others are those of their specifications.
func TestAFormatIsKnownByItsFirstBytes(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]Format{
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03": Gzip,
		"\x28\xb5\x2f\xfd\x04\x58\x11\x00\x00\x61": Zstd,
		"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6": XZ,
		"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59": Bzip2,
		"\x50\x4b\x03\x04\x14\x00\x00\x00\x00\x00": Zip,
		"\x04\x22\x4d\x18\x64\x40\xa7\x02\x00\x00": LZ4,
		"\x37\x7a\xbc\xaf\x27\x1c\x00\x04":         LZMA7,
		"\x1f\x9d\x90\x61\x14":                     LZW,
		"":                                         None,
		"\x1f":                                     None,
		"BZh9 is the beginning of a line":          None,
		"PK a line":                                None,
		"7zip: a line":                             None,
	} {
		assert.Equal(t, want, FormatOf([]byte(head)), "%q", head)
	}
}

func TestWhatIsReadOfAnArchive(t *testing.T) {
	t.Parallel()
	member := zipped(t, "first\n")
	for name, c := range map[string]struct {
		compression Compression
		content     string
		want        string
		leftOut     Format
		complete    bool
		damaged     bool
	}{
		"text":                      {Plain, "a\n", "a\n", None, false, false},
		"text, auto":                {Auto, "a\n", "a\n", None, false, false},
		"left out":                  {Plain, member, "", Gzip, false, false},
		"of another format":         {Auto, "\x28\xb5\x2f\xfd\x04\x58", "", Zstd, false, false},
		"auto":                      {Auto, member, "first\n", None, true, false},
		"always":                    {Always, member, "first\n", None, true, false},
		"several members":           {Auto, member + zipped(t, "second\n"), "first\nsecond\n", None, true, false},
		"being written":             {Auto, member + zipped(t, "second\n")[:10], "first\n", None, false, false},
		"its head is being written": {Auto, member[:4], "", None, false, false},
		"something after it":        {Auto, member + "no archive", "first\n", None, true, true},
		"a wrong checksum":          {Auto, member[:len(member)-8] + "12345678", "first\n", None, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _ := write(t, c.compression, c.content)
			assert.Equal(t, c.want, all(t, text))
			assert.Equal(t, c.leftOut, text.LeftOut())
			assert.Equal(t, c.complete, text.Complete())
			assert.Equal(t, c.damaged, text.Damage() != nil)
		})
	}
}

func TestAFileWhoseContentIsReplacedIsRecognisedAnew(t *testing.T) {
	t.Parallel()
	text, path := write(t, Auto, zipped(t, "first\n"))
	assert.Equal(t, "first\n", all(t, text))
	require.NoError(t, os.WriteFile(path, []byte("plain\n"), 0o600))
	assert.Equal(t, "plain\n", all(t, text))
	assert.False(t, text.Archive())
	require.NoError(t, os.WriteFile(path, []byte("PK\x03\x04"), 0o600))
	assert.Empty(t, all(t, text))
	assert.Equal(t, Zip, text.LeftOut())
}

func TestTheEndOfAHoleIsFound(t *testing.T) {
	t.Parallel()
	const size = 300 << 20 // more than is looked through at once, where holes are read
	search := func(t *testing.T, text *Text, at int64) (next int64, found bool) {
		t.Helper()
		for range 4 {
			next, found, more, err := text.AfterHole(at)
			require.NoError(t, err)
			if !more {
				return next, found
			}
		}
		t.Fatal("the search does not end")
		return 0, false
	}
	text, path := write(t, Plain, "a\n")
	require.NoError(t, os.Truncate(path, size))
	next, found := search(t, text, 2)
	assert.False(t, found)
	assert.EqualValues(t, size, next)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.WriteString("b\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	next, found = search(t, text, 2)
	assert.True(t, found)
	assert.EqualValues(t, size, next)
	// What is written into it later is found, too.
	f, err = os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("c\n"), 5_000)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	next, found = search(t, text, 2)
	assert.True(t, found)
	assert.EqualValues(t, 5_000, next)
	// So it is in an archive.
	text, _ = write(t, Auto, zipped(t, "a\n"+strings.Repeat("\x00", 1<<20)+"b\n"))
	assert.Len(t, all(t, text), 1<<20)
	next, found = search(t, text, 2)
	assert.True(t, found)
	assert.EqualValues(t, 1<<20+2, next)
}

// Each reading begins at the archive's begin: while it grows, it is read when it has doubled, or is still.
func TestAnArchiveThatGrowsIsNotReadAllTheTime(t *testing.T) {
	t.Parallel()
	member := zipped(t, strings.Repeat("0123456789abcdef\n", 10_000))
	n := len(member) / 3
	text, path := write(t, Auto, member[:n])
	all(t, text)
	now := time.Now()
	assert.False(t, text.Growing(now), "nothing is new")
	require.NoError(t, os.WriteFile(path, []byte(member[:n+n/2]), 0o600))
	assert.True(t, text.Growing(now))
	assert.False(t, text.Growing(now.Add(time.Hour)), "it is still")
	assert.True(t, text.Growing(now.Add(-time.Hour)), "the clock was set back")
	assert.False(t, text.Growing(now.Add(-time.Hour+maxWait)), "but not for ever")
	require.NoError(t, os.WriteFile(path, []byte(member[:2*n]), 0o600))
	assert.False(t, text.Growing(now), "it has doubled")
	require.NoError(t, os.WriteFile(path, []byte(member), 0o600))
	assert.Len(t, all(t, text), 170_000)
	assert.False(t, text.Growing(now), "it is complete")
}
