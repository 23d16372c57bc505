package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// bucket is where file_storage keeps its values.
const bucket = "default"

// lockTime is how long a database is waited for that somebody has open.
const lockTime = 300 * time.Millisecond

// ReadFile reads the checkpoints of a database. While a collector has it open, a copy is read, which may lack what was
// written in the last moment.
func ReadFile(ctx context.Context, path string) ([]Checkpoint, error) {
	all, err := readFile(ctx, path)
	if !errors.Is(err, berrors.ErrTimeout) {
		return all, err
	}
	copied, err := copyOf(path)
	if err != nil {
		return nil, err
	}
	if all, err = readFile(ctx, copied); err != nil { // a page that was written while it was copied
		err = fmt.Errorf("%s is in use and cannot be read at this moment: try again: %w", path, err)
	}
	return all, errors.Join(err, os.Remove(copied))
}

func readFile(ctx context.Context, path string) (all []Checkpoint, err error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 { // in an empty file, bbolt would begin a database
		return nil, err
	}
	err = guard(path, func() (err error) {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTime})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		s, err := Open(ctx, client{db})
		if err == nil {
			all = s.All()
		}
		return err
	})
	return all, err
}

// guard names the file in an error. bbolt panics where a database is damaged, and what a file lacks is a fault.
func guard(path string, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s is damaged: restore it, or remove it to begin again as start_at says: %v", path, p)
		} else if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	return do()
}

// WriteFile adds checkpoints to a database, which is made if it is not there. What is there already is replaced by what
// has the same identity, or, where all is true, by all. No collector may have it open.
func WriteFile(ctx context.Context, path string, add []Checkpoint, all bool) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// A damaged database that is opened to be written may panic in a goroutine of bbolt, where nothing recovers: what
	// cannot be read is not opened.
	_, err := readFile(ctx, path)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = guard(path, func() error { return writeFile(ctx, path, add, all) })
	}
	if errors.Is(err, berrors.ErrTimeout) {
		return fmt.Errorf("%s is in use: stop the collector first, since it would write its own offsets over these", path)
	}
	return err
}

func writeFile(ctx context.Context, path string, add []Checkpoint, all bool) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTime})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(bucket))
		return err
	})
	if err != nil {
		return err
	}
	s, err := Open(ctx, client{db})
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
	return s.Save(ctx)
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

func copyOf(path string) (string, error) {
	from, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = from.Close() }() // it was read
	to, err := os.CreateTemp("", "checkpoints")
	if err != nil {
		return "", err
	}
	if _, err = io.Copy(to, from); err == nil {
		err = to.Close()
	} else {
		_ = to.Close()
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(to.Name()))
	}
	return to.Name(), nil
}

// client is a storage over a database of file_storage.
type client struct{ db *bbolt.DB }

// Get implements storage.Client.
func (c client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

// Set implements storage.Client.
func (c client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (c client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch implements storage.Client.
func (c client) Batch(_ context.Context, ops ...*storage.Operation) error {
	transaction := c.db.View
	if slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type != storage.Get }) {
		transaction = c.db.Update
	}
	return transaction(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil // nothing was ever written
		}
		for _, op := range ops {
			var err error
			switch op.Type {
			case storage.Get:
				op.Value = slices.Clone(b.Get([]byte(op.Key)))
			case storage.Set:
				err = b.Put([]byte(op.Key), op.Value)
			case storage.Delete:
				err = b.Delete([]byte(op.Key))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Close implements storage.Client.
func (c client) Close(context.Context) error { return c.db.Close() }
