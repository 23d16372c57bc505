package hostfacts

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// TimeoutVariable holds the limit of all questions to metadata services together, as a duration.
const TimeoutVariable = "OTELCOL_CLOUDWATCH_HOST_FACTS_TIMEOUT"

const (
	// DefaultTimeout is that limit where the variable is not set. Metadata is one hop away and answers in
	// milliseconds; outside AWS this is what a start waits.
	DefaultTimeout = 2 * time.Second
	// maxTimeout bounds it: a start that waits longer looks as if it hung.
	maxTimeout = time.Minute
	// A metadata service that did not answer is left alone for firstRetry, then for twice as long each time, up to lastRetry:
	// at boot the network is often seconds late, and elsewhere there is no such service.
	firstRetry = 5 * time.Second
	lastRetry  = 5 * time.Minute
	// maxValue bounds a fact. An ARN has at most 2,048 characters (IAM API Reference).
	maxValue = 2048
)

// Finder finds facts of this host and remembers them. It is safe for concurrent use, and holds nothing
// that would have to be closed.
type Finder struct {
	root     string
	limit    time.Duration
	limitErr error
	now      func() time.Time

	fullName   func() (string, error)
	outbound   func(ctx context.Context, network string) netip.Addr
	interfaces func() ([]net.Addr, error)

	mu    sync.Mutex
	known map[string]string

	turn chan struct{} // held while metadata is asked
	last answers
}

// New is a finder that remembers nothing yet. root is where the host's own files are; empty means /. The
// limit is that of TimeoutVariable.
func New(root string) *Finder {
	f := &Finder{
		root: cmp.Or(root, "/"), now: time.Now,
		fullName: fullName, outbound: outbound, interfaces: net.InterfaceAddrs,
		known: map[string]string{}, turn: make(chan struct{}, 1),
	}
	f.limit, f.limitErr = timeout(os.Getenv(TimeoutVariable))
	return f
}

// Process is the finder of this process, which all configurations of it share.
var Process = sync.OnceValue(func() *Finder { return New("/") })

func timeout(value string) (time.Duration, error) {
	if value == "" {
		return DefaultTimeout, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > maxTimeout {
		return 0, fmt.Errorf("%s is %q: give a duration from 0s to %s, such as %s", TimeoutVariable, value, maxTimeout, DefaultTimeout)
	}
	return d, nil
}

// UnknownFactError says that there is no fact of a name.
type UnknownFactError struct{ Name string }

func (e *UnknownFactError) Error() string {
	return fmt.Sprintf("there is no host fact %q; choose one of %s", e.Name, strings.Join(Names(), ", "))
}

// NotKnownError says that this host does not have a fact.
type NotKnownError struct {
	Name string
	// Tried says for each place why it is not there.
	Tried []string
}

func (e *NotKnownError) Error() string {
	return fmt.Sprintf("host fact %q is not known on this host (%s); give a default, such as ${host:%s:-unknown}",
		e.Name, strings.Join(e.Tried, "; "), e.Name)
}

// Fact finds a fact. The error is an UnknownFactError, a NotKnownError, that of ctx, or says that
// TimeoutVariable is wrong.
func (f *Finder) Fact(ctx context.Context, name string) (string, error) {
	sources, ok := facts[name]
	if !ok {
		return "", &UnknownFactError{name}
	}
	f.mu.Lock()
	value, ok := f.known[name]
	f.mu.Unlock()
	if ok {
		return value, nil
	}
	if f.limitErr != nil {
		return "", f.limitErr
	}
	var tried []string
	for _, s := range sources {
		value, why := s.find(ctx, f)
		if err := ctx.Err(); err != nil {
			return "", fmt.Errorf("host fact %q: %w", name, err)
		}
		if value != "" && !plain(value) {
			value, why = "", "what it says is no plain text"
		}
		if value != "" {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.known[name] = value
			return value, nil
		}
		tried = append(tried, s.place+": "+why)
	}
	return "", &NotKnownError{name, tried}
}

// plain says whether a fact may stand in a configuration. What comes from elsewhere must not hold a
// placeholder, which would be expanded in turn.
func plain(value string) bool {
	return len(value) <= maxValue && !strings.Contains(value, "$") && !slices.ContainsFunc([]rune(value), unicode.IsControl)
}

func (f *Finder) hostname() string {
	name, err := f.fullName()
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSpace(name), ".")
}
