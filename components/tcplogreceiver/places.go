package tcplogreceiver

import (
	"net"
	"sync"
)

// places are the open connections. When they are full one of them gives way to the next: of the address that has most of them,
// the one that has not sent a line yet, and of those the one that was silent for longest. So who opens connections without an
// end takes places from himself first, and a program that sends lines keeps its connection.
type places struct {
	max int

	mu      sync.Mutex
	open    map[*reader]struct{}
	running int    // with those that were told to go
	turn    uint64 // of the last event
	done    bool
	wait    sync.WaitGroup
}

func newPlaces(n int) *places { return &places{max: n, open: map[*reader]struct{}{}} }

// take gives a reader a place and runs it. It reports whether there was one: none is given while as many readers that had to go
// have not gone yet, or while all wait for the pipeline.
func (p *places) take(r *reader, run func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || p.running >= 2*p.max {
		return false
	}
	if len(p.open) >= p.max {
		leaves := p.leaving()
		if leaves == nil {
			return false
		}
		delete(p.open, leaves)
		leaves.evict(reasonConnections)
		leaves.input.unfinished.wake()
	}
	p.turn++
	p.running++
	r.turn = p.turn
	p.open[r] = struct{}{}
	p.wait.Go(func() {
		defer p.leave(r)
		run()
	})
	return true
}

// leaving is who gives way; nil: nobody, for all wait for the pipeline to take their lines.
func (p *places) leaving() *reader {
	of := map[string]int{}
	for r := range p.open {
		of[r.host]++
	}
	var worst *reader
	for r := range p.open {
		if r.finished.Load() {
			continue
		}
		if worst == nil || of[r.host] > of[worst.host] ||
			of[r.host] == of[worst.host] && (worst.known && !r.known || worst.known == r.known && r.turn < worst.turn) {
			worst = r
		}
	}
	return worst
}

// heard says that a reader had a line.
func (p *places) heard(r *reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn++
	r.turn, r.known = p.turn, true
}

func (p *places) leave(r *reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, r)
	p.running--
}

func (p *places) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// close has every reader take what it has read for all, and gives no more places. The caller waits for them.
func (p *places) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
	for r := range p.open {
		_ = r.conn.Close() // its reader ends
	}
}

// hostOf is the address of a peer without its port.
func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
