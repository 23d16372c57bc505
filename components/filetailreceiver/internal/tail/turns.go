package tail

import (
	"path/filepath"
	"time"
)

const (
	// mostNew is how many files may be on their way at once whose name nothing was delivered of. Each may need a log stream
	// that has to be made first, of which the service makes 50 a second for a whole account (CloudWatch Logs quotas); as many as
	// are made in 2 s keep that busy.
	mostNew = 80
	// knownInTurn is how many known files are read before a new one has its turn.
	knownInTurn = 4
	// tryingTime is for how long a new file has its place.
	tryingTime = 5 * time.Second
)

// queue has the files that are to be read. Files of which something was delivered come before new ones, but for each
// fifth turn, and new ones have a bounded number of places. The folders of each kind have their turns, so that who makes many
// files in one folder does not hinder those of others.
type queue struct {
	known, fresh turns
	taken        int // known ones since the last new one
}

func (q *queue) put(f *file, isNew bool) {
	if isNew {
		q.fresh.put(f)
	} else {
		q.known.put(f)
	}
}

// take is the next file and whether it is a new one, or nil. room says whether there is a place for a new one.
func (q *queue) take(room bool) (f *file, isNew bool) {
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
	of      map[string][]*file
	files   int
}

func (t *turns) put(f *file) {
	folder := filepath.Dir(f.path)
	if t.of == nil {
		t.of = map[string][]*file{}
	}
	if len(t.of[folder]) == 0 {
		t.folders = append(t.folders, folder)
	}
	t.of[folder] = append(t.of[folder], f)
	t.files++
}

// take is the next file, of which there has to be one.
func (t *turns) take() *file {
	folder := t.folders[0]
	t.folders[0] = ""
	t.folders = t.folders[1:]
	all := t.of[folder]
	f := all[0]
	all[0] = nil
	if all = all[1:]; len(all) == 0 {
		delete(t.of, folder)
	} else {
		t.of[folder] = all
		t.folders = append(t.folders, folder)
	}
	t.files--
	return f
}

// isNew reports whether nothing was delivered of a file, nor of another of its name. The lock is held.
func (t *Tailer) isNew(f *file) bool {
	return f.acked.offset == 0 && (f.line == nil || !f.line.proven)
}

// next is the file that is to be read next, or nil. The lock is held.
func (t *Tailer) next() *file {
	bytes := int64(0)
	for f := range t.trying {
		bytes += f.inFlight
	}
	f, isNew := t.queue.take(len(t.trying) < mostNew && (bytes == 0 || bytes < t.room.limit/2))
	if isNew {
		t.trying[f] = struct{}{}
	}
	return f
}

// freePlaces frees the places of new files that are not delivered in time, such as those that nobody may write to. The lock is
// held.
func (t *Tailer) freePlaces(now time.Time) {
	for f := range t.trying {
		if len(f.pending) > 0 && now.Sub(f.pending[0].begun) > tryingTime {
			t.tried(f)
		}
	}
}

// tried frees a new file's place. The lock is held.
func (t *Tailer) tried(f *file) {
	if _, ok := t.trying[f]; ok {
		delete(t.trying, f)
		t.work.Broadcast() // who waits for room, too, would take a signal
	}
}
