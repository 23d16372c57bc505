package tail

import (
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

// gap is what is known of the NULs that a text ends with.
type gap struct {
	nuls int   // how many they are
	past int64 // how many follow that were not read
	// ends says that text follows them, so that the text before has ended, and last that they go on to the file's end: its
	// program may yet write there. searching says that neither is known so far.
	ends, last, searching bool
}

// gapAfter finds out what follows the NULs at the end of a text that begins at an offset, if no more of the text can be read at
// once (all), or it is nothing but NULs.
func (t *text) gapAfter(offset int64, text []byte, mark int, all, atEnd bool) (gap, error) {
	n := t.enc.TrailingNULs(text)
	if n == 0 || n < len(text) && (!all || n < minGap && !atEnd) {
		return gap{}, nil
	}
	end := offset + int64(mark+len(text))
	if atEnd {
		return gap{nuls: n, last: true}, nil
	}
	next, found, more, err := t.source.AfterHole(end)
	if err != nil {
		return gap{}, err
	}
	past := next - end
	if t.enc.Wide() && found {
		past -= past % 2
	}
	switch {
	case found, more && t.source.Archive(): // nobody writes to an archive's text
		return gap{nuls: n, past: past, ends: true}, nil
	case more:
		return gap{searching: true}, nil
	}
	return gap{nuls: n, past: past, last: true}, nil
}

// minGap is how many NULs after a line that is as large as can be read at once end it, in bytes.
const minGap = 512

// tailOf is the mark of the last bytes of a text that NULs follow.
func tailOf(text []byte, nuls int64) checkpoints.Mark {
	if nuls > 0 {
		text = append(text[max(0, len(text)-tailBytes):len(text):len(text)], make([]byte, min(nuls, tailBytes))...)
	}
	return checkpoints.MarkOf(text[max(0, len(text)-tailBytes):])
}

// told is what was told of a file's content.
type told struct {
	leftOut  source.Format
	damaged  bool
	encoding string
}

// news is what is new of a file's content, of which data was read from its beginning on, or from elsewhere.
func (t *text) news(unmarked func(data []byte) string, data []byte) (u Unusual) {
	if left := t.source.LeftOut(); left != t.told.leftOut {
		t.told.leftOut, u.LeftOut = left, left
	}
	damage := t.source.Damage()
	if damage != nil && !t.told.damaged {
		u.Damage = damage
	}
	t.told.damaged = damage != nil
	if t.pos.Offset == 0 && t.source.LeftOut() == source.None {
		if e := unmarked(data); e != t.told.encoding {
			t.told.encoding, u.Encoding = e, e
		}
	}
	return u
}

// unusual tells what a task's file has that its user should know of.
func (r *reader) unusual(t task, u Unusual) {
	if u == (Unusual{}) {
		return
	}
	path := t.name
	if path == "" {
		path = t.path
	}
	r.e.o.Events.Unusual(path, u)
}
