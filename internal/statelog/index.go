package statelog

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// entry is where the value of a key is.
type entry struct {
	segment *segment // nil: in memory alone
	at      int64
	size    int
	sum     uint32
	value   []byte // what could not be written yet
	// sequence is that of its frame. It is used while segments are read.
	sequence uint64
}

// index has what counts of some segments.
type index struct {
	entries map[string]*entry
	// deleted has the sequences of deletions while segments are read.
	deleted map[string]uint64
	floor   uint64
	last    uint64 // the highest sequence
}

// load reads a segment into the index.
func (x *index) load(s *segment) {
	var strange []span
	s.end = s.size
	damage := scan(s.file, s.size, s.salt, func(sequence uint64, payload []byte, at int64) {
		if s.first == 0 || sequence < s.first {
			s.first = sequence
		}
		x.last = max(x.last, sequence)
		understood := eachOperation(payload, func(o operation, begin int) {
			switch o.kind {
			case opFloor:
				x.floor = max(x.floor, floorOf(o))
			case opSet:
				if x.newer(o.key, sequence) {
					delete(x.deleted, o.key)
					x.entries[o.key] = &entry{segment: s, at: at + int64(begin), size: len(o.value), sum: checksum(o.value), sequence: sequence}
				}
			case opDelete:
				if x.newer(o.key, sequence) {
					delete(x.entries, o.key)
					x.deleted[o.key] = sequence
				}
			}
		})
		if !understood { // of a later version, perhaps: its checksum is right
			strange = append(strange, span{at, at + int64(len(payload))})
		}
	})
	s.damage = append(damage, strange...)
}

// trim takes the end of the newest segment for what a stop left: a frame whose end is missing was being written when the
// program ended, and what a power cut leaves of the last moment is short. Nobody was told that it lasts.
func (s *segment) trim() {
	n := len(s.damage)
	if n == 0 || s.damage[n-1].to != s.size || s.damage[n-1].from == 0 {
		return
	}
	from := s.damage[n-1].from
	r := reader{file: s.file, size: s.size}
	_, length, ok := s.salt.header(r.at(from, headerSize))
	if ok && from+int64(headerSize+length+trailerSize) > s.size || s.size-from < maxTorn {
		s.damage, s.end = s.damage[:n-1], from
	}
}

// newer reports whether nothing later is known of a key.
func (x *index) newer(key string, sequence uint64) bool {
	if e := x.entries[key]; e != nil && e.sequence >= sequence {
		return false
	}
	return x.deleted[key] < sequence
}

// settle forgets what is void when all segments have been read.
func (x *index) settle() {
	for key, e := range x.entries {
		if e.sequence < x.floor {
			delete(x.entries, key)
			continue
		}
		e.segment.live += e.bytes(key)
	}
	x.deleted = nil
	x.last = max(x.last, x.floor)
}

func (e *entry) bytes(key string) int64 { return int64(len(key) + e.size) }

// errLost says that a value was not read as it was written.
var errLost = errors.New("the value is not what was written")

// read gives the value, which is the caller's.
func (e *entry) read() ([]byte, error) {
	if e.segment == nil {
		return slices.Clone(e.value), nil
	}
	value := make([]byte, e.size)
	if _, err := e.segment.file.ReadAt(value, e.at); err != nil {
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
	if checksum(value) != e.sum {
		return nil, errLost
	}
	return value, nil
}

// Problem is a file that could not be used, or not whole.
type Problem struct {
	// Path is where the file is now: a damaged one may have been renamed.
	Path string
	// Reason says what is wrong with it.
	Reason string
	// Bytes are how many of it are unreadable.
	Bytes int64
}

func (p Problem) String() string { return p.Path + ": " + p.Reason }

// readSegments lists a folder's segments and reads them. Those of another store are closed, and given as problems.
func readSegments(folder string) (x *index, all []*segment, problems []Problem, err error) {
	all, problems, err = list(folder)
	if err != nil {
		return nil, nil, nil, err
	}
	x = &index{entries: map[string]*entry{}, deleted: map[string]uint64{}}
	if len(all) > 0 {
		own := ownSalt(all)
		all = slices.DeleteFunc(all, func(s *segment) bool {
			if s.salt == own {
				return false
			}
			_ = s.file.Close() // it was read
			problems = append(problems, Problem{Path: filepath.Join(folder, s.name), Reason: "belongs to another store", Bytes: s.size})
			return true
		})
	}
	for _, s := range all {
		x.load(s)
	}
	x.settle()
	slices.SortStableFunc(all, func(a, b *segment) int { return compare(a.first, b.first) })
	if len(all) > 0 {
		all[len(all)-1].trim()
	}
	return x, all, problems, nil
}

// ownSalt is that of the newest file which has a frame with it.
func ownSalt(all []*segment) salt {
	for _, s := range slices.Backward(all) {
		if r := (reader{file: s.file, size: s.size}); r.find(s.salt[:], 0) < s.size {
			return s.salt
		}
	}
	return all[len(all)-1].salt
}

// Read gives the keys and values of a folder at one moment, also while a collector writes there. It changes nothing.
func Read(folder string) (values map[string][]byte, problems []Problem, err error) {
	x, all, problems, err := readSegments(folder)
	if err != nil {
		return nil, nil, err
	}
	defer closeAll(all)
	values = map[string][]byte{}
	for key, e := range x.entries {
		value, err := e.read()
		if err != nil {
			problems = append(problems, Problem{Path: filepath.Join(folder, e.segment.name), Reason: err.Error(), Bytes: int64(e.size)})
			continue
		}
		values[key] = value
	}
	for _, s := range all {
		if p, damaged := s.problem(folder); damaged {
			problems = append(problems, p)
		}
	}
	return values, problems, nil
}

// problem says what is damaged in a segment.
func (s *segment) problem(folder string) (Problem, bool) {
	var lost int64
	for _, d := range s.damage {
		lost += d.to - d.from
	}
	p := Problem{Path: filepath.Join(folder, s.name), Bytes: lost}
	switch {
	case s.size == 0:
		p.Reason = "is empty"
	case s.first == 0:
		p.Reason = "holds no whole frame"
	case lost > 0:
		p.Reason = fmt.Sprintf("%d of %d bytes are damaged", lost, s.size)
	default:
		return p, false
	}
	return p, true
}

// torn says how much of the end of the newest segment is missing or no frame, which is no damage.
func (s *segment) torn(folder string) (Problem, bool) {
	lost := s.size - s.end
	return Problem{Path: filepath.Join(folder, s.name), Bytes: lost, Reason: "its end was not written whole"}, lost > 0 && s.first != 0
}

// maxTorn is the largest end without a frame that is nothing to speak of.
const maxTorn = 1 << 20

func floorOf(o operation) (n uint64) {
	for i, b := range o.value {
		n |= uint64(b) << (8 * i)
	}
	return n
}
