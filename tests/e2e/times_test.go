package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// A date in the text of a line drops neither it nor what comes behind it, and lines in another zone than is configured are told with the
// likely cause.
func TestDatesInMessagesAndAnotherZone(t *testing.T) {
	t.Parallel()
	server := awslocal.Serve(t, awslocal.Options{})
	folder := t.TempDir()
	write := func(name string, lines ...string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
		return path
	}
	now := time.Now().UTC()
	at := now.Format("2006-01-02 15:04:05")
	text := []string{
		at + " ERROR query failed:", "select * from t where created > '2019-05-01 00:00:00'", "2019-05-01 00:00:00 | a row", "2019-05-01 00:00:00 | another row", at + " INFO next",
	}
	plain := []string{"Certificate of example, valid since 2020-01-01 00:00:00", "a plain line"}
	s := newSetup(t, server, write("text.log", text...), write("plain.log", plain...), write("tokyo.log", now.Add(9*time.Hour).Format("2006-01-02 15:04:05")+" in Tokyo"))
	s.startHealthy(`yaml:receivers::file_tail::timestamp: {layout: "%Y-%m-%d %H:%M:%S", location: UTC}`)
	await(t, "all lines but that of Tokyo", func() bool { return counted(server) >= len(text)+len(plain) })
	await(t, "what is told of Tokyo", func() bool {
		return s.logged("9:00 h ahead of this host's clock, as if it were written in another time zone") > 0
	})

	r := newReader(t, server)
	for _, stream := range r.streams() {
		switch {
		case strings.HasSuffix(stream, "text.log"):
			assert.Equal(t, text, r.messages(stream))
		case strings.HasSuffix(stream, "plain.log"):
			assert.Equal(t, plain, r.messages(stream))
		default:
			t.Errorf("%s: %q", stream, r.messages(stream))
		}
	}
	assert.Positive(t, s.logged(`"sample": "`+now.Add(9*time.Hour).Format("2006-01-02 15:04:05")), "the exporter shows the line")
}
