package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
)

// storeOf is the name of the store of the receiver file_tail/NAME, or of file_tail where the name is empty.
func storeOf(receiver string) string {
	return statefolder.Name("receiver", "file_tail", receiver, "")
}

// Receivers are the names of the receivers whose stores are in a folder.
func Receivers(folder string) ([]string, error) { return statefolder.Stores(folder, storeOf("")) }

// ReadReceiver reads the checkpoints of the receiver file_tail/NAME, also while the collector runs.
func ReadReceiver(ctx context.Context, folder, receiver string) ([]Checkpoint, error) {
	values, err := statefolder.Read(ctx, folder, storeOf(receiver))
	if err != nil {
		return nil, err
	}
	s, err := Open(ctx, &client{values: values})
	if err != nil {
		return nil, err
	}
	all := s.All()
	if damaged := s.Damaged(); len(all) == 0 && len(damaged) > 0 {
		return nil, damaged[0]
	}
	return all, nil
}

// WriteReceiver adds checkpoints to those of the receiver file_tail/NAME. What is there already is replaced by what has the
// same identity, or, where all is true, by all. No collector may run with them.
func WriteReceiver(ctx context.Context, folder, receiver string, add []Checkpoint, all bool) error {
	values, err := statefolder.Read(ctx, folder, storeOf(receiver))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c := &client{values: values, changed: map[string][]byte{}}
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	if all {
		for _, c := range s.All() {
			s.Remove(c.Key())
		}
	}
	for _, c := range add {
		s.Set(c)
	}
	if err := s.Save(ctx); err != nil {
		return err
	}
	if len(c.changed) == 0 {
		return nil
	}
	return statefolder.Write(ctx, folder, storeOf(receiver), c.changed)
}

// Check names what is wrong with a checkpoint that somebody wrote.
func (c Checkpoint) Check() error {
	switch {
	case c.Path == "" && c.Head.Bytes == 0: // file_log may have kept a head alone
		return errors.New("a checkpoint has no path: name the file")
	case c.Offset < 0:
		return fmt.Errorf("the offset %d of %s is below 0", c.Offset, c.Path)
	case c.Head.Bytes < 0 || c.Tail.Bytes < 0 || c.Records < 0:
		return fmt.Errorf("a count of %s is below 0", c.Path)
	}
	return nil
}

// client is a storage over values that were read. It keeps what is set.
type client struct {
	values, changed map[string][]byte
}

// Get implements storage.Client.
func (c *client) Get(_ context.Context, key string) ([]byte, error) {
	if value, ok := c.changed[key]; ok {
		return slices.Clone(value), nil
	}
	return slices.Clone(c.values[key]), nil
}

// Set implements storage.Client.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch implements storage.Client.
func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) (err error) {
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			if op.Value, err = c.Get(ctx, op.Key); err != nil {
				return err
			}
		case storage.Set:
			c.changed[op.Key] = op.Value
		default:
			return errors.New("a Store deletes nothing")
		}
	}
	return nil
}

// Close implements storage.Client.
func (*client) Close(context.Context) error { return nil }
