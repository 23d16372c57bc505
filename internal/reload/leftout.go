package reload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

const (
	// firstRegain and lastRegain bound the pause before listeners that were left out are tried again. It doubles with
	// each attempt, so that somebody who takes and leaves a port does not make the pipelines start again all the time.
	firstRegain = time.Minute
	lastRegain  = 15 * time.Minute
)

// leaver is a converter that takes those listeners out of a configuration that only inform and cannot be opened, and the
// receivers that have kept the collector from starting.
type leaver struct{ m *Manager }

func (m *Manager) converter() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return leaver{m} })
}

// Convert implements confmap.Converter. The collector calls it when nothing of it listens: before its start, and between
// two configurations.
func (l leaver) Convert(ctx context.Context, conf *confmap.Conf) error {
	l.m.mu.Lock()
	all := append(informersOf(conf), l.m.silenced...)
	l.m.mu.Unlock()
	failed := bindAll(ctx, all) // names are looked up: nobody waits for that
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.silenced = nil
	l.m.informers = slices.DeleteFunc(slices.Clone(all), func(i informer) bool { return i.receives })
	var out []LeftOut
	for i, one := range all {
		before, ok := l.m.unusable[one.component+" "+one.address]
		switch {
		case failed[i] != nil:
			out = append(out, leftOutOf(one, failed[i]))
		case ok: // free now, and somebody was faster when the collector came for it
			out = append(out, before)
		default:
			continue
		}
		if one.receives {
			l.m.silenced = append(l.m.silenced, one)
		}
		if err := one.remove(conf); err != nil {
			return err
		}
	}
	l.m.leave(out)
	return nil
}

// leave notes which listeners are left out, and tells about those that were not before. The lock is held.
func (m *Manager) leave(out []LeftOut) {
	for _, o := range out {
		if !slices.Contains(m.status.LeftOut, o) {
			m.log().Error("a listener is left out, because it cannot listen; everything else runs, and it is tried again",
				zap.String("component", o.Component), zap.String("address", o.Address), zap.String("reason", o.Reason), zap.Duration("again_after", m.regainAfter))
		}
	}
	for _, o := range m.status.LeftOut {
		if !slices.ContainsFunc(out, func(n LeftOut) bool { return n.Component == o.Component && n.Address == o.Address }) {
			m.log().Info("a listener that was left out listens again", zap.String("component", o.Component), zap.String("address", o.Address))
		}
	}
	m.status.LeftOut = out
	clear(m.unusable)
	select {
	case m.lost <- struct{}{}:
	default: // it was said
	}
}

// taken finds listeners that only inform in the error with which the collector could not start: somebody was faster
// than it, after they had been tried. It reports whether the collector is to start again without them.
func (m *Manager) taken(err error) bool {
	if !bindError(err) {
		return false
	}
	text := rawText(err)
	m.mu.Lock()
	defer m.mu.Unlock()
	found := false
	for _, one := range m.informers {
		id := strings.Split(strings.TrimPrefix(one.component, "extensions::"), "::")[0]
		if _, port := splitAddress(one.address); !strings.Contains(text, one.address) && !strings.Contains(text, ":"+port+":") && !strings.Contains(text, `extension "`+id+`"`) &&
			!strings.Contains(text, `"`+id+`" extension`) {
			continue
		}
		o := leftOutOf(one, errors.New(text))
		if !slices.ContainsFunc(m.status.LeftOut, func(n LeftOut) bool { return n.Component == o.Component && n.Address == o.Address }) {
			m.unusable[one.component+" "+one.address] = o
			found = true
		}
	}
	return found
}

// receiverStart is how the collector says which receiver could not start (v0.156.0, service/internal/graph).
var receiverStart = regexp.MustCompile(`failed to start "([^"]+)" receiver`)

// silence finds the receiver whose address is taken in the error with which the collector could not start. It is for a
// configuration without one to go back to: all other pipelines would stand still for one port, which any local user can
// take. It reports whether the collector is to start again without that receiver.
func (m *Manager) silence(err error) bool {
	found := receiverStart.FindStringSubmatch(rawText(err))
	var op *net.OpError
	if found == nil || !errors.As(err, &op) || op.Op != "listen" || op.Addr == nil {
		return false
	}
	id := found[1]
	one := informer{
		component: "receivers::" + id, network: op.Net, address: op.Addr.String(), receives: true,
		remove: func(conf *confmap.Conf) error { return removeReceiver(conf, id) },
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.silenced, func(s informer) bool { return s.component == one.component }) {
		return false
	}
	m.silenced = append(m.silenced, one)
	m.unusable[one.component+" "+one.address] = leftOutOf(one, op)
	return true
}

// removeReceiver takes a receiver out of all pipelines, and with it those that have no other.
func removeReceiver(conf *confmap.Conf, id string) error {
	pipelines, _ := conf.Get("service::pipelines").(map[string]any)
	left := 0
	for name, p := range pipelines {
		section, _ := p.(map[string]any)
		receivers, _ := section["receivers"].([]any)
		others := slices.DeleteFunc(slices.Clone(receivers), func(r any) bool { return fmt.Sprint(r) == id })
		path := "service::pipelines::" + name
		if len(others) == 0 {
			conf.Delete(path)
			continue
		}
		left++
		if len(others) == len(receivers) {
			continue
		}
		if err := replace(conf, path+"::receivers", others); err != nil {
			return err
		}
	}
	if left == 0 {
		return fmt.Errorf("no pipeline is left without the receiver %q, whose address is taken", id)
	}
	return nil
}

func splitAddress(address string) (host, port string) {
	at := strings.LastIndexByte(address, ':')
	return address[:max(at, 0)], address[at+1:]
}

// regain tries the listeners that were left out from time to time, and lets the collector come again when one can
// listen.
func (m *Manager) regain(ctx context.Context) {
	for {
		m.mu.Lock()
		out, pause := len(m.status.LeftOut) > 0, m.regainAfter
		m.mu.Unlock()
		var due <-chan time.Time
		var timer *time.Timer
		if out {
			timer = time.NewTimer(pause)
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case <-m.lost:
		case <-due:
			m.tryLeftOut(ctx)
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (m *Manager) tryLeftOut(ctx context.Context) {
	m.mu.Lock()
	var all []informer
	for _, one := range slices.Concat(m.informers, m.silenced) {
		if slices.ContainsFunc(m.status.LeftOut, func(o LeftOut) bool { return o.Component == one.component && o.Address == one.address }) {
			all = append(all, one)
		}
	}
	m.regainAfter = min(2*m.regainAfter, lastRegain)
	m.mu.Unlock()
	if len(bindAll(ctx, all)) == len(all) {
		return // none of them
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if notify := m.notify; notify != nil && m.started {
		m.log().Info("a listener that was left out can listen now: the collector starts again with it")
		m.notify = nil
		go call(notify)
	}
}
