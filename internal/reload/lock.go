package reload

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// lockTimeout is how long a start waits for the process before it to end: a service that is started again does not
	// always wait for that.
	lockTimeout = 5 * time.Second
	lockPause   = 100 * time.Millisecond
)

// errLocked says that another process has a lock.
var errLocked = errors.New("another process has the lock")

// InUseError is a state folder that another collector uses.
type InUseError struct {
	// Folder is the folder, PID the other process, 0 where it is not known.
	Folder string
	PID    int
}

func (e *InUseError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is in use: %s is a collector with the same --config values; stop it, or give this one a state folder of its own in %s",
		e.Folder, who, StateVariable)
}

// lock holds a file for this process until the returned function is called. The kernel lets go of it when the process
// ends, however that happens.
func lock(dir, name string, timeout time.Duration) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name+".lock")
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: remove it", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(timeout); ; time.Sleep(lockPause) {
		err = lockFile(f)
		if !errors.Is(err, errLocked) || time.Now().After(end) {
			break
		}
	}
	if errors.Is(err, errLocked) {
		const digits = 20
		text, _ := io.ReadAll(io.LimitReader(f, digits))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text))) // 0 where it cannot be read
		return nil, errors.Join(&InUseError{Folder: dir, PID: pid}, f.Close())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Only for messages: a full disk may lose it.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return func() {
		unlockFile(f)
		_ = f.Close()
	}, nil
}
