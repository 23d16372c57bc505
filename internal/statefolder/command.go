package statefolder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// usesDatabase reports whether the collector's next start would read a database, as there is no store, or an older one.
func usesDatabase(folder, name string) bool {
	info, err := os.Lstat(Old(folder, name))
	return err == nil && info.Mode().IsRegular() && info.ModTime().After(lastWrite(Path(folder, name)))
}

// Exists reports whether there is a store of a component, or a database of file_storage.
func Exists(folder, name string) bool {
	info, err := os.Stat(Path(folder, name))
	return err == nil && info.IsDir() || usesDatabase(folder, name)
}

// Read gives what a component has stored, also while the collector runs. It changes nothing. The error is fs.ErrNotExist
// where nothing was ever stored.
func Read(ctx context.Context, folder, name string) (map[string][]byte, error) {
	if usesDatabase(folder, name) {
		return readDatabase(ctx, Old(folder, name))
	}
	values, problems, err := statelog.Read(Path(folder, name))
	if err != nil {
		return nil, err
	}
	if len(values) == 0 && len(problems) > 0 {
		return nil, fmt.Errorf("nothing can be read: %s", problems[0])
	}
	delete(values, converting)
	return values, nil
}

func readDatabase(ctx context.Context, path string) (map[string][]byte, error) {
	values := map[string][]byte{}
	read := func(path string) error {
		return boltdb.Read(ctx, path, func(key string, value []byte) error {
			values[key] = value
			return nil
		})
	}
	err := read(path)
	if errors.Is(err, boltdb.ErrInUse) {
		// A copy may lack what was written in the last moment.
		copied, err := copyOf(path)
		if err != nil {
			return nil, err
		}
		if err = read(copied); err != nil { // a page that was written while it was copied
			err = fmt.Errorf("%s is in use and cannot be read at this moment: try again: %w", path, err)
		}
		return values, errors.Join(err, os.Remove(copied))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: restore it, or remove it to begin again as start_at says", path, err)
	}
	return values, nil
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

// Write sets values of a component's store while no collector runs, all or none. A database of file_storage stays one: the
// collector that uses it may go on to do so, and one with state_storage takes it over at its start.
func Write(ctx context.Context, folder, name string, values map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if old := Old(folder, name); usesDatabase(folder, name) {
		err := boltdb.Check(ctx, old) // what is damaged is left as it is
		if err == nil {
			err = boltdb.Write(ctx, old, values)
		}
		if errors.Is(err, boltdb.ErrInUse) {
			return inUse(old)
		}
		if err != nil {
			return fmt.Errorf("%s: %w: restore it, or remove it to begin again as start_at says", old, err)
		}
		return nil
	}
	lock, err := LockFolder(folder)
	if held := (*HeldError)(nil); errors.As(err, &held) {
		return inUse(fmt.Sprintf("%s (by the process %d)", folder, held.PID))
	}
	defer func() { _ = lock.Release() }() // the end of the process does it, too
	l, _, err := Open(ctx, folder, name, statelog.Options{})
	if err != nil {
		return err
	}
	var ops []*statelog.Op
	for key, value := range values {
		ops = append(ops, &statelog.Op{Kind: statelog.Set, Key: key, Value: value})
	}
	return errors.Join(l.Batch(ops...), l.Close())
}

func inUse(what string) error {
	return fmt.Errorf("%s is in use: stop the collector first, since it would write its own offsets over these", what)
}
