package reload

import (
	"maps"
	"slices"
	"time"
)

// Outcome is what became of a configuration.
type Outcome string

// The outcomes, which are also the values of the metric's attribute.
const (
	// Applied: the collector runs it.
	Applied Outcome = "applied"
	// Unchanged: a source has changed, the configuration has not.
	Unchanged Outcome = "unchanged"
	// Invalid: it was refused before anything was stopped.
	Invalid Outcome = "invalid"
	// Unreachable: some layer or value could not be fetched.
	Unreachable Outcome = "unreachable"
	// Failed: the collector could not start with it, or ended soon after.
	Failed Outcome = "failed"
)

// Outcomes are all outcomes.
var Outcomes = []Outcome{Applied, Unchanged, Invalid, Unreachable, Failed}

// Status is what runs, and what does not and why. It holds no secret.
type Status struct {
	// Running is the configuration that the collector has.
	Running Running `json:"running"`
	// Refused is a newer configuration that is not used; nil: what runs is the newest.
	Refused *Refusal `json:"refused,omitempty"`
	// LeftOut are listeners that could not be opened.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	// LastKnownGood is when the configuration on the disk was saved; zero where there is none.
	LastKnownGood time.Time `json:"last_known_good,omitzero"`
	// Counts are outcomes since the process has started.
	Counts map[Outcome]int64 `json:"counts"`
}

// Running is a configuration that the collector has.
type Running struct {
	// Hash is the start of its SHA-256.
	Hash string `json:"hash"`
	// Layers are the names of its layers.
	Layers []string `json:"layers"`
	// Since is when the collector started with it.
	Since time.Time `json:"since"`
	// LastKnownGood says that it comes from the disk, because the newest could not be used.
	LastKnownGood bool `json:"last_known_good"`
	// Healthy says that it has run for long enough to be the last known good one.
	Healthy bool `json:"healthy"`
}

// Refusal is a configuration that is not used.
type Refusal struct {
	Outcome Outcome   `json:"outcome"`
	Hash    string    `json:"hash,omitempty"`
	At      time.Time `json:"at"`
	// Reason is the error, with the values of placeholders taken out.
	Reason string `json:"reason"`
	// Where are the layers and lines that the reason points to, as LAYER:LINE.
	Where []string `json:"where,omitempty"`
	// RetryAt is when it is tried again although it has not changed; zero: it is not.
	RetryAt time.Time `json:"retry_at,omitzero"`
}

// LeftOut is a listener without which the collector runs, such as that of a health check.
type LeftOut struct {
	// Component is what would listen, as the configuration names it.
	Component string `json:"component"`
	// Address is where.
	Address string `json:"address"`
	// Receives says that it is a receiver's: who sends to it is not heard.
	Receives bool `json:"receives,omitempty"`
	// Reason is the error, and who has the address, as far as the system tells.
	Reason string `json:"reason"`
}

func (s Status) clone() Status {
	s.Counts = maps.Clone(s.Counts)
	if s.Refused != nil {
		refused := *s.Refused
		s.Refused = &refused
	}
	s.LeftOut = slices.Clone(s.LeftOut)
	return s
}

// ReadStatus reads what a running collector, or the last one, said of these --config values. It returns
// false where nothing was said.
func ReadStatus(dir string, uris []string) (Status, bool, error) {
	var s Status
	m := newMemory(dir, "", uris)
	m.look = true
	ok, err := m.load("status", &s)
	return s, ok, err
}
