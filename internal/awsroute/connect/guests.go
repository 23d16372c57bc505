package connect

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// guest is one whose CONNECT was read: its way is being made, or its tunnel is open.
type guest struct {
	since  time.Time
	own    bool // it has the process's token
	cancel context.CancelFunc
	tunnel *tunnel // nil: not yet
}

// Refused is how many clients got no tunnel, or lost one that they did not use.
type Refused struct {
	// Names are CONNECTs of other programs to names that are not AWS's.
	Names int64
	// Crowded are clients without a place.
	Crowded int64
	// Silent are tunnels whose client said nothing, and connections that were closed for others.
	Silent int64
}

// user is the name in the token's URL. Nobody asks for it.
const user = "otelcol-cloudwatch"

// token is the process's. net/http reads HTTPS_PROXY once: a listener that is opened later in the same process has to
// know its clients.
var token = sync.OnceValue(rand.Text)

// ProxyURL is the listener's for this process: with the token, which keeps places for it, and with which it is led
// to other_hosts.
func (s *Server) ProxyURL() *url.URL {
	return &url.URL{Scheme: "http", User: url.UserPassword(user, s.token), Host: s.Addr().String()}
}

// own says whether a client is this process, or whom it gave its environment: by the token, or by a socket that is
// the user's alone.
func (s *Server) own(r *http.Request) bool {
	encoded, ok := strings.CutPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	if !ok {
		return s.socket
	}
	given, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil && subtle.ConstantTimeCompare(given, []byte(user+":"+s.token)) == 1 || s.socket
}

// strangers is how many clients without the token there may be.
func (s *Server) strangers() int { return max(1, s.maxConnections/strangersShare) }

// admit gives a client a place. For a stranger another one that does nothing may lose its own; none loses one of
// this process.
func (s *Server) admit(c *guest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 0
	var worst *guest
	for other := range s.guests {
		if other.own != c.own {
			continue
		}
		same++
		if other.useless(worst) {
			worst = other
		}
	}
	room := s.strangers()
	if c.own {
		room, worst = max(1, s.maxConnections-room), nil
	}
	if same >= room {
		if worst == nil {
			return false
		}
		worst.cancel()
		if worst.tunnel != nil {
			worst.tunnel.close()
		}
		delete(s.guests, worst)
		s.refused.Silent++
	}
	s.guests[c] = struct{}{}
	return true
}

// useless says whether a guest would lose its place before another one, or at all (nil): tunnels that nobody has
// spoken on, the oldest first, then those whose way is still being made, then those that rest for the longest.
func (c *guest) useless(than *guest) bool {
	rank, since := c.rank()
	if rank == 0 || than == nil {
		return rank > 0
	}
	other, before := than.rank()
	return rank > other || rank == other && since.Before(before)
}

func (c *guest) rank() (int, time.Time) {
	switch {
	case c.tunnel == nil:
		return 2, c.since
	case !c.tunnel.spoke.Load():
		return 3, c.since
	case c.tunnel.idle() > strangerRest:
		return 1, time.Unix(0, c.tunnel.active.Load())
	}
	return 0, time.Time{}
}

// open notes the tunnel of a client; false where the client lost its place, or the server has ended.
func (s *Server) open(c *guest, t *tunnel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, here := s.guests[c]; !here || s.ctx.Err() != nil {
		return false
	}
	c.tunnel = t
	return true
}

func (s *Server) leave(c *guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.guests, c)
}

func (s *Server) count(change func(*Refused)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.refused)
}

// Refused is how many clients were refused until now.
func (s *Server) Refused() Refused {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.refused
	if s.limit != nil {
		r.Silent += s.limit.Closed()
	}
	return r
}
