package files

import (
	"errors"
	"sync"
	"sync/atomic"
)

const (
	// keptFree is how many descriptors of the process are left to the rest of it at least: exporters' connections, listeners, what
	// is stored; and otherwise a keptPart of all.
	keptFree = 48
	keptPart = 4
	// minShare is how many each of those who read files has, however few there are.
	minShare = 4
)

// Share is how many files one of those who read files may keep open. The process's limit is shared by all of them.
type Share struct {
	want int
	most atomic.Int64
}

var sharing struct {
	mu     sync.Mutex
	shares map[*Share]struct{}
}

// NewShare is a share of the process's descriptors for as many files as are wanted, at most. Close gives it back.
func NewShare(want int) *Share {
	s := &Share{want: want}
	s.most.Store(int64(want))
	sharing.mu.Lock()
	defer sharing.mu.Unlock()
	if sharing.shares == nil {
		sharing.shares = map[*Share]struct{}{}
	}
	sharing.shares[s] = struct{}{}
	divide()
	return s
}

// Most is how many files may be open now. It changes when others come and go.
func (s *Share) Most() int { return int(s.most.Load()) }

// Close gives the share back.
func (s *Share) Close() {
	sharing.mu.Lock()
	defer sharing.mu.Unlock()
	delete(sharing.shares, s)
	divide()
}

// divide gives each its part of what the process may open. The lock is held.
func divide() {
	limit, ok := descriptorLimit()
	if !ok {
		return
	}
	all := make([]*Share, 0, len(sharing.shares))
	wants := make([]int, 0, len(sharing.shares))
	for s := range sharing.shares {
		all, wants = append(all, s), append(wants, s.want)
	}
	for i, most := range parts(limit, wants) {
		all[i].most.Store(int64(most))
	}
}

// parts divides a limit: who wants less than an equal part leaves the rest to the others.
func parts(limit int, wants []int) []int {
	left := max(0, limit-max(keptFree, limit/keptPart))
	of := make([]int, len(wants))
	for open := len(wants); open > 0; {
		equal, settled := left/open, 0
		for i, want := range wants {
			if of[i] == 0 && want <= equal {
				of[i] = want
				left -= want
				settled++
			}
		}
		if open -= settled; settled > 0 {
			continue
		}
		for i := range of {
			if of[i] == 0 {
				of[i] = min(wants[i], max(equal, minShare))
			}
		}
		return of
	}
	return of
}

// TooMany reports whether an error says that no more files can be opened.
func TooMany(err error) bool {
	for _, too := range tooMany {
		if errors.Is(err, too) {
			return true
		}
	}
	return false
}
