package statestorageextension

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/statestorageextension/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/extensionstatus"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// stateStorage is the running extension.
type stateStorage struct {
	id        component.ID
	config    *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	host      component.Host
	lock      *statefolder.Lock

	mu      sync.Mutex
	clients map[string]*client
	failing map[string]error // by store: why it is in memory alone
	ready   bool
}

var (
	_ storage.Extension                     = (*stateStorage)(nil)
	_ extensioncapabilities.PipelineWatcher = (*stateStorage)(nil)
)

func newStorage(set extension.Settings, c *Config) (*stateStorage, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &stateStorage{id: set.ID, config: c, logger: set.Logger, telemetry: telemetry, clients: map[string]*client{}, failing: map[string]error{}}, nil
}

// Start takes the folder. The only error is that another collector has it: what else is wrong with it may pass, and until
// then state is in memory.
func (s *stateStorage) Start(_ context.Context, host component.Host) error {
	s.host = host
	if s.config.CreateDirectory {
		if err := os.MkdirAll(s.config.Directory, 0o700); err != nil {
			s.logger.Warn("The folder of state cannot be made", zap.String("directory", s.config.Directory), zap.Error(err))
		}
	}
	lock, err := statefolder.LockFolder(s.config.Directory)
	if err != nil {
		return err
	}
	s.lock = lock
	if s.lock.Problem != nil {
		s.logger.Warn("The folder of state cannot be locked: make sure that no other collector uses it", zap.String("directory", s.config.Directory), zap.Error(s.lock.Problem))
	}
	if err := statefolder.Suspicious(s.config.Directory); err != nil {
		s.logger.Warn("The folder of state is not safe", zap.Error(err))
	}
	return errors.Join(
		s.telemetry.RegisterStateStorageDiskCallback(s.observe(func(s statelog.Stats) int64 { return s.Disk })),
		s.telemetry.RegisterStateStorageUnsavedCallback(s.observe(func(s statelog.Stats) int64 { return s.Unsaved })),
	)
}

// observe sums what the stores say.
func (s *stateStorage) observe(of func(statelog.Stats) int64) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		var sum int64
		for _, c := range s.open() {
			sum += of(c.log.Stats())
		}
		o.Observe(sum)
		return nil
	}
}

// open are the clients.
func (s *stateStorage) open() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Values(s.clients)), func(c *client) bool { return c == nil }) // nil: being opened
}

// Shutdown gives the folder back. The components have closed their stores.
func (s *stateStorage) Shutdown(ctx context.Context) error {
	for _, c := range s.open() {
		_ = c.Close(ctx) // it says itself what is wrong
	}
	s.telemetry.Shutdown()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lock.Release()
}

// Ready is called when every component runs: what was reported before is not seen.
func (s *stateStorage) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
	if len(s.failing) > 0 {
		s.report()
	}
	return nil
}

// NotReady is called before the first component stops.
func (*stateStorage) NotReady() error { return nil }

// report tells health of the stores that are in memory alone. s.mu is held.
func (s *stateStorage) report() {
	if !s.ready {
		return
	}
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if len(s.failing) > 0 {
		var all []string
		for _, name := range slices.Sorted(maps.Keys(s.failing)) {
			all = append(all, fmt.Sprintf("%s: %v", name, s.failing[name]))
		}
		event = componentstatus.NewRecoverableErrorEvent(fmt.Errorf("state is in memory alone, and a restart repeats or loses what it is about: %s", strings.Join(all, "; ")))
	}
	extensionstatus.Report(s.host, s.id, event)
}

// GetClient opens the store of a component.
func (s *stateStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, storageName string) (storage.Client, error) {
	name := statefolder.Name(strings.ToLower(kind.String()), id.Type().String(), id.Name(), storageName)
	s.mu.Lock()
	_, taken := s.clients[name]
	if !taken {
		s.clients[name] = nil
	}
	s.mu.Unlock()
	if taken {
		return nil, fmt.Errorf("the store %s of %s is open already", name, s.id)
	}
	log, report, err := statefolder.Open(ctx, s.config.Directory, name, statelog.Options{
		Parents: s.config.CreateDirectory, Sync: s.config.FSync, MaxUnsaved: s.config.MaxUnsaved,
		Failed:    func(err error) { s.failed(name, err) },
		Recovered: func() { s.recovered(name) },
		Lost:      func(key string, err error) { s.lost(name, key, err) },
		SetAside:  func(p statelog.Problem) { s.tell(name, p) },
	})
	if err != nil {
		s.mu.Lock()
		delete(s.clients, name)
		s.mu.Unlock()
		return nil, err
	}
	for _, p := range report.Problems {
		s.tell(name, p)
	}
	if p := report.Torn; p != nil {
		s.logger.Warn("The last change of the state was not written whole, as by a power cut: what it was about comes again or is lost",
			zap.String("store", name), zap.String("path", p.Path), zap.Int64("bytes", p.Bytes))
	}
	if report.Converted >= 0 {
		s.logger.Info("A database of file_storage was taken over", zap.String("store", name), zap.Int("values", report.Converted))
	}
	if kind == component.KindExporter {
		lost, err := mendQueue(log)
		if err != nil {
			s.logger.Warn("A queue could not be mended", zap.String("store", name), zap.Error(err))
		}
		if lost > 0 {
			s.telemetry.StateStorageLostValues.Add(ctx, int64(lost))
			s.logger.Warn("Batches of a queue are lost", zap.String("store", name), zap.Int("batches", lost))
		}
	}
	c := &client{log: log, closed: func(err error) { s.closed(name, err) }}
	s.mu.Lock()
	s.clients[name] = c
	s.mu.Unlock()
	return c, nil
}

// tell says of a damaged file, once: the next start does not find it.
func (s *stateStorage) tell(store string, p statelog.Problem) {
	s.telemetry.StateStorageDamagedFiles.Add(context.Background(), 1)
	s.logger.Warn("State is damaged. What can be read of it is used: files whose offset is lost begin as start_at says, and what was in a queue is lost",
		zap.String("store", store), zap.String("path", p.Path), zap.String("reason", p.Reason), zap.Int64("bytes", p.Bytes))
}

func (s *stateStorage) failed(store string, err error) {
	s.telemetry.StateStorageFailures.Add(context.Background(), 1)
	s.logger.Error("State cannot be written: it is kept in memory until it can. Make room, or make the folder writable", zap.String("store", store), zap.Error(err))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing[store] = err
	s.report()
}

func (s *stateStorage) recovered(store string) {
	s.logger.Info("State is written again, with what was kept in memory", zap.String("store", store))
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.failing, store)
	s.report()
	if s.lock != nil && s.lock.Problem != nil { // it could not be written, either
		lock, err := statefolder.LockFolder(s.config.Directory)
		if err != nil {
			s.logger.Error("State may be written by two collectors: stop one of them", zap.Error(err))
			return
		}
		s.lock = lock
	}
}

func (s *stateStorage) lost(store, key string, err error) {
	s.telemetry.StateStorageLostValues.Add(context.Background(), 1)
	s.logger.Warn("A value of the state cannot be read any more", zap.String("store", store), zap.String("key", key), zap.Error(err))
}

func (s *stateStorage) closed(store string, err error) {
	if err != nil {
		s.logger.Error("State was not written to the end: a restart repeats or loses what it is about", zap.String("store", store), zap.Error(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, store)
	delete(s.failing, store)
}
