package reload

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const newer = base + "processors: {newer: }\n"

// withGood are options with a last known good configuration, and a newer one that has not run yet.
func withGood(t *testing.T) (*source, Options) {
	s := newSource()
	s.set("base", base)
	o := options(t, s, "mem:base")
	becomeGood(t, o)
	s.set("base", newer)
	return s, o
}

func TestProcessThatWasToldToEndCondemnsNothing(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	for range 3 * crashes {
		p, got := run(t, o)
		require.Contains(t, got, "processors")
		p.end(true)
	}
	for range 3 * crashes { // before it has what it needs
		m, err := New(o)
		require.NoError(t, err)
		m.End()
		p := &process{t: t, m: m}
		_, err = p.collect()
		require.ErrorIs(t, err, errTold)
		again, err := m.Again(err)
		assert.False(t, again)
		require.NoError(t, err, "it ends as it was told to")
		p.end(true)
	}
	for range 3 * crashes { // while it starts
		p, got, err := start(t, o)
		require.NoError(t, err)
		require.Contains(t, got, "processors")
		p.m.End()
		_, err = p.m.Again(errors.New("a component gave up"))
		require.NoError(t, err)
		p.end(true)
	}
	p, got := run(t, o)
	assert.Contains(t, got, "processors")
	p.end(true)
}

// The collector stops its pipelines and comes for another configuration: a stop in that moment is an end as any other.
func TestStopBetweenTwoConfigurationsEndsWell(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	p, _ := run(t, o)
	p.m.Stopping()
	p.m.End()
	_, err := p.resolve()
	require.ErrorIs(t, err, errTold)
	again, err := p.m.Again(err)
	assert.False(t, again)
	require.NoError(t, err)
	assert.False(t, p.m.Running(), "nothing is said of it, either")
	p.end(true)
}

func TestProcessThatWasKilledIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	for range crashes {
		p, got := run(t, o)
		require.Contains(t, got, "processors")
		p.kill()
	}
	p, got := run(t, o)
	assert.NotContains(t, got, "processors", "the last known good one")
	r := p.m.Status().Refused
	assert.Contains(t, r.Reason, "ended the process 2 times")
	assert.Contains(t, r.Reason, "no reason was recorded")
	assert.WithinDuration(t, time.Now().Add(firstRetrial), r.RetryAt, time.Minute)
	assert.NotZero(t, p.m.wait(), "it looks again by itself")
	p.m.mu.Lock()
	for hash, b := range p.m.blocked {
		b.until = time.Now()
		p.m.blocked[hash] = b
	}
	p.m.mu.Unlock()
	p.m.Look()
	assert.Contains(t, p.reload(), "processors", "its time has come")
	p.m.Started()
	p.kill()

	p, got = run(t, o)
	assert.NotContains(t, got, "processors", "one more failure is enough now")
	assert.WithinDuration(t, time.Now().Add(2*firstRetrial), p.m.Status().Refused.RetryAt, time.Minute, "and it waits twice as long")
	p.end(true)
}

func TestNextBootTriesACondemnedConfigurationAtOnce(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	for range crashes {
		p, _ := run(t, o)
		p.kill()
	}
	m := newMemory(o.StateDir, o.Build, o.URIs)
	var a attempt
	ok, err := m.load("attempt", &a)
	require.NoError(t, err)
	require.True(t, ok)
	a.Boot = "the boot before"
	require.NoError(t, m.save("attempt", a, false))
	p, got := run(t, o)
	assert.Contains(t, got, "processors")
	p.kill()
	p, got = run(t, o)
	assert.NotContains(t, got, "processors", "once")
	p.end(true)
}

func TestPowerCutsCondemnNothing(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	m := newMemory(o.StateDir, o.Build, o.URIs)
	for boot := range 3 * crashes {
		p, got := run(t, o)
		require.Contains(t, got, "processors")
		p.kill()
		var a attempt
		_, err := m.load("attempt", &a)
		require.NoError(t, err)
		a.Boot = fmt.Sprint(boot)
		require.NoError(t, m.save("attempt", a, false))
	}
}

func TestPanicIsTheReason(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	crash := crashOf("panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n")
	for range crashes {
		p, _ := run(t, o)
		p.kill()
	}
	m, err := New(o)
	require.NoError(t, err)
	m.crash = crash
	p := &process{t: t, m: m}
	got, err := p.collect()
	require.NoError(t, err)
	assert.NotContains(t, got, "processors")
	assert.Contains(t, m.Status().Refused.Reason, "index out of range")
	p.end(true)
	assert.Empty(t, crashOf("SIGQUIT: quit\nPC=0x4"), "somebody wanted to see the goroutines")
	assert.Empty(t, crashOf(""))
}

func TestCircumstancesAreNotTheConfigurationsFault(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		fmt.Errorf("start: %w", syscall.EADDRINUSE), fmt.Errorf("start: %w", &os.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}),
		fmt.Errorf("start: %w", &os.PathError{Op: "open", Path: "/x", Err: syscall.EROFS}), &InUseError{Folder: "/x"},
		errors.New("listen tcp 127.0.0.1:4317: bind: address already in use"),
		errors.New("listen tcp 127.0.0.1:4317: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted."),
	} {
		assert.True(t, circumstance(err), err)
	}
	assert.False(t, circumstance(errors.New("cannot parse the pattern")))

	s, o := withGood(t)
	p, got := run(t, o)
	for range 3 * crashes {
		require.Contains(t, got, "processors")
		require.NoError(t, p.resolver.Shutdown(t.Context()))
		p.m.mu.Lock()
		p.m.started = false
		p.m.mu.Unlock()
		again, err := p.m.Again(fmt.Errorf("start otlp: %w", syscall.EADDRINUSE))
		require.NoError(t, err)
		require.True(t, again)
		assert.WithinDuration(t, time.Now().Add(circumstanceRetrial), p.m.Status().Refused.RetryAt, time.Minute)
		got, err = p.collect()
		require.NoError(t, err)
		require.NotContains(t, got, "processors", "the last known good one")
		p.m.Started()
		p.end(true)
		p, got = run(t, o)
	}
	p.end(true)
	_ = s
}

func TestFailureIsNotedWithItsReason(t *testing.T) {
	t.Parallel()
	_, o := withGood(t)
	for range crashes {
		p, _ := run(t, o)
		require.NoError(t, p.resolver.Shutdown(t.Context()))
		require.NoError(t, p.m.Close(t.Context(), errors.New("the receiver is broken")))
	}
	p, got := run(t, o)
	assert.NotContains(t, got, "processors")
	assert.Contains(t, p.m.Status().Refused.Reason, "the receiver is broken")
	p.end(true)
	o.Build = "a newer program"
	p, got = run(t, o)
	assert.Contains(t, got, "processors", "which may cope")
	p.end(true)
}

func TestTimesOfAWrongClockCondemnNothingForLong(t *testing.T) {
	t.Parallel()
	now := time.Now()
	assert.True(t, attempt{Failures: crashes, Until: now.Add(time.Hour)}.condemned(now))
	assert.False(t, attempt{Failures: crashes, Until: now.Add(-time.Second)}.condemned(now))
	assert.False(t, attempt{Failures: crashes, Until: now.Add(1000 * time.Hour)}.condemned(now))
	assert.False(t, attempt{Failures: crashes - 1, Until: now.Add(time.Hour)}.condemned(now))
	assert.Equal(t, lastRetrial, doubled(firstRetrial, 1000))
}
