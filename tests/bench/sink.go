//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
)

// stats are what a sink has seen since it was reset.
type stats struct {
	Requests int64 // PutLogEvents
	Others   int64 // such as CreateLogStream
	Wire     int64 // bytes of all connections, heads and questions for these figures included
	AtOnce   int64 // the most PutLogEvents at once
	Events   int64
	Last     time.Time // of the last answer to PutLogEvents
}

// event stands once in the JSON of each event. In a message its quotes would be escaped.
var event = []byte(`"timestamp":`)

// sink answers every request as CloudWatch Logs does, after a while, and keeps nothing.
type sink struct {
	latency time.Duration // from /reset on, so that what comes before it is over soon
	bare    bool
	wire    atomic.Int64
	now     atomic.Int64

	mu   sync.Mutex
	slow bool
	seen stats
	held [][]byte // compressed bodies whose events are not counted yet: that is done when nobody is timed
	// streams are the events of each stream, where they are asked for; nil otherwise.
	streams map[string]int64
}

// ServeHTTP implements http.Handler.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.tell(w, r)
		return
	}
	put := r.Header.Get("X-Amz-Target") == "Logs_20140328.PutLogEvents"
	var now int64
	if put {
		now = s.now.Add(1)
	}
	body, events, err := s.read(r)
	if err != nil {
		s.now.Add(-min(now, 1))
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	slow := s.slow
	s.mu.Unlock()
	if slow {
		time.Sleep(s.latency)
	}
	s.mu.Lock()
	if put {
		s.now.Add(-1)
		s.seen.Requests++
		s.seen.AtOnce = max(s.seen.AtOnce, now)
		s.seen.Events += events
		s.seen.Last = time.Now()
		if body != nil {
			s.held = append(s.held, body)
		}
	} else {
		s.seen.Others++
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if put && !s.bare {
		_, _ = io.WriteString(w, `{"nextSequenceToken":"49000000000000000000000000000000000000000000000000000000"}`)
		return
	}
	_, _ = io.WriteString(w, `{}`)
}

// read gives a compressed body, or the number of events in one that is not.
func (s *sink) read(r *http.Request) (body []byte, events int64, err error) {
	if s.streams != nil {
		var put struct {
			LogStreamName string
			LogEvents     []struct{}
		}
		if err := json.NewDecoder(r.Body).Decode(&put); err != nil {
			return nil, 0, err
		}
		events = int64(len(put.LogEvents))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.streams[put.LogStreamName] += events
		return nil, events, nil
	}
	if r.Header.Get("Content-Encoding") != "gzip" {
		events, err = count(r.Body)
		return nil, events, err
	}
	body = make([]byte, max(r.ContentLength, 0))
	_, err = io.ReadFull(r.Body, body)
	return body, 0, err
}

// count finds the events of a JSON text, piece by piece.
func count(r io.Reader) (events int64, err error) {
	keep := len(event) - 1
	buffer := make([]byte, keep+64<<10)
	for have := 0; ; {
		n, err := r.Read(buffer[have:])
		have += n
		if events += int64(bytes.Count(buffer[:have], event)); have > keep {
			have = copy(buffer, buffer[have-keep:have]) // too short to hold one, long enough for a part of one
		}
		if err != nil {
			return events, ignoreEOF(err)
		}
	}
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// tell answers with the figures: /stats with all of them, /glance without counting what is held. /reset begins
// anew, with the latency.
func (s *sink) tell(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/stats":
		for _, body := range s.held {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err == nil {
				var n int64
				n, err = count(z)
				s.seen.Events += n
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		s.held = nil
	case "/streams":
		_ = json.NewEncoder(w).Encode(s.streams)
		return
	case "/reset":
		s.seen, s.held, s.slow = stats{}, nil, true
		s.wire.Store(0)
	}
	seen := s.seen
	seen.Wire = s.wire.Load()
	_ = json.NewEncoder(w).Encode(seen)
}

// metered counts what its connections bring.
type metered struct {
	net.Listener
	wire *atomic.Int64
}

type meteredConn struct {
	net.Conn
	wire *atomic.Int64
}

// Accept implements net.Listener.
func (m metered) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	return meteredConn{c, m.wire}, err
}

// Read implements net.Conn.
func (m meteredConn) Read(to []byte) (int, error) {
	n, err := m.Conn.Read(to)
	m.wire.Add(int64(n))
	return n, err
}

// serve is the child process: it prints its URL and ends with its standard input.
func serve(j job) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &sink{latency: j.Latency, bare: j.Bare}
	if j.ByStream {
		s.streams = map[string]int64{}
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(metered{l, &s.wire}); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// ask gets a sink's figures.
func ask(url, path string) (seen stats, err error) {
	r, err := http.Get(url + path)
	if err != nil {
		return seen, err
	}
	defer func() { _ = r.Body.Close() }() // it was read
	if r.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(r.Body)
		return seen, fmt.Errorf("the sink's %s: %s: %s", path, r.Status, text)
	}
	return seen, json.NewDecoder(r.Body).Decode(&seen)
}
