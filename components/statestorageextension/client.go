package statestorageextension

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// client is the store of one component.
type client struct {
	log    *statelog.Log
	closed func(error)
}

var (
	_ storage.Client = (*client)(nil)
	_ storage.Walker = (*client)(nil)
)

// Get implements storage.Client.
func (c *client) Get(_ context.Context, key string) ([]byte, error) { return c.log.Get(key) }

// Set implements storage.Client.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

var kinds = map[storage.OpType]statelog.Kind{storage.Get: statelog.Get, storage.Set: statelog.Set, storage.Delete: statelog.Delete}

// Batch implements storage.Client. It is done as a whole, or not at all.
func (c *client) Batch(_ context.Context, ops ...*storage.Operation) error {
	batch := make([]*statelog.Op, len(ops))
	for i, op := range ops {
		kind, ok := kinds[op.Type]
		if !ok {
			return fmt.Errorf("a storage knows no operation of type %d", op.Type)
		}
		batch[i] = &statelog.Op{Kind: kind, Key: op.Key, Value: op.Value}
	}
	err := c.log.Batch(batch...)
	if errors.Is(err, statelog.ErrFull) {
		err = fmt.Errorf("%w: %w", storage.ErrStorageFull, err)
	}
	for i, op := range ops {
		if op.Type == storage.Get {
			op.Value = batch[i].Value
		}
	}
	return err
}

// Walk implements storage.Walker.
func (c *client) Walk(ctx context.Context, visit storage.WalkFunc) error {
	var keys []string
	c.log.Each(func(key string, _ int) { keys = append(keys, key) })
	var changes []*storage.Operation
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := c.log.Get(key)
		if err != nil {
			return err
		}
		if value == nil { // deleted meanwhile
			continue
		}
		ops, err := visit(key, value)
		if err != nil && !errors.Is(err, storage.SkipAll) {
			return err
		}
		changes = append(changes, ops...)
		if err != nil {
			break
		}
	}
	return c.Batch(ctx, changes...)
}

// Close implements storage.Client. What is wrong is said and no error: it would be that of a collector that ended well.
func (c *client) Close(context.Context) error {
	c.closed(c.log.Close())
	return nil
}
