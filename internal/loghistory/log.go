package loghistory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// generation is what a log's service has written between two times that it began with an empty file.
type generation struct {
	number int
	// arrived says that some of it was delivered, and known that it was before it was renamed: then its lines have the
	// log's own name.
	arrived, known bool
	// bytes is how much of it was delivered in lines that are like no other, and vague says that it was copied, moved or
	// compressed when that was too little to be recognised by its content: it may come again, under another name.
	bytes int
	vague bool
	begun bool // something was written
}

// line is one line of a log.
type line struct {
	text   string
	number int // in its log, from 1 on
	gen    *generation
	record *record
	unique bool
	// end is where it ends among all bytes that the service has written.
	end int64
}

// record is what a service wrote as one.
type record struct {
	lines []*line
	whole bool // by one call
}

// log is a log and its service.
type log struct {
	*LogPlan
	w      *world
	folder string
	n      int // of the last line
	lines  []*line

	file    *os.File
	gen     *generation // of the open file
	buffer  []byte
	begun   int64 // bytes that were given to the service's buffer
	flushed int64 // and those that are in a file
	onDisk  int   // lines
	rotated int   // how often
	backups []string
	last    int // the highest number of log4j's
}

func (l *log) path() string { return filepath.Join(l.folder, l.Name) }

// open opens the live file, which may be a new one.
func (l *log) open() (err error) {
	if l.file != nil {
		return nil
	}
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
	if l.Sparse {
		flags = os.O_CREATE | os.O_WRONLY
	}
	if l.file, err = os.OpenFile(l.path(), flags, 0o600); err != nil {
		return err
	}
	if l.Sparse {
		if _, err := l.file.Seek(0, io.SeekEnd); err != nil {
			return err
		}
	}
	l.gen = l.w.at(l.path(), l)
	return nil
}

// write writes records. Those of a service with a block buffer stay in it in part.
func (l *log) write(n int, r *rand.Rand, part bool) error {
	if err := l.open(); err != nil {
		return err
	}
	if !l.gen.begun {
		l.gen.begun = true
		for k := range l.Banner {
			l.add(&record{whole: l.Block == 0}, fmt.Sprintf("=== banner %d %s", k, strings.Repeat("=", 30)), false)
		}
	}
	for i := range n {
		rec := &record{whole: l.Block == 0 && !(part && i == n-1)}
		lines := 1
		if l.Lines > 1 {
			lines = 1 + r.IntN(l.Lines)
		}
		for k := range lines {
			text := fmt.Sprintf("%s %d ", l.Name, l.n+1)
			if l.Same == 0 || r.IntN(10) >= l.Same || l.wantsUnique() {
				text += strings.Repeat("x", r.IntN(l.Width)) + " end"
				l.add(rec, indent(k)+text, true)
			} else {
				l.add(rec, indent(k)+l.Name+" is alive", false)
			}
		}
	}
	keep := 0
	switch {
	case part:
		keep = 1 + r.IntN(4)
	case l.Block > 0:
		keep = len(l.buffer) % l.Block
	}
	return l.flush(keep)
}

// mostSame is how many lines that are the same may follow each other: fewer than those by which a reader knows its place.
const mostSame = 5

// wantsUnique reports whether the next line has to be like no other: each content has one at its beginning, and another
// before mostSame are over.
func (l *log) wantsUnique() bool {
	for n := range min(mostSame, len(l.lines)) {
		if one := l.lines[len(l.lines)-1-n]; one.gen == l.gen && one.unique {
			return false
		}
	}
	return true
}

func indent(line int) string {
	if line > 0 {
		return "  at "
	}
	return ""
}

// add puts a line into the service's buffer.
func (l *log) add(rec *record, text string, unique bool) {
	l.n++
	l.begun += int64(len(text)) + 1
	one := &line{text: text, number: l.n, gen: l.gen, record: rec, unique: unique, end: l.begun}
	rec.lines = append(rec.lines, one)
	l.lines = append(l.lines, one)
	l.buffer = append(append(l.buffer, text...), '\n')
}

// flush writes what is in the buffer, but for its last bytes.
func (l *log) flush(keep int) error {
	n := len(l.buffer) - keep
	if n <= 0 {
		return nil
	}
	if err := l.open(); err != nil {
		return err
	}
	if _, err := l.file.Write(l.buffer[:n]); err != nil {
		return err
	}
	l.buffer = append([]byte(nil), l.buffer[n:]...)
	l.flushed += int64(n)
	for ; l.onDisk < len(l.lines) && l.lines[l.onDisk].end <= l.flushed; l.onDisk++ {
		l.w.expect(l, l.lines[l.onDisk])
	}
	if !l.Open && len(l.buffer) == 0 {
		return l.close()
	}
	return nil
}

// whole writes all that is in the buffer.
func (l *log) whole() error { return l.flush(0) }

// close closes the file, if it is open.
func (l *log) close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// reopen has the service begin with whatever has its name now.
func (l *log) reopen() error { return errors.Join(l.whole(), l.close()) }

// specific is how many bytes of a content are enough to tell it from others.
const specific = 256

// recognisable has a content be so large, and delivered so far, that it can be told from others. Where that cannot be, it may
// come again.
func (l *log) recognisable(r *rand.Rand) error {
	if err := l.whole(); err != nil {
		return err
	}
	info, err := os.Stat(l.path())
	if err != nil {
		return gone(err)
	}
	if info.Size() < 2*specific {
		if err := l.write(2*specific/12+l.Banner, r, false); err != nil {
			return err
		}
	}
	l.w.absorb()
	g := l.w.files[l.path()]
	if g == nil || g.bytes >= specific && l.Same == 0 {
		return nil
	}
	if l.Same == 0 {
		if err := l.w.arrive(l); !errors.Is(err, errSkipped) {
			return err
		}
	}
	g.vague = true
	if info, err = os.Stat(l.path()); err == nil {
		l.w.extra += info.Size()
	}
	return err
}

// exists reports whether the live file is there, and has something in it.
func (l *log) exists() bool {
	info, err := os.Stat(l.path())
	return err == nil && info.Size() > 0
}

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
