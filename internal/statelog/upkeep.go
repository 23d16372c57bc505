package statelog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// segmentSize is when the active segment is full: a copy of what counts has to be small beside it.
func (l *Log) segmentSize() int64 { return min(max(4*l.live, smallSegment), largeSegment) }

// write appends a frame to the active segment. places has an entry for each set.
func (l *Log) write(list []operation) (places []*entry, err error) {
	s := l.active
	frame, values := appendFrame(l.buffer[:0], l.salt, l.sequence+1, list)
	if cap(frame) <= maxBuffer {
		l.buffer = frame
	}
	if _, err := s.file.WriteAt(frame, s.size); err != nil {
		_ = s.file.Truncate(s.size) // what is left of it is no frame
		return nil, err
	}
	l.sequence++
	places = make([]*entry, len(list))
	for i, o := range list {
		if o.kind == opSet {
			places[i] = &entry{segment: s, at: s.size + int64(values[i]), size: len(o.value), sum: checksum(o.value), sequence: l.sequence}
		}
	}
	s.size += int64(len(frame))
	l.total += int64(len(frame))
	return places, nil
}

// rotate begins a segment, with a copy of all that counts if that is little, and with what could not be written before. After
// an error everything is as it was.
func (l *Log) rotate() error {
	before, active := l.active, l.active
	if before == nil { // the start: the last one that is as it was written
		for _, s := range slices.Backward(l.segments) {
			if !l.damaged[s] {
				before = s
				break
			}
		}
	}
	floor := l.sequence + 1
	if len(l.segments) > 0 {
		floor = l.segments[0].first
	}
	small := l.live <= snapshotLimit
	if small && before != nil && !l.suspects[before] {
		floor = before.first // those before it go
	}
	if before != nil && l.dirty {
		// It stays as the other generation, or with values that count.
		if err := before.file.Sync(); err != nil {
			l.suspects[before] = true
		}
	}
	s, err := l.begin()
	if err != nil {
		return err
	}
	total := l.total
	l.active = s
	moved, err := l.copy(floor, func(e *entry) bool { return small || e.segment == nil || l.suspects[e.segment] })
	if err == nil {
		err = s.file.Sync()
	}
	if err == nil {
		err = syncFolder(l.o.Folder)
	}
	if err != nil {
		l.active, l.total = active, total // sequences are not used again: the file may stay
		return errors.Join(err, s.file.Close(), os.Remove(filepath.Join(l.o.Folder, s.name)))
	}
	l.number++
	l.changed, l.rotated = false, l.o.Now()
	l.segments = append(l.segments, s)
	for key, place := range moved {
		l.move(key, place)
	}
	l.stale, l.suspects, l.dirty = map[string]struct{}{}, map[*segment]bool{}, false
	l.removeVoid(before)
	for !small && l.total > 2*l.live+2*largeSegment && l.segments[0] != l.active {
		oldest := l.segments[0]
		if err := l.evacuate(oldest); err != nil {
			return err
		}
		if l.removeVoid(nil); l.segments[0] == oldest { // it cannot be removed
			break
		}
	}
	return nil
}

// begin makes the file of the next segment.
func (l *Log) begin() (*segment, error) {
	if l.unread {
		return nil, errors.New("what the folder holds was not read") // tryAgain reads it first
	}
	if err := l.makeFolder(); err != nil { // the first change, or somebody has removed it
		return nil, err
	}
	number := l.number + 1
	name := segmentName(number, l.salt)
	file, err := l.o.create(filepath.Join(l.o.Folder, name))
	if errors.Is(err, os.ErrExist) { // something that is no segment has the name
		l.number++
	}
	if err != nil {
		return nil, err
	}
	return &segment{name: name, number: number, salt: l.salt, file: file, first: l.sequence + 1}, nil
}

// copy writes values that are wanted to the active segment, after a floor, and deletions that were not written. The result
// is where they are.
func (l *Log) copy(floor uint64, wanted func(*entry) bool) (moved map[string]*entry, err error) {
	moved = map[string]*entry{}
	list, size := []operation{floorAt(floor)}, 0
	flush := func() error {
		places, err := l.write(list)
		for i, place := range places {
			if place != nil {
				moved[list[i].key] = place
			}
		}
		list, size = list[:0], 0
		return err
	}
	for key, e := range l.index {
		if !wanted(e) {
			continue
		}
		value, err := e.read()
		if err != nil {
			l.drop(key, e, err)
			continue
		}
		if size > 0 && size+len(value) > snapshotFrame {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		list = append(list, operation{kind: opSet, key: key, value: value})
		size += len(key) + len(value)
	}
	for key := range l.stale {
		if l.index[key] != nil {
			continue // its value is written
		}
		list = append(list, operation{kind: opDelete, key: key})
		if size += len(key); size > snapshotFrame {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if len(list) > 0 {
		err = flush()
	}
	return moved, err
}

// move makes a copy of a value the one that counts.
func (l *Log) move(key string, place *entry) {
	e := l.index[key]
	if e.segment != nil {
		e.segment.live -= e.bytes(key)
	} else {
		l.unsaved -= e.bytes(key)
	}
	place.segment.live += place.bytes(key)
	l.index[key] = place
}

// evacuate copies what counts of a segment to the end of the store.
func (l *Log) evacuate(s *segment) error {
	if s.live == 0 {
		return nil
	}
	moved, err := l.copy(l.segments[0].first, func(e *entry) bool { return e.segment == s })
	if err == nil {
		err = l.active.file.Sync()
	}
	if err != nil {
		return err // the copies are void: those of before still count, and are the same
	}
	for key, place := range moved {
		l.move(key, place)
	}
	return nil
}

// removeVoid removes the oldest segments that hold nothing which counts, but for one that is kept. Only the oldest: what they
// delete is in none that is left. Damaged ones are set aside.
func (l *Log) removeVoid(kept *segment) {
	for len(l.segments) > 1 {
		s := l.segments[0]
		if s.live != 0 || s == kept || s == l.active {
			return
		}
		path := filepath.Join(l.o.Folder, s.name)
		if l.damaged[s] {
			to, err := SetAside(path, l.o.Now())
			if err != nil {
				return
			}
			l.aside[path] = to
		} else if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return
		}
		_ = s.file.Close() // nothing of it is needed
		l.total -= s.size
		l.segments = l.segments[1:]
		delete(l.damaged, s)
	}
}

// keepUp syncs, makes room, and tries a folder again that took nothing.
func (l *Log) keepUp() {
	ticker := time.NewTicker(syncInterval)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.upkeep()
		}
	}
}

func (l *Log) upkeep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		if n := len(l.segments); n > 2 {
			l.removeVoid(l.segments[n-2]) // room on a full disk
		}
		if !l.o.Now().Before(l.next) {
			l.tryAgain()
		}
		return
	}
	if err := l.vanished(); err != nil {
		l.fail(err)
		return
	}
	if l.dirty {
		s := l.active
		l.dirty = false
		l.mu.Unlock()
		err := s.file.Sync() // others go on: a disk may take its time
		l.mu.Lock()
		if err != nil && !errors.Is(err, os.ErrClosed) {
			l.suspects[s] = true
			l.fail(err)
			return
		}
	}
	old := l.changed && l.live <= snapshotLimit && l.o.Now().Sub(l.rotated) >= generationInterval
	if n := len(l.segments); old || n > 2 && l.total > 2*l.live+2*l.segmentSize() {
		if err := l.rotate(); err != nil {
			l.fail(err)
		}
	}
}

// vanished is an error where the active segment is not in the folder any more: somebody removed it, or something is mounted
// over the folder. Writes to it succeed, and the next start would know nothing of them. What such segments hold can still be
// read, and is copied to the next one.
func (l *Log) vanished() error {
	if l.active == nil || l.there(l.active) {
		return nil
	}
	for _, s := range l.segments {
		if !l.there(s) {
			l.suspects[s] = true
		}
	}
	return fmt.Errorf("%s was removed while it was in use, or something is mounted over its folder", filepath.Join(l.o.Folder, l.active.name))
}

// there reports whether a segment's file has its name. Where that cannot be known, it does.
func (l *Log) there(s *segment) bool {
	named, err := os.Stat(filepath.Join(l.o.Folder, s.name))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	open, err := s.file.Stat()
	return err != nil || os.SameFile(named, open)
}

// tryAgain tries to write what was kept in memory.
func (l *Log) tryAgain() {
	err := l.reread()
	if err == nil {
		err = l.rotate()
	}
	if err != nil {
		l.failed = err
		l.retry = min(2*l.retry, lastRetry)
		l.next = l.o.Now().Add(l.retry)
		return
	}
	l.failed = nil
	if l.o.Recovered != nil {
		l.o.Recovered()
	}
}

// reread looks again at a folder that could not be read at the start. What the store holds by now is later than what is
// there, and may contradict it: what is there is set aside.
func (l *Log) reread() error {
	if !l.unread {
		return nil
	}
	if err := l.makeFolder(); err != nil {
		return err
	}
	all, problems, err := list(l.o.Folder)
	if err != nil {
		return err
	}
	for _, s := range all {
		_ = s.file.Close()
	}
	if len(all)+len(problems) > 0 {
		to, err := SetAside(l.o.Folder, l.o.Now())
		if err != nil {
			return err
		}
		if l.o.SetAside != nil {
			l.o.SetAside(Problem{Path: to, Reason: "could not be read when the collector started, and was not waited for"})
		}
		if err := l.makeFolder(); err != nil {
			return err
		}
	}
	l.unread = false
	return nil
}
