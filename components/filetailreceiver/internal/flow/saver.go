package flow

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/checkpoints"
)

const (
	// saveInterval is the time between two saves where there is no hurry.
	saveInterval = 100 * time.Millisecond
	// saveRetryInterval is the time after which a save that failed is tried again.
	saveRetryInterval = time.Second
)

// saver saves what was delivered, in a goroutine of its own.
type saver struct {
	store   *checkpoints.Store
	log     *zap.Logger
	wanted  chan struct{} // capacity 1: somebody asks for a save
	hurry   chan struct{} // capacity 1: and needs it now
	failed  bool          // the last save; of the goroutine
	running sync.WaitGroup
}

func newSaver(store *checkpoints.Store, log *zap.Logger) saver {
	return saver{store: store, log: log, wanted: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
}

func (s *saver) want()   { signal(s.wanted) }
func (s *saver) hasten() { signal(s.hurry) }
func (s *saver) wait()   { s.running.Wait() }

// start saves when it is wanted, until ctx ends. around is called with each save: it knows what is saved by then.
func (s *saver) start(ctx context.Context, around func(save func())) {
	s.running.Go(func() {
		for {
			select {
			case <-s.wanted:
			case <-ctx.Done():
				return
			}
			around(func() { s.save(context.WithoutCancel(ctx)) })
			select {
			case <-time.After(saveInterval):
			case <-s.hurry:
				s.want()
			case <-ctx.Done():
				return
			}
		}
	})
}

// save saves, and tells once that it failed, and once that it does no more.
func (s *saver) save(ctx context.Context) {
	err := s.store.Save(ctx)
	switch {
	case err != nil && !s.failed:
		s.log.Error("How far files were delivered cannot be saved: reading goes on, and a crash would send again what came since. Make room, or let the collector write there", zap.Error(err))
	case err == nil && s.failed:
		s.log.Info("How far files were delivered is saved again")
	}
	if s.failed = err != nil; s.failed {
		time.AfterFunc(saveRetryInterval, s.want)
	}
}
