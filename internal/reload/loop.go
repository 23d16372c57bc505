package reload

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// changed is called by the watches.
func (m *Manager) changed() {
	select {
	case m.wake <- struct{}{}:
	default: // somebody has said so
	}
}

// Look makes the manager look at all sources now, as SIGHUP asks.
func (m *Manager) Look() {
	select {
	case m.hups <- struct{}{}:
	default:
	}
}

// follow starts to follow the sources.
func (m *Manager) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	m.mu.Lock()
	m.stop = cancel
	m.mu.Unlock()
	m.loop.Go(func() { m.followSources(ctx) })
	m.loop.Go(func() { m.regain(ctx) })
}

func (m *Manager) followSources(ctx context.Context) {
	for {
		var due <-chan time.Time
		var timer *time.Timer
		if wait := m.wait(); wait > 0 {
			timer = time.NewTimer(wait)
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case <-due:
		case <-m.hups:
			m.log().Info("looking at the configuration, as SIGHUP asks")
		case <-m.wake:
			select { // what changes together is taken together
			case <-ctx.Done():
			case <-time.After(settle):
			}
			select {
			case <-m.wake:
			default:
			}
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
		m.reconsider(ctx)
	}
}

// wait is when the sources are asked without a reason; 0: not at all.
func (m *Manager) wait() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var wait time.Duration
	switch {
	case m.retry > 0:
		wait = m.retry + rand.N(m.retry/2+1) // a fleet that lost SSM together does not come back together
	case m.running != nil && polled(m.options.URIs, m.running):
		wait = pollEvery + rand.N(pollEvery/5)
	}
	if r := m.status.Refused; r != nil && !r.RetryAt.IsZero() {
		if left := max(time.Until(r.RetryAt), time.Millisecond); wait == 0 || left < wait {
			wait = left
		}
	}
	return wait
}

// reconsider fetches, tries and proposes what there is now.
func (m *Manager) reconsider(ctx context.Context) {
	m.work.Lock()
	defer m.work.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	snap, err := m.sources.fetch(ctx, m.options.URIs)
	if errors.Is(ctx.Err(), context.Canceled) {
		return // the process ends
	}
	outcome := outcomeOf(err)
	m.backOff(err != nil && outcome == Unreachable)
	if err != nil {
		m.refuse(outcome, snap, err)
		return
	}
	if done := m.known(snap); done {
		return
	}
	if err := m.check(ctx, snap); err != nil {
		m.refuse(Invalid, snap, err)
		return
	}
	m.propose(snap)
}

func (m *Manager) backOff(failed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !failed:
		m.retry = 0
	case m.retry == 0:
		m.retry = firstRetry
	default:
		m.retry = min(2*m.retry, lastRetry)
	}
}

// known says whether nothing is to be done about a snapshot: it runs, or was refused before.
func (m *Manager) known(snap *snapshot) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case snap.hash == m.running.hash && m.pending == nil:
		m.status.Counts[Unchanged]++
		if m.status.Refused != nil {
			m.log().Info("the configuration is again the one that runs", zap.String("hash", snap.short()))
		}
		m.running.remembered = false // it is the newest, too
		m.status.Running.LastKnownGood = false
		m.status.Refused = nil
		m.publish()
		return true
	case m.pending != nil && snap.hash == m.pending.hash:
		return true
	}
	if t, ok := m.blocked[snap.hash]; ok {
		if time.Now().Before(t.until) {
			return true
		}
		m.log().Info("a configuration that has failed is tried again", zap.String("hash", snap.short()))
		return false
	}
	return m.status.Refused != nil && m.status.Refused.Outcome == Invalid && m.status.Refused.Hash == snap.short()
}

// propose lets the collector come for a snapshot.
func (m *Manager) propose(snap *snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = snap
	m.status.Refused = nil
	m.log().Info("a new configuration is valid, and takes over", zap.String("hash", snap.short()), zap.Strings("layers", snap.merged.Layers()))
	if notify := m.notify; notify != nil {
		m.notify = nil // once for each time that the collector has come
		go call(notify)
	}
}

// call tells the collector. Its channel has room for one call that it has not heard yet: where it comes
// for another reason meanwhile, by SIGHUP, the next call waits here. At its end it closes the channel.
func call(notify confmap.WatcherFunc) {
	defer func() { _ = recover() }() // the channel is closed, and nobody waits for the call
	notify(&confmap.ChangeEvent{})
}

// refuse reports a configuration that is not used. What runs goes on.
func (m *Manager) refuse(outcome Outcome, snap *snapshot, err error) {
	text, where := explain(snap, err)
	refusal := &Refusal{Outcome: outcome, At: time.Now().UTC(), Reason: text, Where: where}
	if snap != nil && snap.hash != "" {
		refusal.Hash = snap.short()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if outcome == Failed && snap != nil {
		refusal.RetryAt = m.blocked[snap.hash].until.UTC()
	}
	before := m.status.Refused
	m.status.Counts[outcome]++
	m.status.Refused = refusal
	m.publish()
	if before != nil && before.Outcome == outcome && before.Reason == text {
		return // it was said
	}
	fields := []zap.Field{zap.String("outcome", string(outcome)), zap.String("reason", text), zap.Strings("where", where)}
	if !refusal.RetryAt.IsZero() {
		fields = append(fields, zap.Time("again_at", refusal.RetryAt))
	}
	if outcome == Unreachable {
		m.log().Warn("the configuration cannot be fetched; what runs goes on, and it is tried again", fields...)
		return
	}
	m.log().Error("a configuration is refused; what runs goes on", fields...)
}

func (m *Manager) block(hash string, until trial) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blocked[hash] = until
}
