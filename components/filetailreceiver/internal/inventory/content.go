package inventory

import (
	"bytes"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// subject is a found file whose content is looked at.
type subject struct {
	text Text
	head []byte // the first bytes
	size int64
}

// newSubject reads the beginning of a text.
func newSubject(t Text, most int) (*subject, error) {
	head := make([]byte, most)
	n, err := t.ReadAt(head, 0)
	if err != nil {
		return nil, err
	}
	return &subject{text: t, head: head[:n], size: t.Size()}, nil
}

// begins reports whether the text begins with what a mark is of.
func (s *subject) begins(m checkpoints.Mark) bool {
	return m.Bytes <= len(s.head) && m.Of(s.head[:m.Bytes])
}

// has reports whether the bytes before a position are those that were read. Far within an archive they are compared only by who
// reads it on, as they always are: here its length is enough, so that nothing long has to be unpacked.
func (s *subject) has(p Position) bool {
	if s.text.Archive() && p.Offset > mostUnpacked {
		return s.size >= p.Offset&(1<<32-1) // the end of an archive has 32 bits
	}
	return s.size >= p.Offset && s.reads(p)
}

func (s *subject) reads(p Position) bool {
	if p.Tail.Bytes == 0 {
		return true
	}
	from := p.Offset - int64(p.Tail.Bytes)
	if from < 0 {
		return false
	}
	text := make([]byte, p.Tail.Bytes)
	n, err := s.text.ReadAt(text, from)
	return err == nil && p.Tail.Of(text[:n])
}

// fits reports whether a known content, as far as it was read, can be the text's beginning.
func (s *subject) fits(k *Known) bool { return s.begins(k.Head) && s.has(k.Read) }

// specific reports whether the first bytes up to an offset are enough, and different enough, to say that two files with them
// are one.
func (s *subject) specific(offset int64) bool {
	if offset < specificBytes || len(s.head) < specificBytes || repeats(s.head[:min(int64(len(s.head)), offset)]) {
		return false
	}
	if s.text.Archive() {
		return true
	}
	tail := make([]byte, specificBytes)
	n, err := s.text.ReadAt(tail, offset-specificBytes)
	return err == nil && n == len(tail) && !repeats(tail)
}

// repeats reports whether a text is few lines again and again, as of a heartbeat.
func repeats(text []byte) bool {
	if n := bytes.IndexByte(text, '\n'); n >= 0 && n < len(text)-1 {
		if whole := bytes.LastIndexByte(text, '\n'); whole > n {
			text = text[n+1 : whole] // the first line may be cut
		}
	}
	lines := bytes.Split(text, []byte{'\n'})
	if len(lines) < 3 {
		return false
	}
	different := map[string]bool{}
	for _, line := range lines {
		different[string(line)] = true
	}
	return 2*len(different) <= len(lines)
}

// sameEnd reports whether two texts are alike as far as the first goes: by their beginnings, and by the first one's end.
func sameEnd(s, of *subject) bool {
	n := min(int64(len(s.head)), s.size)
	if int64(len(of.head)) < n || !bytes.Equal(s.head[:n], of.head[:n]) {
		return false
	}
	if s.text.Archive() || of.text.Archive() {
		return true
	}
	from := max(0, s.size-specificBytes)
	a, b := make([]byte, s.size-from), make([]byte, s.size-from)
	got, errA := s.text.ReadAt(a, from)
	other, errB := of.text.ReadAt(b, from)
	return errA == nil && errB == nil && bytes.Equal(a[:got], b[:other])
}

// position is one in the text, with the mark of what is before it.
func (s *subject) position(offset int64) Position {
	if s.text.Archive() {
		return Position{Offset: offset}
	}
	tail := make([]byte, min(offset, specificBytes))
	n, err := s.text.ReadAt(tail, offset-int64(len(tail)))
	if err != nil || n < len(tail) {
		return Position{Offset: offset}
	}
	return Position{offset, checkpoints.MarkOf(tail)}
}

// mark is that of the first bytes, up to an offset.
func (s *subject) mark(offset int64, most int) checkpoints.Mark {
	return checkpoints.MarkOf(s.head[:min(int64(len(s.head)), offset, int64(most))])
}

// sum is a beginning's, as contents are looked up by it.
type sum struct {
	bytes int
	of    uint64
}

func sumOf(m checkpoints.Mark) sum { return sum{m.Bytes, uint64(m.Sum)} }

func (s *subject) sum(n int) sum { return sumOf(checkpoints.MarkOf(s.head[:n])) }
