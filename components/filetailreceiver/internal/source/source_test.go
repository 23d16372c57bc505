package source

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
