package tail

import (
	"cmp"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// tailBytes is how many bytes before an offset tell whether they are still those that were read.
const tailBytes = 256

// position is a place between records.
type position struct {
	offset  int64
	tail    checkpoints.Mark
	records int64
	state   records.State
}

// file is one content under one identity. The Tailer's lock guards it, but for what its reader alone uses.
type file struct {
	id      files.ID
	path    string // its lines are sent under this name
	now     string // where it is; "": it has no name
	retired uint64 // not 0: its content is gone from its identity

	size       int64 // as it was last seen
	modified   time.Time
	seen       time.Time
	behind     time.Time // since when something is not delivered; zero: nothing is
	head       checkpoints.Mark
	read       position // up to here it is in chunks
	acked      position // up to here it is delivered
	saved      int64    // up to here a checkpoint was given to the store
	pending    []*chunk
	inFlight   int64     // bytes in pending
	window     int64     // how many there may be
	lastChunk  time.Time // when it was read
	line       *line
	zipped     bool
	atEnd      int64     // the size of a compressed file whose text was read to its end
	unfinished time.Time // since when its rest has no end; zero: it has none, or was not looked at
	restSize   int64     // of the file then
	rest       records.Rest
	flush      records.Flush // what is taken of it by the next reading
	gone       time.Time     // since when it has no name
	released   bool          // it was closed before its end
	problem    string        // why it could not be read
	kept       error         // why it was not removed
	keptUntil  time.Time     // when it is tried again
	heldUntil  time.Time     // it may be a copy
	copyOf     *file

	busy, queued, again, dirty bool
	complete                   bool // nothing is added to an archive
	toldRest                   bool // that its last line waits for its end
	unseen                     bool // what else is new was not looked at
	fresh                      bool // its content is new, and may be a copy

	// Of the reader.
	source *source.Text
	enc    records.Encoding
	labels any
	// What was told of the content.
	leftOut  source.Format
	damaged  bool
	encoding string
}

// line is what the files have in common whose lines are sent under one name: a file and what was rotated from it.
type line struct {
	files []*file
	turn  *inorder.Turn
	// proven says that something was delivered under the name.
	proven bool
	stamp  int64 // of the last chunk, in milliseconds
}

// chunk is what was read of a file at once.
type chunk struct {
	file    *file
	end     position
	bytes   int64
	begun   time.Time
	done    bool
	stalled bool
}

// checkpoint is how far the file was delivered.
func (f *file) checkpoint() checkpoints.Checkpoint {
	return checkpoints.Checkpoint{
		Device: f.id.Device, Inode: f.id.Inode, Retired: f.retired, Path: f.path, Offset: f.acked.offset, Head: f.head, Tail: f.acked.tail,
		Records: f.acked.records, Skip: f.acked.state.Skip, Archive: f.zipped, Seen: f.seen.Truncate(time.Second),
	}
}

// of is a file as a checkpoint has it.
func of(c checkpoints.Checkpoint) *file {
	p := position{c.Offset, c.Tail, c.Records, records.State{Skip: c.Skip}}
	return &file{
		id: files.ID{Device: c.Device, Inode: c.Inode}, path: c.Path, retired: c.Retired, head: c.Head, read: p, acked: p, saved: c.Offset, seen: c.Seen, zipped: c.Archive,
		window: firstWindow,
	}
}

// key is that of its checkpoint.
func (f *file) key() string { return f.checkpoint().Key() }

// unread is how much there is to read, as far as is known. Of compressed text that is only whether there is something.
func (f *file) unread() int64 {
	if f.zipped {
		if f.size != f.atEnd {
			return f.size
		}
		return 0
	}
	return max(0, f.size-f.read.offset)
}

// more tells whether there is something that was not looked at: the file may have been away when its reader came.
func (f *file) more() bool {
	return f.unread() > 0 && (f.unfinished.IsZero() || !f.zipped && f.restSize != f.size)
}

// lag is how much is not delivered, likewise.
func (f *file) lag() int64 {
	if f.zipped {
		return f.unread() + f.inFlight
	}
	return max(0, f.size-f.acked.offset)
}

// rests tells whether what stands at the end, and is not whole, is as it was.
func (f *file) rests() bool { return !f.unfinished.IsZero() && (f.zipped || f.restSize == f.size) }

// fits tells whether a checkpoint's content can be the beginning of a file: its head is the file's, and so are the
// bytes before its offset.
func fits(c *file, s *source.Text, size int64) bool {
	if size < c.read.offset && !c.zipped {
		return false
	}
	return c.matches(s, 0, c.head) && c.matches(s, c.read.offset-int64(c.read.tail.Bytes), c.read.tail)
}

func (*file) matches(s *source.Text, at int64, mark checkpoints.Mark) bool {
	if mark.Bytes == 0 {
		return true
	}
	if at < 0 {
		return false
	}
	text := make([]byte, mark.Bytes)
	n, _ := source.ReadFull(s, text, at) // fewer bytes are no match
	return mark.Of(text[:n])
}

func byLag(a, b Lag) int { return cmp.Compare(b.Bytes, a.Bytes) }

// openSource opens a file. keep is how much of an archive's text can be read again without beginning again, in bytes.
func (t *Tailer) openSource(path string, c source.Compression, keep int) (*source.Text, error) {
	f, err := t.openFile(path)
	if err != nil {
		return nil, err
	}
	return source.New(f, c, keep), nil
}

// archive is the guess whether a file is an archive, before its first bytes are read.
func (t *Tailer) archive(path string) bool {
	return t.o.Compression == source.Always || t.o.Compression == source.Auto && strings.HasSuffix(strings.ToLower(path), ".gz")
}
