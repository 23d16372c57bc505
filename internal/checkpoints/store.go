package checkpoints

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// pages is how many keys the checkpoints are spread over: a change writes the pages that it touches.
const pages = 64

// format is written so that a later version can tell what it reads.
const (
	formatKey = "format"
	format    = "1"
	// includeKey has the patterns that files were looked for by.
	includeKey = "include"
)

func pageKey(n int) string { return fmt.Sprintf("checkpoints/%02d", n) }

// Store has the checkpoints of one receiver in memory, and saves what changed. Many goroutines may use it.
type Store struct {
	client storage.Client
	saving sync.Mutex // held by Save: an earlier one must not write over a later one

	mu      sync.Mutex
	fresh   bool
	entries [pages]map[string]Checkpoint
	dirty   [pages]bool
	include []string // nil: not known
	changed bool     // include is to be saved
	damaged []error
}

// Open reads what was saved. What cannot be read of it is left out, and Damaged names it: a file whose checkpoint is lost is
// read again, which costs less than reading none.
func Open(ctx context.Context, client storage.Client) (*Store, error) {
	s := &Store{client: client}
	gets := []*storage.Operation{storage.GetOperation(formatKey), storage.GetOperation(includeKey)}
	for n := range pages {
		s.entries[n] = map[string]Checkpoint{}
		gets = append(gets, storage.GetOperation(pageKey(n)))
	}
	if err := client.Batch(ctx, gets...); err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	damaged := func(get *storage.Operation, err error) {
		s.damaged = append(s.damaged, fmt.Errorf("the checkpoints under %s cannot be read: %w", get.Key, err))
	}
	if version := gets[0].Value; version == nil {
		s.fresh = true
	} else if string(version) != format {
		damaged(gets[0], fmt.Errorf("they have the format %.20q, and this version reads %s", version, format))
		s.fresh = true
		for n := range pages {
			s.dirty[n] = true // its own are written over them
		}
		return s, nil
	}
	if include := gets[1].Value; include != nil {
		if err := json.Unmarshal(include, &s.include); err != nil {
			s.include = nil
			damaged(gets[1], err)
		}
	}
	for n, get := range gets[2:] {
		if get.Value == nil {
			continue
		}
		var page []Checkpoint
		if err := json.Unmarshal(get.Value, &page); err != nil {
			damaged(get, err)
			s.dirty[n] = true // told once
			continue
		}
		for _, c := range page {
			if err := c.Check(); err != nil {
				damaged(get, err)
				s.dirty[n] = true
				continue
			}
			s.entries[n][c.Key()] = c
		}
	}
	return s, nil
}

// Damaged says what could not be read.
func (s *Store) Damaged() []error { return s.damaged }

// Fresh tells whether nothing was ever saved.
func (s *Store) Fresh() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fresh
}

// Included tells whether files were looked for by a pattern before: one that was not known then is new. Where there are
// checkpoints of somebody who kept no patterns, it is taken for one of theirs.
func (s *Store) Included(pattern string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.include != nil {
		return slices.Contains(s.include, pattern)
	}
	return !s.fresh || slices.ContainsFunc(s.entries[:], func(page map[string]Checkpoint) bool { return len(page) > 0 })
}

// Include notes the patterns that files are looked for by, to be saved later.
func (s *Store) Include(patterns []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.include == nil || !slices.Equal(s.include, patterns) {
		s.include, s.changed = slices.Clone(patterns), true
	}
}

// All are the checkpoints, by path.
func (s *Store) All() []Checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Checkpoint
	for _, page := range s.entries {
		all = slices.AppendSeq(all, maps.Values(page))
	}
	Sort(all)
	return all
}

// Set replaces a checkpoint, to be saved later.
func (s *Store) Set(c Checkpoint) {
	key := c.Key()
	n := pageOf(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[n][key], s.dirty[n] = c, true
}

// Remove forgets a checkpoint, to be saved later.
func (s *Store) Remove(key string) {
	n := pageOf(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.entries[n][key]; ok {
		delete(s.entries[n], key)
		s.dirty[n] = true
	}
}

// Save writes what changed, all of it or nothing. After an error it stays to be saved.
func (s *Store) Save(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	sets := []*storage.Operation{storage.SetOperation(formatKey, []byte(format))}
	var saved []int
	s.mu.Lock()
	for n, dirty := range s.dirty {
		if !dirty {
			continue
		}
		page := slices.SortedFunc(maps.Values(s.entries[n]), byPath)
		text, err := json.Marshal(page)
		if err != nil {
			s.mu.Unlock()
			return err
		}
		sets = append(sets, storage.SetOperation(pageKey(n), text))
		saved = append(saved, n)
	}
	include := s.changed
	if include {
		text, err := json.Marshal(s.include)
		if err != nil {
			s.mu.Unlock()
			return err
		}
		sets = append(sets, storage.SetOperation(includeKey, text))
	}
	for _, n := range saved {
		s.dirty[n] = false
	}
	s.changed = false
	nothing := len(saved) == 0 && !include && !s.fresh
	s.mu.Unlock()
	if nothing {
		return nil
	}
	err := s.client.Batch(ctx, sets...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for _, n := range saved {
			s.dirty[n] = true
		}
		s.changed = s.changed || include
		return fmt.Errorf("writing checkpoints: %w", err)
	}
	s.fresh = false
	return nil
}

func pageOf(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // a hash never fails
	return int(h.Sum32() % pages)
}
