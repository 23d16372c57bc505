package awsconfig

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// scripted is a source whose answer is set, and whose questions are counted.
type scripted struct {
	mu      sync.Mutex
	answer  aws.Credentials
	err     error
	fetches atomic.Int64
}

func (s *scripted) set(c aws.Credentials, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.err = c, err
}

func (s *scripted) fetch(context.Context, *aws.Credentials) (fetched, error) {
	s.fetches.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	return fetched{Credentials: s.answer}, s.err
}

func until(c aws.Credentials, end time.Time) aws.Credentials {
	c.CanExpire, c.Expires = true, end
	return c
}

func scriptedLayer(base *layer) (*layer, *scripted, *clock) {
	s, c := &scripted{}, newClock()
	l := newLayer(s, base, refusalPause, zap.NewNop())
	l.now = c.now
	return l, s, c
}

func keyOf(t *testing.T, l *layer) string {
	t.Helper()
	c, err := l.Retrieve(t.Context())
	require.NoError(t, err)
	return c.AccessKeyID
}

func TestCredentialsAreReplacedAheadOfTheirEnd(t *testing.T) {
	l, s, now := scriptedLayer(nil)
	s.set(until(keys("first"), now.now().Add(time.Hour)), nil)
	assert.Equal(t, "first", keyOf(t, l))
	s.set(until(keys("second"), now.now().Add(2*time.Hour)), nil)
	now.pass(time.Hour - expiryWindow - time.Second)
	assert.Equal(t, "first", keyOf(t, l))
	now.pass(expiryWindow/2 + 2*time.Second) // past any jitter
	assert.Equal(t, "second", keyOf(t, l))
	assert.EqualValues(t, 2, s.fetches.Load())
}

func TestCredentialsStayInUseWhileNewOnesCannotBeFetched(t *testing.T) {
	l, s, now := scriptedLayer(nil)
	s.set(until(keys("first"), now.now().Add(time.Hour)), nil)
	keyOf(t, l)
	s.set(aws.Credentials{}, errors.New("STS is away"))
	now.pass(time.Hour - time.Minute)
	assert.Equal(t, "first", keyOf(t, l))
	assert.Equal(t, "first", keyOf(t, l))
	assert.EqualValues(t, 2, s.fetches.Load(), "one attempt in each pause")
	now.pass(refreshPause)
	keyOf(t, l)
	assert.EqualValues(t, 3, s.fetches.Load())
	now.pass(time.Minute)
	_, err := l.Retrieve(t.Context())
	require.ErrorContains(t, err, "STS is away")
}

func TestInstanceKeysAreUsedBeyondTheirEndWhileEC2CannotReplaceThem(t *testing.T) {
	l, s, now := scriptedLayer(nil)
	c := until(keys("instance"), now.now().Add(time.Hour))
	c.Source = ec2rolecreds.ProviderName
	s.set(c, nil)
	keyOf(t, l)
	s.set(aws.Credentials{}, errors.New("metadata is away"))
	now.pass(2 * time.Hour)
	assert.Equal(t, "instance", keyOf(t, l))
}

func TestFailureAnswersAllWhoAskForAMoment(t *testing.T) {
	l, s, now := scriptedLayer(nil)
	s.set(aws.Credentials{}, errors.New("no keys"))
	for range 5 {
		_, err := l.Retrieve(t.Context())
		require.ErrorContains(t, err, "no keys")
	}
	assert.EqualValues(t, 1, s.fetches.Load())
	now.pass(failurePause)
	s.set(keys("first"), nil)
	assert.Equal(t, "first", keyOf(t, l))
}

func TestManyRefusalsMakeOneFetch(t *testing.T) {
	l, s, _ := scriptedLayer(nil)
	s.set(keys("old"), nil)
	keyOf(t, l)
	s.set(keys("new"), nil)
	var wg sync.WaitGroup
	var changed atomic.Int64
	for range 50 {
		wg.Go(func() {
			if ok, err := l.refresh(t.Context(), keys("old")); ok && err == nil {
				changed.Add(1)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 50, changed.Load())
	assert.EqualValues(t, 2, s.fetches.Load(), "the first, and one for all refusals")
}

func TestRefusalsThatBringNothingNewMakeOneFetchInEachPause(t *testing.T) {
	l, s, now := scriptedLayer(nil)
	s.set(keys("old"), nil)
	keyOf(t, l)
	refuse := func() {
		for range 5 {
			ok, err := l.refresh(t.Context(), keys("old"))
			require.NoError(t, err)
			assert.False(t, ok)
		}
	}
	refuse()
	assert.EqualValues(t, 2, s.fetches.Load())
	now.pass(refusalPause)
	refuse()
	assert.EqualValues(t, 3, s.fetches.Load())
}

func TestRefusalOfARoleRefreshesTheLayerBelowToo(t *testing.T) {
	base, below, _ := scriptedLayer(nil)
	role, above, _ := scriptedLayer(base)
	below.set(keys("base"), nil)
	above.set(keys("role"), nil)
	keyOf(t, base)
	keyOf(t, role)
	below.set(keys("base 2"), nil)
	above.set(keys("role 2"), nil)
	ok, err := role.refresh(t.Context(), keys("role"))
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "base 2", keyOf(t, base))
	assert.Equal(t, "role 2", keyOf(t, role))
}

// blocked is a source that answers when it is let go.
type blocked struct {
	asked chan struct{}
	let   chan struct{}
}

func (b blocked) fetch(ctx context.Context, _ *aws.Credentials) (fetched, error) {
	b.asked <- struct{}{}
	select {
	case <-b.let:
		return fetched{Credentials: keys("fresh")}, nil
	case <-ctx.Done():
		return fetched{}, ctx.Err()
	}
}

func TestOthersGoOnWhileOneFetches(t *testing.T) {
	l, s, now := scriptedLayer(nil)
	s.set(until(keys("first"), now.now().Add(time.Hour)), nil)
	keyOf(t, l)
	b := blocked{make(chan struct{}), make(chan struct{})}
	l.source = b
	now.pass(time.Hour - time.Second)
	done := make(chan string)
	go func() {
		c, _ := l.Retrieve(context.Background())
		done <- c.AccessKeyID
	}()
	<-b.asked
	assert.Equal(t, "first", keyOf(t, l))
	close(b.let)
	assert.Equal(t, "fresh", <-done)
}

func TestWaitEndsWithTheContext(t *testing.T) {
	l, _, _ := scriptedLayer(nil)
	b := blocked{make(chan struct{}), make(chan struct{})}
	l.source = b
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := l.Retrieve(ctx)
		done <- err
	}()
	<-b.asked
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)

	l.source = &scripted{answer: keys("later")}
	assert.Equal(t, "later", keyOf(t, l), "one caller's cancellation is not the others' failure")
}
