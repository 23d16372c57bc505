//go:build !windows

package cli

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// followHangups makes SIGHUP look for a newer configuration. The collector has a meaning of its own for
// it, to stop and start with whatever there is; it asks for the signal right after its first start, and
// is then left out. Until it is, a SIGHUP restarts it with the configuration that it has.
func (m *managed) followHangups() (end func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	started := make(chan struct{})
	var once sync.Once
	unsubscribe := m.Subscribe(func(s reload.Status) {
		if s.Running.Hash != "" {
			once.Do(func() { close(started) })
		}
	})
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		var alone <-chan time.Time
		waits := []time.Duration{100 * time.Millisecond, time.Second}
		begin := started
		for {
			select {
			case <-done:
				return
			case <-begin:
				begin = nil
				alone = time.After(waits[0])
			case <-alone:
				// Ignore takes the signal from every channel; Notify gives it to ours.
				signal.Ignore(syscall.SIGHUP)
				signal.Notify(hangups, syscall.SIGHUP)
				if waits = waits[1:]; len(waits) > 0 {
					alone = time.After(waits[0])
				} else {
					alone = nil
				}
			case <-hangups:
				m.Look()
			}
		}
	})
	return func() {
		unsubscribe() // the signal stays ours: given back, it would end a process that is ending well
		close(done)
		wg.Wait()
	}
}
