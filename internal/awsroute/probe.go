package awsroute

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// maxProbes is how many probes run at once.
const maxProbes = 8

// prober runs probes in rounds.
type prober struct {
	once   sync.Once
	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

func (p *prober) init() { p.once.Do(func() { p.wake = make(chan struct{}, 1) }) }

// poke starts a round soon.
func (p *prober) poke() {
	p.init()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Start begins to probe. It does not wait for the first results: connections find their way without.
func (t *Table) Start() {
	if t.config.Probe.Interval == 0 || t.prober.cancel != nil {
		return
	}
	for _, s := range t.config.Probe.Services {
		if t.Endpoint(s) == "" {
			t.track(serviceKey{s, t.config.Region}, "")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.prober.init()
	t.prober.cancel, t.prober.done = cancel, make(chan struct{})
	go func() {
		defer close(t.prober.done)
		t.probeUntil(ctx)
	}()
}

// Shutdown ends the probes. Connections that were made stay.
func (t *Table) Shutdown() {
	if t.prober.cancel != nil {
		t.prober.cancel()
		<-t.prober.done
	}
}

func (t *Table) probeUntil(ctx context.Context) {
	for {
		t.probeRound(ctx)
		// A fleet that was started at once shall not probe at once.
		pause := time.NewTimer(time.Duration((0.9 + 0.2*rand.Float64()) * float64(t.config.Probe.Interval)))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-t.prober.wake:
			pause.Stop()
		case <-pause.C:
		}
	}
}

// probeRound probes what has not been probed for an interval.
func (t *Table) probeRound(ctx context.Context) {
	type work struct {
		service *service
		route   *route
	}
	var due []work
	t.mu.Lock()
	for _, s := range t.services {
		for _, r := range s.candidates {
			if last := s.verdicts[r].probed; last.IsZero() || t.now().Sub(last) >= t.config.Probe.Interval*8/10 {
				due = append(due, work{s, r})
			}
			if r == s.active && !t.config.Probe.Standby {
				break // routes before the active one are probed in any case: it would not be left otherwise
			}
		}
	}
	t.mu.Unlock()
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxProbes)
	for _, w := range due {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			o := t.probe(ctx, w.service, w.route)
			if ctx.Err() == nil {
				t.observed(w.service, w.route, o)
			}
		})
	}
	wg.Wait()
}

// probe connects and shakes hands with the first target that does.
func (t *Table) probe(ctx context.Context, s *service, r *route) outcome {
	t.mu.Lock()
	d := destination{service: s.key.service, region: s.key.region, host: s.host, port: "443"}
	t.mu.Unlock()
	o := outcome{probe: true, err: fmt.Errorf("route %q has no target for %s", r.name, d.host)}
	for _, target := range r.targets(d) {
		started := time.Now()
		conn, err := r.dialTarget(ctx, d, target)
		if err == nil {
			_, err = t.handshake(ctx, conn, d.host)
			_ = conn.Close()
		}
		if o = (outcome{probe: true, err: err, target: target, latency: time.Since(started)}); err == nil {
			return o
		}
	}
	return o
}

// handshake is TLS as the SDKs do it: verified, against the public name.
func (t *Table) handshake(ctx context.Context, conn net.Conn, host string) (tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, t.config.Probe.Timeout)
	defer cancel()
	client := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: t.roots, MinVersion: tls.VersionTLS12})
	if err := client.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, fmt.Errorf("TLS for %s: %w", host, err)
	}
	return client.ConnectionState(), nil
}
