package inventory

import (
	"errors"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// Place is where a known content is.
type Place int

// Where a known content is.
const (
	// Here: its identity is among the files that were found.
	Here Place = iota
	// Aside: its file is there under a name that no pattern wants.
	Aside
	// Gone: no name leads to its file any more.
	Gone
	// Retired: its file has another content now.
	Retired
	// Imported: its identity was never known.
	Imported
)

// Position is a place in a content, and the mark of the bytes before it.
type Position struct {
	Offset int64
	Tail   checkpoints.Mark
}

// Known is what is known of one content.
type Known struct {
	ID files.ID
	// Path is the name that its lines are sent under, and Now the last name that it was seen by.
	Path, Now string
	Place     Place
	// Since is since when it is not here, and Was the name that it had before.
	Since time.Time
	Was   string
	Head  checkpoints.Mark
	// Read is how far it was read, and Acked how far it was delivered.
	Read, Acked Position
	Size        int64
	Modified    time.Time
	// Touched is when it was read last: what was found before that is out of date.
	Touched time.Time
	// Archive says that it is compressed: Size is of the archive, and positions are of its text.
	Archive bool
	// Moving says that it is being read at this moment, so that its position is about to change.
	Moving bool
	// Unjudged says that nothing was read of it, and that its content was not looked at, as there was none or as it waits.
	Unjudged bool
	// Waits is since when it has waited for the file that it may be a copy of, without growing.
	Waits time.Time
	// Differs says that a reader found other bytes before its position.
	Differs bool
}

// Kind is what a found file is.
type Kind int

// What a found file is.
const (
	// Same: the file goes on.
	Same Kind = iota
	// Rotated: a known content under another name, or under another identity: renamed, moved, packed.
	Rotated
	// Copy: a copy of a known file, of which what is known as delivered is not sent again.
	Copy
	// Replaced: another content where a known one was, under the same name.
	Replaced
	// New: a log of its own, or a generation of one that was rotated before anybody saw it.
	New
	// LeftOut: an archive that nobody asked for, of nothing that is known.
	LeftOut
	// Later: not looked at for now.
	Later
)

// String is the word for a kind in logs and lists.
func (k Kind) String() string {
	return [...]string{"same", "rotated", "copy", "replaced", "new", "left out", "later"}[k]
}

// Decision is what becomes of a found file.
type Decision struct {
	Kind Kind
	// Of is the known content that goes on in the file, or that it is a copy of, as its index; none: -1.
	Of int
	// Displaced is the known content that had the file's identity and has not any more; none: -1.
	Displaced int
	// Path is the name that the file's lines are sent under.
	Path string
	// At is where the file is read on, and Head what it begins with, for copies and for files that are begun at their end.
	At   Position
	Head checkpoints.Mark
	// Archive says that the file is compressed.
	Archive bool
	// Wait says that it cannot be told yet: the file waits.
	Wait bool
	// Reason says why, for people.
	Reason string
}

// Moved is that a log's file went from its name, so that what was never seen may be a generation of it.
type Moved struct {
	At time.Time
	// Name is the one that the file has now; "": it is not known.
	Name string
	// Modified is when the file was written to last.
	Modified time.Time
}

// Text is a found file's content; that of an archive is what is in it.
type Text interface {
	// ReadAt reads up to len(p) bytes from a place on; fewer at the end, which is no error.
	ReadAt(p []byte, at int64) (int, error)
	// Size is how long the text is. Of an archive it is what its end says, which is wrong as long as it is written.
	Size() int64
	Archive() bool
	Close()
}

// Prober reads the contents that decisions need.
type Prober interface {
	// Open opens the file of a name if it has an identity. ErrElsewhere: the name has another file by now, or none.
	Open(path string, id files.ID) (Text, error)
	// Enough says that the rest has to wait: others have their turn.
	Enough() bool
}

// ErrElsewhere says that a file that was found under a name is not there any more.
var ErrElsewhere = errors.New("the file has another name by now")

// Identity is which evidence makes a file the one that was read before.
type Identity int

// Which evidence makes a file the one that was read before, beside its device and inode.
const (
	// ByContent: what it has.
	ByContent Identity = iota
	// ByPath: that it has the same name, and fits.
	ByPath
	// ByInode: nothing else.
	ByInode
)

// Options of decisions.
type Options struct {
	Now      time.Time
	Identity Identity
	// HeadBytes is how much of a beginning recognises a file.
	HeadBytes int
	// Novel reports whether a file may have been there for long: its pattern is used for the first time. Nil: none is.
	Novel func(files.Found) bool
	// FromEnd begins novel files at their end.
	FromEnd bool
	// LeaveArchives leaves out archives of nothing that is known.
	LeaveArchives bool
	// Beside are files that no pattern wants, where the archive of a content that is gone may be among them.
	Beside []files.Found
	// Moved has the logs whose files went from their names not long ago. Decide adds to it.
	Moved map[string]Moved
}

const (
	// copyTime is how long a file that begins as another one of its name waits for that one to be truncated, as rotation by
	// copying does, since it has grown last.
	copyTime = 10 * time.Second
	// recent is for how long a content that is gone may come back under another identity: a move to another file system takes
	// that long.
	recent = time.Minute
	// movedTime is for how long a rotation may bring generations to light.
	movedTime = 5 * time.Second
	// headBytes is how much of a beginning is read at least to recognise it.
	headBytes = 1000
	// mostUnpacked is how much of an archive is unpacked to recognise it.
	mostUnpacked = 32 << 20
	// specificBytes is how much has to be equal before content alone says that two files are one: programs begin their logs
	// with the same few lines each time.
	specificBytes = 256
	// mostCandidates is how many contents with the same beginning are compared with a file, and mostOriginals how many files
	// that it may be a copy of.
	mostCandidates = 64
	mostOriginals  = 8
)
