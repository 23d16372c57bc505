package tail

import (
	"time"

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
func (t *Tailer) gapAfter(f *file, offset int64, text []byte, mark int, all, atEnd bool) (gap, error) {
	n := f.enc.TrailingNULs(text)
	if n == 0 || n < len(text) && (!all || n < minGap && !atEnd) {
		return gap{}, nil
	}
	end := offset + int64(mark+len(text))
	if atEnd {
		return gap{nuls: n, last: true}, nil
	}
	next, found, more, err := f.source.AfterHole(end)
	if err != nil {
		return gap{}, err
	}
	past := next - end
	if f.enc.Wide() && found {
		past -= past % 2
	}
	switch {
	case found, more && f.source.Archive(): // nobody writes to an archive's text
		return gap{nuls: n, past: past, ends: true}, nil
	case more:
		return gap{searching: true}, nil
	}
	return gap{nuls: n, past: past, last: true}, nil
}

// minGap is how many NULs after a line that is as large as can be read at once end it, in bytes.
const minGap = 512

// again has a file read once more.
func (t *Tailer) again(f *file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.dirty, f.lastChunk = true, time.Now()
}

// tailOf is the mark of the last bytes of a text that NULs follow.
func tailOf(text []byte, nuls int64) checkpoints.Mark {
	if nuls > 0 {
		text = append(text[max(0, len(text)-tailBytes):len(text):len(text)], make([]byte, min(nuls, tailBytes))...)
	}
	return checkpoints.MarkOf(text[max(0, len(text)-tailBytes):])
}

// tellSource tells what is new of a file's content, of which data was read.
func (t *Tailer) tellSource(f *file, pos position, data []byte) {
	var u Unusual
	if left := f.source.LeftOut(); left != f.leftOut {
		f.leftOut, u.LeftOut = left, left
	}
	damage := f.source.Damage()
	if damage != nil && !f.damaged {
		u.Damage = damage
	}
	f.damaged = damage != nil
	if pos.offset == 0 && f.source.LeftOut() == source.None {
		if e := t.o.Encoding.Unmarked(data); e != f.encoding {
			f.encoding, u.Encoding = e, e
		}
	}
	t.unusual(f, u)
}

func (t *Tailer) unusual(f *file, u Unusual) {
	if u == (Unusual{}) {
		return
	}
	t.mu.Lock()
	path := f.now
	if path == "" {
		path = f.path
	}
	t.mu.Unlock()
	t.o.Events.Unusual(path, u)
}
