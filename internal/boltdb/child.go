package boltdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// bucket is where file_storage keeps its values.
const bucket = "default"

const (
	// lockTime is how long a database is waited for that another process has open.
	lockTime = 300 * time.Millisecond
	// childMemory is what a child may take: it keeps no value, but a damaged page may claim anything.
	childMemory = 512 << 20
)

// Main does what a child is for, and ends the process, if the process is one.
func Main() {
	if len(os.Args) != 4 || os.Args[1] != argument {
		return
	}
	debug.SetMemoryLimit(childMemory)
	limitMemory(2 * childMemory)
	err := serve(os.Args[2], os.Args[3], os.Stdin, os.Stdout)
	switch {
	case err == nil:
		os.Exit(exitDone)
	case errors.Is(err, berrors.ErrTimeout):
		os.Exit(exitInUse)
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoFile) {
		os.Exit(exitNoEntry)
	}
	os.Exit(1)
}

var errNoFile = errors.New("is not a regular file")

func serve(ask, path string, in io.Reader, out io.Writer) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil && ask != askWrite:
		return err
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s %w", path, errNoFile)
	}
	if ask == askWrite {
		return write(path, in)
	}
	to := bufio.NewWriterSize(out, 64<<10)
	if info.Size() > 0 { // in an empty file the collector begins a database
		if err := look(path, info.Size(), ask == askCheck, to); err != nil {
			return errors.Join(err, to.Flush()) // what was read until then is better than nothing
		}
	}
	return errors.Join(writeEnd(to), to.Flush())
}

// look reads all of a database.
func look(path string, size int64, check bool, out *bufio.Writer) (err error) {
	defer func() {
		if p := recover(); p != nil { // those of other goroutines end the process
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTime})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bbolt.Tx) error {
		if check {
			if tx.Size() > size {
				return fmt.Errorf("the file has %d bytes of %d", size, tx.Size())
			}
			for err := range tx.Check() {
				return err
			}
		}
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil // nothing was ever written
		}
		return b.ForEach(func(key, value []byte) error {
			if value == nil {
				return nil // a bucket, which is not file_storage's
			}
			if check {
				_, err := io.Discard.Write(touch(key, value))
				return err
			}
			return writeRecord(out, key, value)
		})
	})
}

// touch reads every page of a value.
func touch(key, value []byte) []byte {
	sum := byte(len(key))
	for i := 0; i < len(value); i += 512 {
		sum ^= value[i]
	}
	return []byte{sum}
}

func write(path string, in io.Reader) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTime})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		for from := bufio.NewReader(in); ; {
			key, value, more, err := readRecord(from)
			if err != nil || !more {
				return err
			}
			if err := b.Put([]byte(key), value); err != nil {
				return err
			}
		}
	})
}
