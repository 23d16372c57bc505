// Package boltdb reads and writes databases of the extension file_storage in a child process: bbolt maps them into memory
// and trusts them, so that a damaged one ends a process by a panic in a goroutine or by SIGBUS, which nobody can recover.
// The child is this program itself; Main has to be called before anything else.
package boltdb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	// argument is the first one of a child, and what is asked of it the second.
	argument = "__boltdb"
	askRead  = "read"
	askCheck = "check"
	askWrite = "write"
)

// How a child ends. Any other way is that of a damaged database.
const (
	exitDone    = 0
	exitInUse   = 10
	exitNoEntry = 11 // it cannot be opened, for a reason that is not in it
)

const (
	// shortest, longest and bytesPerSecond are how long a child may take. The size of a file is no more than a claim.
	shortest       = 20 * time.Second
	longest        = 5 * time.Minute
	bytesPerSecond = 20 << 20
	// maxRecord bounds a key and a value, as a child gives them.
	maxRecord = 1 << 30
	maxKey    = 1 << 20
	// maxReason is how much of what a child says is kept.
	maxReason = 64 << 10
)

var (
	// ErrInUse says that another process has the database open.
	ErrInUse = errors.New("another process has it open")
	// ErrDamaged says that the database cannot be opened, or not be read to its end.
	ErrDamaged = errors.New("the database is damaged")
	// ErrSlow says that it took too long.
	ErrSlow = errors.New("looking at it took too long")
)

// Read gives the keys and values of a database's bucket to visit, those before an error, too.
func Read(ctx context.Context, path string, visit func(key string, value []byte) error) error {
	return run(ctx, path, askRead, nil, func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		for {
			key, value, more, err := readRecord(in)
			if err != nil || !more {
				return err
			}
			if err := visit(key, value); err != nil {
				return err
			}
		}
	})
}

// Check looks at all of a database, as far as the collector would have to.
func Check(ctx context.Context, path string) error { return run(ctx, path, askCheck, nil, nil) }

// Write sets values in a database, all or none, and makes it if it is not there.
func Write(ctx context.Context, path string, values map[string][]byte) error {
	var in bytes.Buffer
	for key, value := range values {
		if err := writeRecord(&in, []byte(key), value); err != nil {
			return err
		}
	}
	if err := writeEnd(&in); err != nil {
		return err
	}
	return run(ctx, path, askWrite, &in, nil)
}

// run runs a child.
func run(ctx context.Context, path, ask string, in io.Reader, read func(io.Reader) error) error {
	limit := shortest
	if info, err := os.Stat(path); err == nil {
		limit = min(limit+time.Duration(info.Size()/bytesPerSecond)*time.Second, longest)
	} else if ask != askWrite || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, ErrSlow)
	defer cancel()
	program, err := executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, program, argument, ask, path)
	child.Env = []string{"GOTRACEBACK=none", "SystemRoot=" + os.Getenv("SystemRoot")}
	child.WaitDelay = time.Second
	said := &limited{}
	child.Stderr, child.Stdin = said, in
	var readErr error
	if read == nil {
		err = child.Run()
	} else {
		out, piped := child.StdoutPipe()
		if piped != nil {
			return piped
		}
		if err = child.Start(); err == nil {
			if readErr = read(out); readErr != nil && !errors.Is(readErr, errCut) {
				cancel()
			}
			err = child.Wait()
		}
	}
	var ended *exec.ExitError
	switch {
	case readErr != nil && !errors.Is(readErr, errCut):
		return readErr
	case err == nil:
		return readErr
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !errors.As(err, &ended):
		return fmt.Errorf("a process that reads databases cannot be started: %w", err)
	case ended.ExitCode() == exitInUse:
		return ErrInUse
	case ended.ExitCode() == exitNoEntry:
		return errors.New(said.reason())
	}
	if reason := said.reason(); reason != "" {
		return fmt.Errorf("%w: %s", ErrDamaged, reason)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, ended)
}

// executable is this program, also after an upgrade has replaced its file.
func executable() (string, error) {
	if runtime.GOOS == "linux" {
		if _, err := os.Stat("/proc/self/exe"); err == nil {
			return "/proc/self/exe", nil
		}
	}
	return os.Executable()
}

// limited keeps the beginning of what a child says.
type limited struct{ bytes.Buffer }

func (l *limited) Write(text []byte) (int, error) {
	l.Buffer.Write(text[:min(len(text), max(0, maxReason-l.Len()))])
	return len(text), nil
}

// reason is the line that says why a child ended.
func (l *limited) reason() string {
	first := ""
	for line := range strings.Lines(l.String()) {
		line = strings.TrimSpace(line)
		for _, begin := range []string{"panic: ", "fatal error: ", "unexpected fault", "SIGBUS", "[signal"} {
			if strings.HasPrefix(line, begin) {
				return line
			}
		}
		if first == "" {
			first = line
		}
	}
	return first
}

// A record is the lengths of key and value, and both. The end is a key of the largest length.
const endMark = ^uint32(0)

var errCut = errors.New("the list ends before its end")

func writeRecord(to io.Writer, key, value []byte) error {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(key)))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(value)))
	for _, part := range [][]byte{head, key, value} {
		if _, err := to.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func writeEnd(to io.Writer) error {
	return binary.Write(to, binary.LittleEndian, []uint32{endMark, 0})
}

func readRecord(from io.Reader) (key string, value []byte, more bool, err error) {
	var head [8]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return "", nil, false, errCut
	}
	keySize, valueSize := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	if keySize == endMark {
		return "", nil, false, nil
	}
	if keySize > maxKey || valueSize > maxRecord {
		return "", nil, false, fmt.Errorf("%w: a key of %d bytes with a value of %d", ErrDamaged, keySize, valueSize)
	}
	both := make([]byte, int(keySize)+int(valueSize))
	if _, err := io.ReadFull(from, both); err != nil {
		return "", nil, false, errCut
	}
	return string(both[:keySize]), both[keySize:], true, nil
}
