// Package checkpoints keeps how far log files were delivered. The receiver file_tail writes them through a storage
// extension; the subcommand `checkpoints` reads and writes them where no collector runs.
package checkpoints

import (
	"fmt"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Checkpoint is how far one file was delivered.
type Checkpoint struct {
	// Device and Inode are the file's identity: st_dev and st_ino, or the volume and the index of Windows. Both are 0
	// where the identity is not known: then Path and Head have to tell.
	Device uint64 `json:"device,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	// Retired is not 0 where the file's content has been replaced since, so that the identity belongs to another
	// content: only a copy of the old one can go on here. It tells several of one file apart.
	Retired uint64 `json:"retired,omitempty"`
	// Path is the name under which the file's lines are sent: the one it had when it was found.
	Path string `json:"path"`
	// Offset is the end of the last record which was delivered together with all that are before it, in bytes.
	Offset int64 `json:"offset"`
	// Head is of the file's first bytes, and Tail of those before Offset.
	Head Mark `json:"head,omitzero"`
	Tail Mark `json:"tail,omitzero"`
	// Records is how many records were read before Offset.
	Records int64 `json:"records,omitempty"`
	// Skip says that Offset is within a record which was too large, and whose rest is not wanted.
	Skip bool `json:"skip,omitempty"`
	// Archive says that Offset is in the text of an archive.
	Archive bool `json:"archive,omitempty"`
	// Seen is when the file was last there.
	Seen time.Time `json:"seen,omitzero"`
	// Now is where it was then, if that is not Path.
	Now string `json:"now,omitempty"`
	// Why is why it was taken for what it is, for people.
	Why string `json:"why,omitempty"`
}

// Key tells checkpoints apart.
func (c Checkpoint) Key() string {
	switch {
	case c.Retired != 0:
		return fmt.Sprintf("retired %d", c.Retired)
	case c.Device == 0 && c.Inode == 0:
		return fmt.Sprintf("path %s %d", c.Path, c.Head.Sum)
	}
	return strconv.FormatUint(c.Device, 10) + " " + strconv.FormatUint(c.Inode, 10)
}

// Mark recognises bytes.
type Mark struct {
	// Bytes is how many they are; 0: none are known.
	Bytes int `json:"bytes"`
	// Sum is their XXH64.
	Sum Sum `json:"sum"`
}

// MarkOf is the mark of bytes.
func MarkOf(text []byte) Mark {
	if len(text) == 0 {
		return Mark{}
	}
	return Mark{Bytes: len(text), Sum: Sum(xxhash.Sum64(text))}
}

// Of tells whether the mark is of these bytes.
func (m Mark) Of(text []byte) bool {
	return m.Bytes == len(text) && (m.Bytes == 0 || m.Sum == Sum(xxhash.Sum64(text)))
}

// Sum is written in hexadecimal: other readers of JSON would round a number of 64 bits.
type Sum uint64

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(s)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Sum) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*s = Sum(n)
	return err
}
