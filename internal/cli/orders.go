package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// startGrace is how long a start may go on that was told to end: components that start are not interrupted, and the
// service manager kills what does not end (TimeoutStopSec of the unit is 30 s).
const startGrace = 10 * time.Second

// followOrders ends the returned context when the process is told to end, from its very start on: by SIGINT or SIGTERM, or,
// as a Windows service, by the end of ctx. The collector itself takes the signals only when it runs (v0.156.0), so that one
// that came before looked like a crash.
func (m *managed) followOrders(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	orders := make(chan os.Signal, 2)
	signal.Notify(orders, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		case <-orders:
		}
		m.End()
		cancel()
		late := time.NewTimer(startGrace)
		defer late.Stop()
		for {
			select {
			case <-done:
				return
			case <-orders: // somebody cannot wait
			case <-late.C:
			}
			if !m.Running() {
				fmt.Fprintln(os.Stderr, "told to end while a component starts, which does not end: the process ends without it")
				os.Exit(0)
			}
		}
	})
	return ctx, func() {
		// The signals stay ours to the end of the process: given back, a second one would end it in its last moments, with the
		// status of a program that was killed.
		close(done)
		wg.Wait()
		cancel()
	}
}
