package tail

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/inorder"
)

// Options of a Tailer. All that has no default here has to be given.
type Options struct {
	Finder   *files.Finder
	Splitter *records.Splitter
	Encoding records.Encoding
	Store    *checkpoints.Store

	// Begin makes a delivery of a chunk, which is not valid afterwards. The delivery returns nil when nothing of the
	// chunk needs to be read again, and an error only when its context has ended. Nil: there is nothing to deliver.
	Begin func(*Chunk) func(context.Context) error
	// Events is told what happens. Its methods must be quick.
	Events Events
	Logger *zap.Logger
	// Now is the wall clock, which stamps chunks; nil: time.Now. Waits are measured by a clock that nobody sets.
	Now func() time.Time

	// Identity is what makes a file the one that was read before.
	Identity inventory.Identity
	// FromEnd begins files that are there at the first start at their end. Later ones are read from their beginning.
	FromEnd bool
	// AfterTruncation is where a file goes on that was truncated: at its beginning, or, with true, at its new end.
	AfterTruncation bool
	Poll            time.Duration
	// Linger is how often a file is read whose news do not fill a chunk.
	Linger time.Duration
	// Flush is how long what has no end stays as it is before it is taken as whole.
	Flush records.Waits
	// ChunkBytes is how much is read at once, and MaxRecordBytes the largest record.
	ChunkBytes, MaxRecordBytes int
	// MaxInFlight is how much may be read and not be saved as delivered, in bytes. Less is where more does not help.
	MaxInFlight int64
	// Strict has one chunk of each file in flight.
	Strict bool
	// MaxOpen is how many files are kept open.
	MaxOpen int
	// HeadBytes is how much of a file's beginning recognises it.
	HeadBytes int
	Readers   int
	// Drain is how long Stop waits for what is in flight, and with DrainFiles for what is not read yet.
	Drain time.Duration
	// DrainFiles reads files to their ends before a stop.
	DrainFiles bool
	// Compression says which files are read as archives.
	Compression source.Compression
	// Remove removes files that were delivered; RemoveOld all but the newest of them.
	Remove, RemoveOld bool
	// ReleaseDeleted closes deleted files whose rest cannot be delivered for now.
	ReleaseDeleted bool
	// FreeCache tells the operating system that what was read needs no cache.
	FreeCache bool
}

// Chunk are records that follow each other in a file.
type Chunk struct {
	// Path is the name under which the lines are sent, and Now the one of the file.
	Path, Now string
	// File is what was read.
	File files.Info
	// Labels is what Begin keeps for the file, nil at first.
	Labels *any
	// Raw has the records at Spans. Offset is that of Raw in the file, Number that of the first record, from 1 on.
	Raw            []byte
	Spans          []records.Span
	Encoding       records.Encoding
	Offset, Number int64
	// Read is when. Of one file no two chunks have the same millisecond.
	Read time.Time
	Turn *inorder.Turn
}

// Events is told what happens.
type Events interface {
	Read(bytes, records int)
	Acknowledged(bytes int64)
	Rotated()
	Truncated(lost int64)
	Released(lost int64)
	// Abandoned is told of a deleted file that was closed though its program has it open.
	Abandoned()
	// Unusual is told what a file has that its user should know of.
	Unusual(path string, u Unusual)
	// Looked is told of each look how it went: an error says that files may not be found.
	Looked(err error)
}

// Unusual is what a file has that its user should know of.
type Unusual struct {
	// NULs is how many bytes are left out as NUL, and CutOff how many as the rest of records that are too large.
	NULs, CutOff int64
	// LeftOut is the format of an archive that is not read.
	LeftOut source.Format
	// Damage is why an archive cannot be read to its end.
	Damage error
	// Encoding is what the file seems to have, and is not read as.
	Encoding string
}

// Stats is how things stand.
type Stats struct {
	Files, Open         int
	InFlight            int64 // bytes
	LagBytes            int64
	LagSeconds          float64 // of the file which is behind for longest
	Worst               []Lag   // the files furthest behind, at most 20
	Unreadable, Pending int     // files
	// Waiting are files that do not go on by themselves, those that wait for longest first, at most 20.
	Waiting []Wait
}

// Wait is a file that does not go on by itself.
type Wait struct {
	// Path is the name under which its lines are sent, and Name where it is.
	Path, Name string
	// Why says what for, and Seconds is for how long.
	Why     string
	Seconds float64
}

// Lag is how far a file is behind.
type Lag struct {
	Path    string
	Bytes   int64
	Seconds float64
}
