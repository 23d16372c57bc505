package reload

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// hanging is a provider that does not heed its context, as a file on a network that hangs.
type hanging struct {
	*source
	release chan struct{}
}

func (h *hanging) Scheme() string { return "file" }

func (h *hanging) Retrieve(ctx context.Context, uri string, w confmap.WatcherFunc) (*confmap.Retrieved, error) {
	<-h.release
	return h.source.Retrieve(ctx, "mem:base", w)
}

func TestSourceThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newSource()
	s.set("base", base)
	h := &hanging{s, make(chan struct{})}
	o := options(t, s, "file:/mnt/base.yaml")
	o.Providers = append(o.Providers, confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return h }))
	o.Timeout = time.Millisecond
	p, _, err := start(t, o)
	require.ErrorContains(t, err, "file:/mnt/base.yaml: no answer in time")
	_, err = p.resolve()
	require.ErrorContains(t, err, "an earlier look at it has not come back yet")
	close(h.release)
	p.m.options.Timeout = deadline
	require.Eventually(t, func() bool { _, err := p.resolve(); return err == nil }, deadline, tick)
	assert.Equal(t, 1, s.watched(), "what came too late is not watched")
	p.end(true)
}

func TestNothingIsFetchedByAnUnknownWay(t *testing.T) {
	t.Parallel()
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base", "yaml:receivers::nop::text: ${mem:word}")
	s.set("word", "one")
	becomeGood(t, o)
	asked := s.asked
	unknown := errors.New("the way to AWS must be known")
	o.Reach = func(context.Context) error { return unknown }
	p, got := run(t, o)
	assert.Equal(t, "one", key(got, "receivers::nop::text"), "the last known good one")
	assert.Contains(t, p.m.Status().Refused.Reason, "the way to AWS must be known")
	assert.Equal(t, asked, s.asked, "and nobody was asked")
	p.end(true)

	prepared := 0
	o.BeforeGood = func(_ context.Context, conf *confmap.Conf) error {
		prepared++
		assert.Equal(t, "one", conf.Get("receivers::nop::text"), "with what its placeholders stand for")
		return errors.New("no listener for its route table")
	}
	p, _, err := start(t, o)
	require.ErrorContains(t, err, "no listener for its route table", "it would send by no way that is known")
	assert.Equal(t, 1, prepared)
	p.end(true)
}

func TestWhatIsOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"host.yaml", "file:host.yaml", "dir:/etc/x", "yaml:a: b", "env:X", `C:\host.yaml`, "host:region", "./x"} {
		assert.False(t, FromAfar(uri), uri)
	}
	for _, uri := range []string{"ssm:/fleet", "s3://bucket.s3.eu-central-1.amazonaws.com/a.yaml", "https://example.com", "http://x", "secretsmanager:x"} {
		assert.True(t, FromAfar(uri), uri)
	}
}

// busy is an error of a service that will have time soon.
type busy struct{}

func (busy) Error() string   { return "rate exceeded" }
func (busy) Temporary() bool { return true }

// throttled is a provider that is busy for some calls.
type throttled struct {
	*source
	left int
}

func (s *throttled) Scheme() string { return "slow" }

func (s *throttled) Retrieve(ctx context.Context, _ string, w confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if s.left--; s.left >= 0 {
		return nil, busy{}
	}
	return s.source.Retrieve(ctx, "mem:base", w)
}

func TestStartWithNothingElseToRunAsksAgainWhileItHasTime(t *testing.T) {
	t.Parallel()
	s := newSource()
	s.set("base", base)
	o := options(t, s, "slow:x")
	o.Providers = append(o.Providers, confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return &throttled{s, 2} }))
	p, got := run(t, o)
	assert.Contains(t, got, "receivers")
	p.end(true)
	assert.False(t, mayAnswerSoon(&FetchError{URI: "ssm:/x", err: errors.New("access denied")}), "a mistake is said at once")
	assert.False(t, mayAnswerSoon(nil))
}
