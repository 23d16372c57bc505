package reload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Started says that the collector runs what it got.
func (m *Manager) Started() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil || m.options.Once {
		return
	}
	m.started = true
	m.status.Counts[Applied]++
	m.status.Running = Running{
		Hash: m.running.short(), Layers: m.running.merged.Layers(),
		Since: time.Now().UTC(), LastKnownGood: m.running.remembered,
	}
	m.stopTimer()
	m.healthy = time.AfterFunc(m.options.HealthyAfter, func() { m.settled(m.running) })
	m.publish()
}

// Stopping says that the collector stops what it runs: for another configuration, or at the end.
func (m *Manager) Stopping() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopTimer()
}

func (m *Manager) stopTimer() {
	if m.healthy != nil {
		m.healthy.Stop()
	}
}

// Sick says that a component has failed for good: what runs is not a good configuration.
func (m *Manager) Sick(component string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sick == "" && !m.status.Running.Healthy {
		m.sick = component
		m.log().Warn("this configuration will not be the last known good one: a component has failed", zap.String("component", component))
	}
}

// Fatal says that a component ends the process.
func (m *Manager) Fatal(component string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fatal = fmt.Errorf("%s: %w", component, err)
}

// settled makes what runs the last known good configuration.
func (m *Manager) settled(ran *snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running != ran || m.sick != "" || !m.started {
		return
	}
	m.status.Running.Healthy = true
	defer m.publish()
	if ran.remembered {
		return // it is on the disk, and a newer one that failed stays noted
	}
	now := time.Now()
	err := errors.Join(m.memory.remember(ran, m.options.URIs, now), m.memory.settled())
	m.begun = ""
	delete(m.blocked, ran.hash)
	switch {
	case err != nil:
		m.log().Warn("the last known good configuration cannot be kept: a start without its sources will fail",
			zap.String("folder", m.memory.dir), zap.Error(err))
	case m.memory.dir != "":
		m.status.LastKnownGood = now.UTC()
	}
}

// Again takes the end of the collector, and says whether to run it again: without a listener that only informs, because
// its address is taken, or with the configuration before, or the last known good one, because the newest could not start.
// err is what the collector ended with, and comes back, with what a component ended it with, where it is not to be run
// again.
func (m *Manager) Again(err error) (bool, error) {
	m.mu.Lock()
	if err == nil {
		err = m.fatal
	}
	m.fatal = nil
	m.notify = nil
	m.stopTimer()
	started := m.started
	m.mu.Unlock()
	if m.told.Err() != nil {
		if !started {
			err = nil // whatever kept it from starting
		}
		return false, err
	}
	if err == nil || m.options.Once {
		return false, err
	}
	if m.taken(err) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.started = false
		return true, nil
	}
	m.mu.Lock()
	ran, healthy := m.running, m.status.Running.Healthy && m.started
	var back *ready
	if m.previous != nil {
		back = &ready{snapshot: m.previous}
	}
	m.previous = nil
	m.mu.Unlock()
	if ran == nil || healthy {
		return false, err
	}
	unknown := back == nil
	if unknown {
		back, _ = m.good(context.Background(), ran)
	}
	if back == nil || back.hash == ran.hash {
		again := m.silence(err)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.started = m.started && !again
		if again {
			err = nil
		}
		return again, err
	}
	if unknown {
		if unfit := m.prepare(context.Background(), back); unfit != nil {
			return false, errors.Join(err, unfit)
		}
	}
	m.mu.Lock()
	times := m.blocked[ran.hash].times
	m.mu.Unlock()
	a := m.ended(err)
	next := trial{until: time.Now().Add(doubled(firstRetrial, times)), times: times + 1}
	if circumstance(err) {
		next.until = time.Now().Add(doubled(circumstanceRetrial, times))
	} else if a.Until.After(next.until) {
		next.until = a.Until
	}
	m.block(ran.hash, next)
	m.refuse(Failed, ran, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running, m.pending, m.started = back.snapshot, nil, false
	m.log().Error("going back to the configuration before, because the collector could not start with the newest one",
		zap.String("hash", back.short()), zap.Strings("layers", back.merged.Layers()))
	return true, nil
}

// ended notes that the configuration whose start was noted has ended, nil: because it was told to.
func (m *Manager) ended(err error) attempt {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.begun == "" {
		return attempt{}
	}
	reason := ""
	if err != nil && !circumstance(err) {
		const longest = 1000
		reason = err.Error()
		reason = reason[:min(len(reason), longest)]
	}
	a, failed := m.memory.end(m.begun, reason, time.Now())
	if failed != nil {
		m.log().Debug("the end of a configuration could not be noted", zap.Error(failed))
	}
	m.begun = ""
	return a
}

// End says that the process was told to end: nothing that happens from now on is the configuration's fault. A start that
// waits for its configuration stops waiting.
func (m *Manager) End() {
	m.tell()
	m.ended(nil)
}

// Running reports whether the collector runs.
func (m *Manager) Running() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.started
}

// Close ends the manager. err is what the process ends with, nil: it was told to end.
func (m *Manager) Close(ctx context.Context, err error) error {
	current.CompareAndSwap(m, nil)
	m.mu.Lock()
	stop := m.stop
	m.notify = nil
	m.stopTimer()
	m.mu.Unlock()
	if stop != nil {
		stop()
	}
	m.tell()
	m.loop.Wait()
	m.ended(err)
	m.work.Lock()
	defer m.work.Unlock()
	defer m.unlock()
	return m.sources.shutdown(ctx)
}

// Subscribe calls a function with the status, now and whenever it changes, until the returned function
// is called. The function must not call the manager.
func (m *Manager) Subscribe(f func(Status)) (end func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := m.nextID
	m.nextID++
	m.watchers[id] = f
	f(m.status.clone())
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, id)
	}
}

// Status is the state of things.
func (m *Manager) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status.clone()
}

// Setting is what the configuration that the collector has, or gets next, says at a path; placeholders are as they were
// written. It is nil where there is nothing.
func (m *Manager) Setting(path ...string) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil || m.running.merged == nil {
		return nil
	}
	var at any = m.running.merged.Map()
	for _, key := range path {
		section, _ := at.(map[string]any)
		at = section[key]
	}
	return at
}

// publish tells everyone. The lock is held.
func (m *Manager) publish() {
	s := m.status.clone()
	for _, f := range m.watchers {
		f(s)
	}
	if m.options.Once {
		return
	}
	if err := m.memory.save("status", s, false); err != nil {
		m.log().Debug("the status is not on the disk", zap.Error(err))
	}
}
