package cabundle

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
)

func authority(t *testing.T) string {
	t.Helper()
	a, err := certs.New(time.Now())
	require.NoError(t, err)
	return string(a.PEM())
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestBundlesAreReadAsPeopleSaveThem(t *testing.T) {
	t.Parallel()
	text := authority(t)
	little, big := "\xff\xfe", "\xfe\xff"
	for _, u := range utf16.Encode([]rune(text)) {
		little += string([]byte{byte(u), byte(u >> 8)})
		big += string([]byte{byte(u >> 8), byte(u)})
	}
	for name, saved := range map[string]string{
		"as it is": text, "CRLF": strings.ReplaceAll(text, "\n", "\r\n"), "byte order mark": "\xef\xbb\xbf" + text,
		"UTF-16, little": little, "UTF-16, big": big, "with words before it": "# our authority\n" + text,
	} {
		got, err := Read(file(t, saved))
		require.NoError(t, err, name)
		block, _ := pem.Decode(got)
		assert.NotNil(t, block, name)
	}
}

func TestWhatIsNoBundleIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(authority(t)))
	for want, saved := range map[string]string{
		"it is empty": " \n", "it is in DER, and PEM is needed: openssl": string(block.Bytes),
		"but a PRIVATE KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})), "begins with -----BEGIN CERTIFICATE": "nothing",
	} {
		path := file(t, saved)
		_, err := Read(path)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, path)
	}
	_, err := Read(t.TempDir())
	require.Error(t, err)
	_, err = Read(filepath.Join(t.TempDir(), "absent.pem"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
