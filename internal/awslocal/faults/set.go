package faults

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// maxRules bounds a set: each call looks at every rule.
const maxRules = 1000

// Plan is what happens to one call. The zero value is no fault.
type Plan struct {
	Delay       time.Duration // to wait before anything else
	Stall       bool          // never answer
	ResetBefore bool          // cut the connection, do nothing
	ResetAfter  bool          // do it, then cut the connection
	RejectFirst int           // events of PutLogEvents to reject as too old
	Err         *wire.Error   // answer with this, do nothing
}

// State is a rule and what it did.
type State struct {
	Rule
	Matched int64 `json:"matched"` // calls that it looked at
	Applied int64 `json:"applied"` // calls that it made fail
}

func (s *State) spent() bool { return s.Count > 0 && s.Applied >= s.Count }

// Set is the faults of one server. It is safe for concurrent use, and costs nothing while it is empty.
type Set struct {
	size atomic.Int32

	mu     sync.Mutex
	random *rand.Rand
	rules  []*State
	lastID int
}

// New is an empty set. The seed makes faults by probability repeatable.
func New(seed uint64) *Set {
	return &Set{random: rand.New(rand.NewPCG(seed, seed))}
}

// Add takes a rule in, and returns it with its ID.
func (s *Set) Add(r Rule) (Rule, error) {
	if err := r.validate(); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rules) >= maxRules {
		return Rule{}, fmt.Errorf("there are %d faults already; remove some", maxRules)
	}
	if r.ID != "" && s.index(r.ID) >= 0 {
		return Rule{}, fmt.Errorf("there is a fault with the id %q already; remove it or leave the id out", r.ID)
	}
	for r.ID == "" || s.index(r.ID) >= 0 {
		s.lastID++
		r.ID = "fault-" + strconv.Itoa(s.lastID)
	}
	s.rules = append(s.rules, &State{Rule: r})
	s.size.Store(int32(len(s.rules)))
	return r, nil
}

func (s *Set) index(id string) int {
	return slices.IndexFunc(s.rules, func(r *State) bool { return r.ID == id })
}

// Remove ends a rule. It returns false where there is none of that ID.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return false
	}
	s.rules = slices.Delete(s.rules, i, i+1)
	s.size.Store(int32(len(s.rules)))
	return true
}

// Clear ends all rules.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	s.size.Store(0)
}

// List is every rule, spent ones too, in the order in which they came.
func (s *Set) List() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]State, len(s.rules))
	for i, r := range s.rules {
		list[i] = *r
	}
	return list
}

// Pick decides what happens to a call. Delays of several rules add up; of errors the first one counts.
func (s *Set) Pick(c *wire.Call) Plan {
	var plan Plan
	if s.size.Load() == 0 {
		return plan
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := names{call: c}
	for _, r := range s.rules {
		if r.spent() || !r.matches(c, &names) {
			continue
		}
		r.Matched++
		turn := r.Matched - r.Skip
		if turn <= 0 || r.Every > 1 && turn%r.Every != 0 || r.Probability > 0 && s.random.Float64() >= r.Probability {
			continue
		}
		r.Applied++
		plan.add(r.Rule, c)
	}
	return plan
}

func (p *Plan) add(r Rule, c *wire.Call) {
	var err *wire.Error
	switch r.Kind {
	case Throttle:
		err = Throttled(c.Service)
	case ServerError:
		err = failed(c.Service)
	case ExpiredCredentials:
		err = expired(c)
	case AccessDenied:
		err = denied(c)
	case Latency:
		p.Delay += time.Duration(r.Latency)
	case Stall:
		p.Stall = true
	case ResetBefore:
		p.ResetBefore = true
	case ResetAfter:
		p.ResetAfter = true
	case PartialRejection:
		p.RejectFirst += r.Reject
	}
	if p.Err == nil {
		p.Err = err
	}
}

func (r *Rule) matches(c *wire.Call, n *names) bool {
	if !matches(r.Service, c.Service) || !matches(r.Operation, c.Operation) ||
		r.Kind == PartialRejection && c.Operation != "PutLogEvents" {
		return false
	}
	if r.LogGroup == "" && r.LogStream == "" {
		return true
	}
	n.read()
	return matches(r.LogGroup, n.LogGroup) && matches(r.LogStream, n.LogStream)
}

func matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
