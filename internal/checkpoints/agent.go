package checkpoints

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/positions"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

const (
	// headBytes is file_tail's fingerprint_size, and tailBytes what it compares before an offset.
	headBytes = 1000
	tailBytes = 256
	// maxState is more than a state file has.
	maxState = 1 << 20
)

// Agent takes over the positions of the CloudWatch agent.
type Agent struct {
	// State is the agent's folder of state files, and Storage the folder of state_storage.
	State, Storage string
	// Receivers are those of the collector's configuration.
	Receivers []positions.Receiver
	// DryRun writes nothing.
	DryRun bool
}

// TakeOver writes checkpoints for the receivers, and says what became of each position, by the name of its state file. Neither
// agent nor collector may run. What a receiver has read itself stays as it is, so that doing it again changes nothing.
func (a Agent) TakeOver(ctx context.Context) ([]positions.Taken, error) {
	entries, err := os.ReadDir(a.State)
	if err != nil {
		return nil, fmt.Errorf("the agent's positions: %w", err)
	}
	var all []positions.Taken
	add := map[string][]Checkpoint{} // by receiver
	events := map[string]*eventLog{} // by channel
	known := map[string][]Checkpoint{}
	for _, r := range a.Receivers {
		if r.Kind != "file_tail" {
			continue
		}
		if known[r.Name], err = ReadReceiver(ctx, a.Storage, r.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		one := positions.Taken{StateFile: filepath.Join(a.State, entry.Name()), Outcome: positions.Unreadable}
		state, err := readState(one.StateFile)
		if err != nil {
			one.Problem = err.Error()
			all = append(all, one)
			continue
		}
		one.Name, one.Offset, one.Again = state.Name, state.Offset, state.Again
		if strings.HasPrefix(entry.Name(), positions.EventLogPrefix) {
			all = append(all, a.eventLog(one, events)...)
			continue
		}
		c, size, err := checkpointOf(state)
		one.Size = size
		switch {
		case errors.Is(err, fs.ErrNotExist):
			one.Outcome = positions.Gone
		case err != nil:
			one.Problem = err.Error()
		}
		found := false
		for _, r := range a.Receivers {
			if !r.Reads(runtime.GOOS, state.Name) {
				continue
			}
			found = true
			one.Receiver = r.ID()
			switch {
			case err != nil:
			case state.Offset > size:
				one.Outcome = positions.Truncated
			case slices.ContainsFunc(known[r.Name], func(k Checkpoint) bool { return k.Key() == c.Key() || k.Path == c.Path && k.Retired == 0 }):
				one.Outcome = positions.Known
			default:
				one.Outcome = positions.TakenOver
				add[r.Name] = append(add[r.Name], c)
			}
			all = append(all, one)
		}
		if !found {
			if err == nil {
				one.Outcome = positions.Unread
			}
			all = append(all, one)
		}
	}
	for i, one := range all {
		if e := events[one.Name]; e != nil && one.Outcome == positions.TakenOver {
			all[i].Offset = e.record // that of another state may be less
		}
	}
	if a.DryRun {
		return all, nil
	}
	for _, name := range slices.Sorted(maps.Keys(add)) {
		if err := WriteReceiver(ctx, a.Storage, name, add[name], false); err != nil {
			return nil, err
		}
	}
	for _, channel := range slices.Sorted(maps.Keys(events)) {
		if err := events[channel].write(ctx, a.Storage); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func readState(path string) (positions.State, error) {
	f, err := os.Open(path)
	if err != nil {
		return positions.State{}, err
	}
	defer func() { _ = f.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(f, maxState))
	if err != nil {
		return positions.State{}, err
	}
	return positions.Parse(text)
}

// checkpointOf is a position as file_tail's checkpoint, with what recognises the file.
func checkpointOf(s positions.State) (Checkpoint, int64, error) {
	c := Checkpoint{Path: s.Name, Offset: s.Offset}
	info, err := os.Stat(s.Name)
	if err != nil {
		return c, 0, err
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait for its writer
		return c, 0, fmt.Errorf("%s is no file", s.Name)
	}
	f, err := os.Open(s.Name)
	if err != nil {
		return c, 0, err
	}
	defer func() { _ = f.Close() }() // it was read
	if info, err = f.Stat(); err != nil {
		return c, 0, err
	}
	if c.Device, c.Inode, err = identity(f, info); err != nil || s.Offset > info.Size() {
		return c, info.Size(), err
	}
	c.Seen = time.Now()
	mark := func(from, to int64) (Mark, error) {
		text := make([]byte, to-from)
		if _, err := f.ReadAt(text, from); err != nil {
			return Mark{}, err
		}
		return MarkOf(text), nil
	}
	if c.Head, err = mark(0, min(headBytes, s.Offset)); err == nil {
		c.Tail, err = mark(max(0, s.Offset-tailBytes), s.Offset)
	}
	return c, info.Size(), err
}

// eventLog is the position in a Windows event log.
type eventLog struct {
	channel   string
	record    int64
	receivers []positions.Receiver
}

// eventLog notes the position in an event log. Of several of one log, which have other groups or levels, the least counts.
func (a Agent) eventLog(one positions.Taken, events map[string]*eventLog) (all []positions.Taken) {
	receivers, channel := positions.OfEventLog(a.Receivers, one.Name)
	if len(receivers) == 0 {
		one.Outcome = positions.Unread
		return []positions.Taken{one}
	}
	e := events[channel]
	if e == nil {
		e = &eventLog{channel: channel, record: one.Offset}
		for _, r := range receivers {
			if !statefolder.Exists(a.Storage, eventLogStore(r.Name)) {
				e.receivers = append(e.receivers, r)
			}
		}
		events[channel] = e
	}
	e.record = min(e.record, one.Offset)
	one.Name, one.Again = channel, 0
	for _, r := range receivers {
		one.Receiver, one.Outcome = r.ID(), positions.Known
		if slices.ContainsFunc(e.receivers, func(known positions.Receiver) bool { return known.ID() == r.ID() }) {
			one.Outcome = positions.TakenOver
		}
		all = append(all, one)
	}
	return all
}

// eventLogStore is the name of the store of the receiver windows_event_log/NAME.
func eventLogStore(receiver string) string {
	return statefolder.Name("receiver", "windows_event_log", receiver, "")
}

// write writes the bookmark of each receiver, as its input has it (pkg/stanza/operator/input/windows of contrib): by its query, or by the
// channel where it has none.
func (e *eventLog) write(ctx context.Context, folder string) error {
	var channel strings.Builder
	if err := xml.EscapeText(&channel, []byte(e.channel)); err != nil {
		return err
	}
	bookmark := fmt.Sprintf(`<BookmarkList><Bookmark Channel="%s" RecordId="%d" IsCurrent="true"/></BookmarkList>`, channel.String(), e.record)
	for _, r := range e.receivers {
		key := r.Query
		if key == "" {
			key = r.Channel
		}
		values := map[string][]byte{"windows_eventlog_input." + key: []byte(bookmark)}
		if err := statefolder.Write(ctx, folder, eventLogStore(r.Name), values); err != nil {
			return err
		}
	}
	return nil
}
