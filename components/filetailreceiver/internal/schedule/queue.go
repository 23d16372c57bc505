package schedule

import (
	"path/filepath"
	"time"
)

const (
	// MaxNew is how many files may be on their way at once whose name nothing was delivered of. Each may need a log stream
	// that has to be made first, of which the service makes 50 a second for a whole account (CloudWatch Logs quotas); as many as
	// are made in 2 s keep that busy.
	MaxNew = 80
	// knownInTurn is how many known files are read before a new one has its turn.
	knownInTurn = 4
	// TryingTime is for how long a new file has its place.
	TryingTime = 5 * time.Second
)

// queue has the files that are to be read. Files of which something was delivered come before new ones, but for each
// fifth turn, and new ones have a bounded number of places. The folders of each kind have their turns, so that who makes many
// files in one folder does not hinder those of others.
type queue struct {
	known, fresh turns
	taken        int // known ones since the last new one
}

func (q *queue) put(f *File) {
	if f.isNew() {
		q.fresh.put(f)
	} else {
		q.known.put(f)
	}
}

// take is the next file and whether it is a new one, or nil. room says whether there is a place for a new one.
func (q *queue) take(room bool) (f *File, isNew bool) {
	q.known.trim()
	q.fresh.trim()
	if room && q.fresh.files > 0 && (q.known.files == 0 || q.taken >= knownInTurn) {
		q.taken = 0
		return q.fresh.take(), true
	}
	if q.known.files == 0 {
		return nil, false
	}
	q.taken++
	return q.known.take(), false
}

// turns are files, whose folders have their turns.
type turns struct {
	folders []string
	of      map[string][]place
	files   int
}

// place is a file's, unless the file has left it.
type place struct {
	file   *File
	ticket uint64
}

func (p place) left() bool { return p.file.ticket != p.ticket }

func (t *turns) put(f *File) {
	folder := filepath.Dir(f.Path)
	if t.of == nil {
		t.of = map[string][]place{}
	}
	if len(t.of[folder]) == 0 {
		t.folders = append(t.folders, folder)
	}
	t.of[folder] = append(t.of[folder], place{f, f.ticket})
	t.files++
}

// trim drops places that were left, as far as they are next.
func (t *turns) trim() {
	for t.files > 0 && t.of[t.folders[0]][0].left() {
		t.drop(false)
	}
}

// take is the next file, of which there has to be one.
func (t *turns) take() *File { return t.drop(true).file }

// drop takes out the next place. turn says that the folder has had its turn by that.
func (t *turns) drop(turn bool) place {
	folder := t.folders[0]
	all := t.of[folder]
	first := all[0]
	all[0] = place{}
	all = all[1:]
	t.files--
	if len(all) > 0 {
		t.of[folder] = all
		if !turn {
			return first
		}
		t.folders = append(t.folders, folder)
	} else {
		delete(t.of, folder)
	}
	t.folders[0] = ""
	t.folders = t.folders[1:]
	return first
}
