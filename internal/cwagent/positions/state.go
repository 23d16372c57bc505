// Package positions reads what the CloudWatch agent knows of how far it has sent files and Windows event logs, and finds the
// receivers of a converted configuration that go on with them. It reads no files: package checkpoints does.
package positions

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// EventLogPrefix begins the names of state files of Windows event logs.
const EventLogPrefix = "Amazon_CloudWatch_WindowsEventLog_"

// Folder is where the agent of an operating system keeps its state.
func Folder(os string) string {
	if os == "windows" {
		return `C:\ProgramData\Amazon\AmazonCloudWatchAgent\Logs\state`
	}
	return "/opt/aws/amazon-cloudwatch-agent/logs/state"
}

// State is one state file.
type State struct {
	// Name is the file's path, or GROUP_STREAM_CHANNEL of an event log.
	Name string
	// Offset is where to go on so that nothing is lost: everything before was sent.
	Offset int64
	// Again is how much after Offset was sent, too, and will be sent again: the agent's requests are answered in any order.
	Again int64
}

// Parse reads a state file: the largest offset, the name, and, since 2025, the ranges that were sent, such as 0-100,150-200. What
// lies between them was not sent. Where the ranges cannot be read the agent goes by the offset, and so does this.
func Parse(text []byte) (State, error) {
	lines := strings.Split(string(text), "\n")
	largest, err := strconv.ParseInt(strings.TrimSpace(lines[0]), 10, 64)
	if err != nil || largest < 0 {
		return State{}, fmt.Errorf("the offset %q is no number: it is no state file of the agent, or damaged", clip(lines[0]))
	}
	if len(lines) < 2 || strings.TrimRight(lines[1], "\r") == "" {
		return State{}, errors.New("the second line, which names the file, is missing: it is no state file of the agent, or damaged")
	}
	s := State{Name: strings.TrimRight(lines[1], "\r"), Offset: largest}
	if len(lines) < 3 {
		return s, nil
	}
	sent, ok := ranges(strings.TrimSpace(lines[2]))
	if !ok {
		return s, nil
	}
	s.Offset = 0
	for _, r := range sent {
		if r.from <= s.Offset {
			s.Offset = max(s.Offset, r.to)
		}
	}
	to := s.Offset
	for _, r := range sent {
		if r.to > to {
			s.Again += r.to - max(r.from, to)
			to = r.to
		}
	}
	return s, nil
}

func clip(text string) string { return text[:min(len(text), 40)] }

// span is what was sent, without its end.
type span struct{ from, to int64 }

// ranges are those of a line, in their order. One without an end means all that follows, which no file has.
func ranges(line string) ([]span, bool) {
	var all []span
	for _, text := range strings.Split(line, ",") {
		from, to, found := strings.Cut(text, "-")
		start, err := strconv.ParseInt(from, 10, 64)
		end := int64(math.MaxInt64)
		if to != "" && err == nil {
			end, err = strconv.ParseInt(to, 10, 64)
		}
		if !found || err != nil || start < 0 || end <= start {
			return nil, false
		}
		all = append(all, span{start, end})
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return all, true
}
