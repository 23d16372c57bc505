package faults

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults.
const (
	// Throttle answers with the service's throttling error.
	Throttle Kind = "throttle"
	// ServerError answers with the service's own error for its own failure, a 5xx.
	ServerError Kind = "server_error"
	// Latency makes the answer wait.
	Latency Kind = "latency"
	// Stall never answers; the connection stays open until the client leaves or the server stops.
	Stall Kind = "stall"
	// ResetBefore cuts the connection before the call is carried out.
	ResetBefore Kind = "reset_before"
	// ResetAfter carries the call out and cuts the connection instead of answering.
	ResetAfter Kind = "reset_after"
	// PartialRejection makes PutLogEvents reject the first events of the batch as too old.
	PartialRejection Kind = "partial_rejection"
	// ExpiredCredentials answers as if the caller's session had expired.
	ExpiredCredentials Kind = "expired_credentials"
	// AccessDenied answers as if the caller had no permission for the call.
	AccessDenied Kind = "access_denied"
)

// Kinds are all kinds of faults.
var Kinds = []Kind{Throttle, ServerError, Latency, Stall, ResetBefore, ResetAfter, PartialRejection, ExpiredCredentials, AccessDenied}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	if !slices.Contains(Kinds, Kind(text)) {
		return fmt.Errorf("kind %q is not one of %s", text, join(Kinds))
	}
	*k = Kind(text)
	return nil
}

func join(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// Duration is written as text, such as "250ms".
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Rule is one fault: what goes wrong, for which calls, and how often.
type Rule struct {
	// ID names the rule; the server chooses one where it is empty.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`

	// Service is a signing name (logs, monitoring, ssm, sts, xray), Operation an API operation, LogGroup
	// and LogStream the names in a call. Each is a pattern as in path.Match, with * for any characters
	// but '/'; an empty one matches every call.
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	LogGroup  string `json:"log_group,omitempty"`
	LogStream string `json:"log_stream,omitempty"`

	// Skip lets that many matching calls pass first.
	Skip int64 `json:"skip,omitempty"`
	// Every is the turn: each Nth matching call after the skipped ones. 0 and 1 mean each.
	Every int64 `json:"every,omitempty"`
	// Probability, above 0 and up to 1, is that of each matching call whose turn it is. 0 means always.
	Probability float64 `json:"probability,omitempty"`
	// Count is how often the fault happens before the rule is spent. 0 means without an end.
	Count int64 `json:"count,omitempty"`

	// Latency is how long a latency fault waits.
	Latency Duration `json:"latency,omitzero"`
	// Reject is how many events a partial_rejection takes from the start of the batch. Default 1.
	Reject int `json:"reject,omitempty"`
}

// maxLatency keeps a mistyped latency from looking like a stall.
const maxLatency = 10 * time.Minute

func (r *Rule) validate() error {
	if err := r.Kind.UnmarshalText([]byte(r.Kind)); err != nil {
		return err
	}
	services := []string{"", wire.Logs, wire.Monitoring, wire.SSM, wire.STS, wire.XRay}
	for name, pattern := range map[string]string{"service": r.Service, "operation": r.Operation, "log_group": r.LogGroup, "log_stream": r.LogStream} {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%s %q is not a pattern: close its bracket, or escape it with a backslash", name, pattern)
		}
	}
	switch {
	case !strings.ContainsAny(r.Service, "*?[") && !slices.Contains(services, r.Service):
		return fmt.Errorf("service %q is not one of %s", r.Service, strings.Join(services[1:], ", "))
	case r.Skip < 0:
		return fmt.Errorf("skip %d is negative; leave it out to skip no call", r.Skip)
	case r.Every < 0:
		return fmt.Errorf("every %d is negative; leave it out for each call", r.Every)
	case r.Count < 0:
		return fmt.Errorf("count %d is negative; leave it out for no end", r.Count)
	case !(r.Probability >= 0 && r.Probability <= 1):
		return fmt.Errorf("probability %v is not between 0 and 1", r.Probability)
	case r.Kind == Latency && (r.Latency <= 0 || time.Duration(r.Latency) > maxLatency):
		return fmt.Errorf("latency %s of a latency fault is not between 1ns and %s; use stall for no answer at all", time.Duration(r.Latency), maxLatency)
	case r.Kind != Latency && r.Latency != 0:
		return fmt.Errorf("latency %s belongs to a latency fault only, not to %s", time.Duration(r.Latency), r.Kind)
	case r.Reject < 0:
		return fmt.Errorf("reject %d is negative; leave it out for one event", r.Reject)
	case r.Kind != PartialRejection && r.Reject != 0:
		return fmt.Errorf("reject %d belongs to a partial_rejection only, not to %s", r.Reject, r.Kind)
	}
	if r.Kind == PartialRejection && r.Reject == 0 {
		r.Reject = 1
	}
	return nil
}

// ParseRule reads a rule as a flag has it: the kind, then key=value pairs with the keys of the JSON
// form, all separated by commas: "throttle,operation=PutLogEvents,every=3".
func ParseRule(text string) (Rule, error) {
	kind, rest, _ := strings.Cut(text, ",")
	fields := map[string]any{"kind": kind}
	for pair := range strings.SplitSeq(rest, ",") {
		if pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return Rule{}, fmt.Errorf("fault %q: %q is not KEY=VALUE", text, pair)
		}
		fields[key] = value
		switch key {
		case "skip", "every", "count", "reject", "probability":
			if _, err := strconv.ParseFloat(value, 64); err != nil {
				return Rule{}, fmt.Errorf("fault %q: %s %q is not a number", text, key, value)
			}
			fields[key] = json.Number(value)
		}
	}
	form, err := json.Marshal(fields)
	if err != nil {
		return Rule{}, fmt.Errorf("fault %q: %w", text, err)
	}
	rule, err := decodeRule(strings.NewReader(string(form)))
	if err == nil {
		err = rule.validate()
	}
	if err != nil {
		return Rule{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return rule, nil
}
