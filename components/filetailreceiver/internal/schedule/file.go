package schedule

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
)

// File is what the schedule is told of a file, and what it makes of that. Who owns the Schedule sets the fields.
type File struct {
	// Owner is what it is to who made it.
	Owner any
	// Path is the name under which its lines are sent, and Name where it is; "": it has no name.
	Path, Name string
	// Open says that it can be read without a name.
	Open bool
	// Unlinked says that it has no name any more, whatever it is.
	Unlinked bool
	// Retired says that its identity belongs to another content.
	Retired bool
	// Zipped says that Size is that of compressed text, of which AtEnd was read.
	Zipped bool
	// Size is its last known one, Modified when it was written to by then, and Read up to where it is read.
	Size, AtEnd, Read int64
	Modified          time.Time
	// Changed says that it has to be looked at, whatever its size is.
	Changed bool
	// Unfinished is since when its rest has no end, and RestSize its size then; zero: it has no rest, or was not looked at. Rest is
	// what it is.
	Unfinished time.Time
	RestSize   int64
	Rest       records.Rest
	// Complete says that nothing is added to a compressed file.
	Complete bool
	// LastRead is when it was read last.
	LastRead time.Time
	// Gone is since when it has no name that a pattern names; zero: it has one.
	Gone time.Time
	// Problem is why it cannot be read; "": it can.
	Problem string
	// Delivery is what is in flight of it.
	Delivery Delivery

	state State
	since time.Time // in state
	why   Reason    // it is held
	// waitsFor is an older file that comes first, waitsSince is since when, and idleSince since when nothing of that one is in flight.
	waitsFor              *File
	waitsSince, idleSince time.Time
	passed                bool   // one waited for it in vain; until it is read
	ticket                uint64 // tells its place in the queue from places that it has left
}

// Delivery is what is in flight of a file.
type Delivery struct {
	// Acked is up to where it is delivered.
	Acked int64
	// InFlight is how much is in flight, and Window how much may be, in bytes; Pending is how many chunks that are.
	InFlight, Window int64
	Pending          int
	// Begun is when the oldest of them was.
	Begun time.Time
	// Proven says that something was delivered under its Path.
	Proven bool
}

// State is the file's.
func (f *File) State() State { return f.state }

// Held is why the file is held, and since when.
func (f *File) Held() (Reason, time.Time) { return f.why, f.since }

// Readable reports whether there is something to read it from.
func (f *File) Readable() bool { return f.Name != "" || f.Open }

// Unread is how much there is to read, as far as is known. Of compressed text that is only whether there is something.
func (f *File) Unread() int64 {
	if f.Zipped {
		if f.Size != f.AtEnd {
			return f.Size
		}
		return 0
	}
	return max(0, f.Size-f.Read)
}

// Lag is how much is not delivered, likewise.
func (f *File) Lag() int64 {
	if f.Zipped {
		return f.Unread() + f.Delivery.InFlight
	}
	return max(0, f.Size-f.Delivery.Acked)
}

// Rests reports whether what stands at the end, and is not whole, is as it was.
func (f *File) Rests() bool { return !f.Unfinished.IsZero() && (f.Zipped || f.RestSize == f.Size) }

// OnlyNULs reports whether all that is left is NULs at the file's end, which its program may write over.
func (f *File) OnlyNULs() bool { return f.Rests() && f.Rest == records.Rest{NULs: true} }

// more reports whether there is something that was not looked at: the file may have been away when its reader came.
func (f *File) more() bool {
	return f.Unread() > 0 && (f.Unfinished.IsZero() || !f.Zipped && f.RestSize != f.Size)
}

// isNew reports whether nothing was delivered of a file, nor of another of its name.
func (f *File) isNew() bool { return f.Delivery.Acked == 0 && !f.Delivery.Proven }

// older reports whether a was rotated away before b was begun.
func older(a, b *File) bool {
	if a.Gone.IsZero() != b.Gone.IsZero() {
		return !a.Gone.IsZero()
	}
	if aLive, bLive := a.Name == a.Path, b.Name == b.Path; aLive != bLive {
		return bLive // whatever the clock was when they were written to
	}
	if !a.Modified.Equal(b.Modified) {
		return a.Modified.Before(b.Modified)
	}
	return a.Name > b.Name // app.log.1 before app.log
}
