package listeners

import "fmt"

// Owner is who listens at an address.
type Owner struct {
	// UID is the user.
	UID int
	// PID is the process, and Command its name as it gives it itself; 0 and "" where this process may not know.
	PID     int
	Command string
}

// String is for messages.
func (o Owner) String() string {
	if o.PID == 0 {
		return fmt.Sprintf("uid %d", o.UID)
	}
	return fmt.Sprintf("uid %d, process %d (%q)", o.UID, o.PID, o.Command)
}
