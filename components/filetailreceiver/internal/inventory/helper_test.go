package inventory

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// host is files without a disk, and what is known of them.
type host struct {
	t      *testing.T
	texts  map[string]string // by path
	ids    map[string]files.ID
	times  map[string]time.Time
	zipped map[string]bool
	known  []Known
	o      Options
	opened int
	most   int // texts until there is Enough; 0: any number
	last   uint64
}

func newHost(t *testing.T) *host {
	return &host{
		t: t, texts: map[string]string{}, ids: map[string]files.ID{}, times: map[string]time.Time{}, zipped: map[string]bool{},
		o: Options{Now: now, HeadBytes: 1000, Moved: map[string]Moved{}},
	}
}

// write makes a file, or writes over it, or appends.
func (h *host) write(path, text string) {
	if _, ok := h.ids[path]; !ok {
		h.last++
		h.ids[path] = files.ID{Device: 1, Inode: h.last}
	}
	h.texts[path] = text
	h.times[path] = h.o.Now
}

func (h *host) rename(from, to string) {
	h.texts[to], h.ids[to], h.times[to] = h.texts[from], h.ids[from], h.times[from]
	h.remove(from)
}

func (h *host) remove(path string) {
	delete(h.texts, path)
	delete(h.ids, path)
}

// reads has the collector know the first bytes of a file as read and delivered.
func (h *host) reads(path string, offset int) int {
	text := h.texts[path]
	tail := checkpoints.MarkOf([]byte(text[max(0, offset-256):offset]))
	p := Position{int64(offset), tail}
	h.known = append(h.known, Known{
		ID: h.ids[path], Path: path, Now: path, Head: checkpoints.MarkOf([]byte(text[:min(offset, 1000)])), Read: p, Acked: p,
		Size: int64(len(text)), Modified: h.times[path], Unjudged: offset == 0 && len(text) == 0,
	})
	return len(h.known) - 1
}

func (h *host) readsAll(path string) int { return h.reads(path, len(h.texts[path])) }

// look decides, after it has found out where known files are.
func (h *host) look() map[string]Decision {
	h.t.Helper()
	var found []files.Found
	at := map[files.ID]bool{}
	for path, text := range h.texts {
		found = append(found, files.Found{Path: path, ID: h.ids[path], Size: int64(len(text)), Modified: h.times[path], Seen: h.o.Now})
		at[h.ids[path]] = true
	}
	for i := range h.known {
		if k := &h.known[i]; k.Place == Here && !at[k.ID] {
			k.Place, k.Since, k.Was, k.Now = Gone, h.o.Now, k.Now, ""
		}
	}
	all := map[string]Decision{}
	for i, d := range Decide(h.known, found, h, h.o) {
		if i < len(found) {
			all[found[i].Path] = d
		} else {
			all[h.o.Beside[i-len(found)].Path] = d
		}
		require.NotEmpty(h.t, d.Reason)
	}
	return all
}

// Open implements Prober.
func (h *host) Open(path string, id files.ID) (Text, error) {
	h.opened++
	if h.ids[path] != id {
		return nil, fs.ErrNotExist
	}
	return text{h.texts[path], h.zipped[path]}, nil
}

// Enough implements Prober.
func (h *host) Enough() bool { return h.most > 0 && h.opened >= h.most }

type text struct {
	text   string
	zipped bool
}

func (t text) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(t.text)) {
		return 0, nil
	}
	return copy(p, t.text[at:]), nil
}

func (t text) Size() int64   { return int64(len(t.text)) }
func (t text) Archive() bool { return t.zipped }
func (text) Close()          {}

// lines are as many as are asked for, of a name.
func lines(of string, from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "%s %d has something to say\n", of, i)
	}
	return b.String()
}
