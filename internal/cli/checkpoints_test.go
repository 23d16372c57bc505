package cli

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// Whoever may write in a folder of logs chooses the names of files: they must not write to the terminal of root.
func TestListedNamesCannotFakeLinesOrMoveTheCursor(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, checkpoints.WriteReceiver(context.Background(), folder, "", []checkpoints.Checkpoint{
		{Path: "/var/log/größe 日本.log", Offset: 1},
		{Path: "/var/log/a\n0  0  0  0  -  /var/log/fake.log", Offset: 2},
		{Path: "/var/log/b\x1b[2J\r\x07\u202e.log", Offset: 3},
		{Path: "/var/log/c\xff\u009b.log", Offset: 4},
	}, false))
	var out bytes.Buffer
	cmd := newCheckpointsCommand()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"list", "--dir", folder})
	require.NoError(t, cmd.Execute())
	assert.Equal(t, 5, bytes.Count(out.Bytes(), []byte("\n")), "a head and a line for each file:\n%q", out.String())
	assert.Regexp(t, `  /var/log/größe 日本\.log +-\n`, out.String(), "a name that can be printed is as it is")
	assert.NotContains(t, out.String(), "\x1b")
	assert.NotContains(t, out.String(), "\r")
	assert.NotContains(t, out.String(), "\u202e")
	assert.NotContains(t, out.String(), "\u009b")
	assert.Contains(t, out.String(), `"/var/log/a\n0`)
}
