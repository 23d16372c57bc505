package statefolder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// lockName is the file in a folder that says who has it.
const lockName = "lock"

// HeldError says that another collector has a folder.
type HeldError struct {
	Folder string
	// PID is the process that has it; 0: not known.
	PID int
}

func (e *HeldError) Error() string {
	who := "another collector"
	switch e.PID {
	case 0:
	case os.Getpid():
		who = "this collector itself, under another name of an extension or of the folder"
	default:
		who = fmt.Sprintf("another collector, the process %d", e.PID)
	}
	return fmt.Sprintf("the folder of state %s is in use by %s: stop that one, or give this one a folder of its own (OTELCOL_CLOUDWATCH_STATE_DIR, or directory of state_storage)", e.Folder, who)
}

// Lock is a folder that this process has.
type Lock struct {
	file *os.File
	// Problem is why the folder could not be locked although nobody else has it: it cannot be written, for example.
	Problem error
}

// LockFolder takes a folder for this process, until Release or the process's end. The error is a *HeldError.
func LockFolder(folder string) (*Lock, error) {
	path := filepath.Join(folder, lockName)
	file, err := openLock(path, true)
	writable := err == nil
	if err != nil { // a lock needs no right to write
		if file, err = openLock(path, false); err != nil {
			return &Lock{Problem: err}, nil
		}
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return &Lock{Problem: errors.Join(err, fmt.Errorf("%s is not a regular file", path), file.Close())}, nil
	}
	held, err := lock(file)
	switch {
	case held:
		text, _ := io.ReadAll(io.LimitReader(file, 32))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		_ = file.Close() // nothing was written
		return nil, &HeldError{Folder: folder, PID: pid}
	case err != nil:
		return &Lock{Problem: errors.Join(err, file.Close())}, nil
	}
	if writable {
		_ = statelog.GiveToOwner(path) // so that others than root can lock it
		_ = file.Truncate(0)           // the lock is what counts: the number is for people
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &Lock{file: file}, nil
}

// Release gives the folder back.
func (l *Lock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	err := errors.Join(unlock(l.file), l.file.Close())
	l.file = nil
	return err
}
