package endpointrouting

import (
	"time"

	"go.uber.org/zap"
)

// laterInterval is the pause between two attempts to open what other programs use.
const laterInterval = 10 * time.Second

// orLater opens something that this process does not send through. Where it cannot be opened now, because somebody has
// the address, say, the collector starts without it, which its status says, and goes on trying.
func (e *routing) orLater(what string, open func() error) {
	err := open()
	if err == nil {
		return
	}
	e.logger.Error("this is not there for other programs, and is tried again; the rest runs", zap.String("what", what), zap.Error(err), zap.Duration("again_after", laterInterval))
	e.setMissing(what, err)
	e.attempts.Go(func() {
		tick := time.NewTicker(laterInterval)
		defer tick.Stop()
		for {
			select {
			case <-e.done:
				return
			case <-tick.C:
			}
			if err := open(); err != nil {
				e.setMissing(what, err)
				continue
			}
			e.logger.Info("this is there for other programs now", zap.String("what", what))
			e.setMissing(what, nil)
			e.report()
			return
		}
	})
}

func (e *routing) setMissing(what string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		delete(e.missing, what)
		return
	}
	e.missing[what] = err
}
