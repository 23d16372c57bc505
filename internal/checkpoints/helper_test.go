package checkpoints

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// memory is a storage.Client that outlives the stores over it.
type memory struct {
	mu      sync.Mutex
	values  map[string][]byte
	fault   error                // what writing fails with
	written []*storage.Operation // in their order
	before  func()               // runs before each Batch; nil: nothing does
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := m.Batch(ctx, op)
	return op.Value, err
}

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

// Batch does all of the operations or none, as a database does.
func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	if m.before != nil {
		m.before()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	values := maps.Clone(m.values)
	var written []*storage.Operation
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = slices.Clone(values[op.Key])
			continue
		case storage.Set:
			values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(values, op.Key)
		}
		if m.fault != nil {
			return m.fault
		}
		written = append(written, op)
	}
	m.values, m.written = values, append(m.written, written...)
	return nil
}

func (m *memory) Close(context.Context) error { return nil }

// pagesWritten are the pages that were written since the last call.
func (m *memory) pagesWritten() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for _, op := range m.written {
		if strings.HasPrefix(op.Key, "checkpoints/") {
			keys = append(keys, op.Key)
		}
	}
	m.written = nil
	return keys
}

func open(t *testing.T, client storage.Client) *Store {
	t.Helper()
	s, err := Open(t.Context(), client)
	require.NoError(t, err)
	return s
}

// sample has every field.
func sample() Checkpoint {
	return Checkpoint{
		Device: 1<<64 - 1, Inode: 1<<63 + 1, Path: "/var/log/app.log", Offset: 1 << 40, Head: MarkOf([]byte("first")), Tail: MarkOf([]byte("last")),
		Records: 12, Skip: true, Seen: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// many are n different files.
func many(n int) []Checkpoint {
	all := make([]Checkpoint, n)
	for i := range all {
		all[i] = Checkpoint{Device: 1, Inode: uint64(i + 1), Path: fmt.Sprintf("/var/log/%05d.log", i), Offset: int64(i)}
	}
	return all
}
