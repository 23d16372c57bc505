package positions

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStateFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want State
	}{
		"of old":                        {"1234\n/var/log/a.log", State{"/var/log/a.log", 1234, 0}},
		"of old, with an end":           {"1234\n/var/log/a.log\n", State{"/var/log/a.log", 1234, 0}},
		"all was sent":                  {"100\n/a\n0-100", State{"/a", 100, 0}},
		"nothing was sent":              {"0\n/a", State{"/a", 0, 0}},
		"a gap":                         {"200\n/a\n0-100,150-200", State{"/a", 100, 50}},
		"several gaps":                  {"400\n/a\n0-100,150-200,300-400", State{"/a", 100, 150}},
		"a gap at the beginning":        {"200\n/a\n50-200", State{"/a", 0, 150}},
		"ranges that meet":              {"300\n/a\n0-100,100-300", State{"/a", 300, 0}},
		"ranges in no order":            {"300\n/a\n200-300,0-100,90-210", State{"/a", 300, 0}},
		"ranges that overlap later":     {"300\n/a\n0-100,150-250,200-300", State{"/a", 100, 150}},
		"ranges that cannot be read":    {"300\n/a\n0-100,x", State{"/a", 300, 0}},
		"a range that ends before":      {"300\n/a\n0-100,200-150", State{"/a", 300, 0}},
		"line ends of Windows":          {"300\r\nC:\\a b.log\r\n0-300", State{`C:\a b.log`, 300, 0}},
		"an event log":                  {"77\nGroup_Stream_System\n0-77", State{"Group_Stream_System", 77, 0}},
		"a third line without anything": {"5\n/a\n", State{"/a", 5, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(c.text))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for text, want := range map[string]string{"": `the offset "" is no number`, "x\n/a": `the offset "x" is no number`, "-1\n/a": `"-1"`, "5": "the second line", "5\n\n0-5": "the second line"} {
		_, err := Parse([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

// FuzzParse never goes on behind what was sent without a gap, nor panics.
func FuzzParse(f *testing.F) {
	f.Add("200\n/a\n0-100,150-200")
	f.Add("9\n/a\n1-")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse([]byte(text))
		if err == nil && (s.Offset < 0 || s.Again < 0 || s.Name == "") {
			t.Fatalf("%+v", s)
		}
	})
}

const layer = `
receivers:
  file_tail/cwagent_0:
    include: ['${env:LOGS}/app.log*', '/var/$$x/*.log']
    exclude: ['**/*.gz']
    exclude_names: ['\.\d$$']
  file_tail/cwagent_1:
    include: ['C:/Logs/**/*.log']
  file_log/other:
    include: [/var/log/app.log]
  windows_event_log/cwagent_0:
    query: <QueryList><Query Id="0"><Select Path="System">*</Select></Query></QueryList>
  windows_event_log/cwagent_1:
    query: <QueryList><Query Id="0"><Select Path="My_System">*</Select></Query></QueryList>
  windows_event_log/cwagent_2: {channel: System}
`

func TestReceiversOfLayers(t *testing.T) {
	t.Parallel()
	all, err := Receivers(map[string][]byte{"10-base.yaml": []byte("extensions: {}\n"), "40-logs.yaml": []byte(layer)}, func(name string) (string, bool) { return "/var/log", name == "LOGS" })
	require.NoError(t, err)
	readers := func(os, path string) string {
		var ids []string
		for _, r := range all {
			if r.Reads(os, path) {
				ids = append(ids, r.ID())
			}
		}
		return strings.Join(ids, " ")
	}
	assert.Equal(t, "file_tail/cwagent_0", readers("linux", "/var/log/app.log"))
	assert.Equal(t, "file_tail/cwagent_0", readers("linux", "/var/log/app.log-2026"))
	assert.Equal(t, "file_tail/cwagent_0", readers("linux", "/var/$x/a.log"))
	for _, path := range []string{"/var/log/app.log.gz", "/var/log/app.log.1", "/var/log/other"} {
		assert.Empty(t, readers("linux", path), path)
	}
	assert.Equal(t, "file_tail/cwagent_1", readers("windows", `c:\logs\deep\A.LOG`))
	assert.Equal(t, "file_tail/cwagent_1", readers("windows", `C:\Logs\a.log`))

	of, channel := OfEventLog(all, "Group_Stream_System")
	assert.Equal(t, "System", channel)
	assert.Len(t, of, 2)
	of, channel = OfEventLog(all, "Group_Stream_My_System")
	assert.Equal(t, "My_System", channel)
	assert.Len(t, of, 1)
	of, _ = OfEventLog(all, "Group_Stream_Security")
	assert.Empty(t, of)

	_, err = Receivers(map[string][]byte{"x.yaml": []byte("receivers: {file_tail: {include: [a], exclude_names: ['(']}}")}, func(string) (string, bool) { return "", false })
	assert.ErrorContains(t, err, `x.yaml: receivers::file_tail::exclude_names: "(" is no regular expression`)
	_, err = Receivers(map[string][]byte{"x.yaml": []byte("receivers: [")}, nil)
	assert.ErrorContains(t, err, "x.yaml: ")
}

func TestWhatBecameOfAPositionIsOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		taken Taken
		want  string
	}{
		{Taken{Name: "/a", Receiver: "file_tail/x", Outcome: TakenOver, Offset: 5, Size: 9}, "/a: file_tail/x goes on at 5 of 9 bytes"},
		{Taken{Name: "/a", Receiver: "file_tail/x", Outcome: TakenOver, Offset: 5, Size: 9, Again: 2}, "/a: file_tail/x goes on at 5 of 9 bytes; 2 bytes after it come again, since the agent had not sent all that lies before them"},
		{Taken{Name: "/a", Receiver: "file_tail/x", Outcome: Known}, "/a: file_tail/x has read it itself, and goes on where it was"},
		{Taken{Name: "/a", Outcome: Gone}, "/a: the file is gone"},
		{Taken{Name: "/a", Receiver: "file_tail/x", Outcome: Truncated, Offset: 9, Size: 5}, "/a: file_tail/x begins at its beginning, since it was truncated: the agent was at 9 and it has 5 bytes"},
		{Taken{Name: "/a", Outcome: Unread}, "/a: no receiver reads it"},
		{Taken{StateFile: "/s/_a", Outcome: Unreadable, Problem: "damaged"}, "/s/_a: it cannot be taken over: damaged"},
	} {
		assert.Equal(t, c.want, c.taken.String())
	}
}
