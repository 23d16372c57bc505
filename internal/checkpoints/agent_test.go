package checkpoints

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/positions"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

// agentOf is an agent's state in a folder of its own, with receivers for *.log.
func agentOf(t *testing.T) (a Agent, logs string, state func(name, text string)) {
	t.Helper()
	a = Agent{State: t.TempDir(), Storage: filepath.Join(t.TempDir(), "state")}
	logs = t.TempDir()
	var err error
	a.Receivers, err = positions.Receivers(map[string][]byte{"logs.yaml": fmt.Appendf(nil, `receivers:
  file_tail/cwagent_0: {include: [%q]}
  file_tail/cwagent_1: {include: [%q]}
  windows_event_log/cwagent_0: {query: '<QueryList><Query Id="0"><Select Path="A&amp;B">*</Select></Query></QueryList>'}
  windows_event_log/cwagent_1: {channel: System}
`, filepath.ToSlash(logs)+"/*.log", filepath.ToSlash(logs)+"/b.*")}, os.LookupEnv)
	require.NoError(t, err)
	return a, logs, func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(a.State, name), []byte(text), 0o600))
	}
}

func TestPositionsOfTheAgentBecomeCheckpoints(t *testing.T) {
	t.Parallel()
	a, logs, state := agentOf(t)
	file := func(name, text string) string {
		path := filepath.Join(logs, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	first, second := file("a.log", "same\nmore\n"), file("b.log", "same\n") // the beginning does not tell them apart
	short, other := file("short.log", "x\n"), file("other.txt", "x\n")
	state("a", "5\n"+first+"\n0-5")
	state("b", "5\n"+second)
	state("c", "100\n"+short)
	state("d", "2\n"+other)
	state("e", "2\n"+filepath.Join(logs, "gone.log"))
	state("f", "none")
	state("g", "1\n"+logs)
	require.NoError(t, os.Mkdir(filepath.Join(a.State, "folder"), 0o700))

	type outcome struct {
		receiver string
		is       positions.Outcome
	}
	outcomes := func(all []positions.Taken) map[string][]outcome {
		m := map[string][]outcome{}
		for _, one := range all {
			name := filepath.Base(one.StateFile)
			m[name] = append(m[name], outcome{one.Receiver, one.Outcome})
		}
		return m
	}
	want := map[string][]outcome{
		"a": {{"file_tail/cwagent_0", positions.TakenOver}},
		"b": {{"file_tail/cwagent_0", positions.TakenOver}, {"file_tail/cwagent_1", positions.TakenOver}},
		"c": {{"file_tail/cwagent_0", positions.Truncated}},
		"d": {{"", positions.Unread}},
		"e": {{"file_tail/cwagent_0", positions.Gone}},
		"f": {{"", positions.Unreadable}},
		"g": {{"", positions.Unreadable}},
	}
	a.DryRun = true
	taken, err := a.TakeOver(context.Background())
	require.NoError(t, err)
	assert.Equal(t, want, outcomes(taken))
	assert.NoDirExists(t, a.Storage, "a dry run writes nothing")

	a.DryRun = false
	again, err := a.TakeOver(context.Background())
	require.NoError(t, err)
	assert.Equal(t, taken, again)
	for name, paths := range map[string][]string{"cwagent_0": {first, second}, "cwagent_1": {second}} {
		all, err := ReadReceiver(context.Background(), a.Storage, name)
		require.NoError(t, err)
		require.Len(t, all, len(paths))
		for i, c := range all {
			assert.Equal(t, paths[i], c.Path)
			assert.EqualValues(t, 5, c.Offset)
			assert.NotZero(t, c.Inode)
			assert.True(t, c.Head.Of([]byte("same\n")))
			assert.True(t, c.Tail.Of([]byte("same\n")))
		}
	}

	// What a receiver has read since is not taken back.
	require.NoError(t, WriteReceiver(context.Background(), a.Storage, "cwagent_1", []Checkpoint{{Path: second, Offset: 7}}, true))
	taken, err = a.TakeOver(context.Background())
	require.NoError(t, err)
	want["a"][0].is, want["b"][0].is, want["b"][1].is = positions.Known, positions.Known, positions.Known
	assert.Equal(t, want, outcomes(taken))
	all, err := ReadReceiver(context.Background(), a.Storage, "cwagent_1")
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.EqualValues(t, 7, all[0].Offset)

	a.State += "-"
	_, err = a.TakeOver(context.Background())
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestPositionsInEventLogsBecomeBookmarks(t *testing.T) {
	t.Parallel()
	a, _, state := agentOf(t)
	state(positions.EventLogPrefix+"G_S_A&B", "42\nG_S_A&B\n0-42")
	state(positions.EventLogPrefix+"H_S_A&B", "40\nH_S_A&B\n0-40")
	state(positions.EventLogPrefix+"G_S_Security", "7\nG_S_Security")
	taken, err := a.TakeOver(context.Background())
	require.NoError(t, err)
	require.Len(t, taken, 3)
	assert.Equal(t, positions.Unread, taken[1].Outcome)
	for _, i := range []int{0, 2} {
		assert.Equal(t, positions.TakenOver, taken[i].Outcome)
		assert.Equal(t, "A&B", taken[i].Name)
		assert.Equal(t, "windows_event_log/cwagent_0", taken[i].Receiver)
		assert.EqualValues(t, 40, taken[i].Offset)
	}
	bookmark := func() (key, value string) {
		values, err := statefolder.Read(t.Context(), a.Storage, eventLogStore("cwagent_0"))
		require.NoError(t, err)
		require.Len(t, values, 1)
		for k, v := range values {
			key, value = k, string(v)
		}
		return key, value
	}
	key, value := bookmark()
	assert.Equal(t, `windows_eventlog_input.<QueryList><Query Id="0"><Select Path="A&amp;B">*</Select></Query></QueryList>`, key)
	assert.Equal(t, `<BookmarkList><Bookmark Channel="A&amp;B" RecordId="40" IsCurrent="true"/></BookmarkList>`, value, "the least: nothing is lost")
	assert.False(t, statefolder.Exists(a.Storage, eventLogStore("cwagent_1")))

	state(positions.EventLogPrefix+"G_S_A&B", "99\nG_S_A&B")
	taken, err = a.TakeOver(context.Background())
	require.NoError(t, err)
	assert.Equal(t, positions.Known, taken[0].Outcome)
	_, again := bookmark()
	assert.Equal(t, value, again)
}
