package positions

import "fmt"

// Outcome is what became of a position.
type Outcome string

// The outcomes.
const (
	// TakenOver: the receiver goes on at the offset.
	TakenOver Outcome = "taken over"
	// Known: the receiver has an offset of its own, which is left as it is.
	Known Outcome = "known"
	// Gone: there is no such file any more.
	Gone Outcome = "gone"
	// Truncated: the offset is beyond the file's end, so what is in it is new.
	Truncated Outcome = "truncated"
	// Unread: no receiver reads the file.
	Unread Outcome = "unread"
	// Unreadable: the state or the file cannot be read.
	Unreadable Outcome = "unreadable"
)

// Taken is what became of the position in one file or event log, for one receiver.
type Taken struct {
	// StateFile is the agent's.
	StateFile string `json:"state_file"`
	// Name is the file's path, or the event log's channel.
	Name string `json:"name,omitempty"`
	// Receiver is the one that goes on. Empty where there is none.
	Receiver string  `json:"receiver,omitempty"`
	Outcome  Outcome `json:"outcome"`
	// Offset and Size are in bytes; Offset of an event log is the number of its last record.
	Offset int64 `json:"offset"`
	Size   int64 `json:"size,omitempty"`
	// Again is how much comes again after the offset, in bytes.
	Again int64 `json:"again,omitempty"`
	// Problem says why it is unreadable.
	Problem string `json:"problem,omitempty"`
}

// String is one line about it.
func (t Taken) String() string {
	switch t.Outcome {
	case TakenOver:
		text := fmt.Sprintf("%s: %s goes on at %d", t.Name, t.Receiver, t.Offset)
		if t.Size > 0 {
			text += fmt.Sprintf(" of %d bytes", t.Size)
		}
		if t.Again > 0 {
			text += fmt.Sprintf("; %d bytes after it come again, since the agent had not sent all that lies before them", t.Again)
		}
		return text
	case Known:
		return fmt.Sprintf("%s: %s has read it itself, and goes on where it was", t.Name, t.Receiver)
	case Gone:
		return t.Name + ": the file is gone"
	case Truncated:
		return fmt.Sprintf("%s: %s begins at its beginning, since it was truncated: the agent was at %d and it has %d bytes", t.Name, t.Receiver, t.Offset, t.Size)
	case Unread:
		return t.Name + ": no receiver reads it"
	}
	return fmt.Sprintf("%s: it cannot be taken over: %s", t.StateFile, t.Problem)
}
