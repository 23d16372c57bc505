package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

const (
	// childGrace is how long the command may take to end after it was asked to, before it is killed.
	childGrace = 30 * time.Second
	// tailBytes is how much of the command's log is shown when it fails.
	tailBytes = 4096
)

// runCommand runs a command until it ends or ctx does; then it is asked to end, and killed if it does
// not. Its output goes to the file log, or to this terminal where log is "".
func runCommand(ctx context.Context, args, env []string, log string) error {
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Env = env
	command.Cancel = func() error { return interrupt(command.Process) }
	command.WaitDelay = childGrace
	command.SysProcAttr = ownGroup()
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if log != "" {
		file, err := os.Create(log)
		if err != nil {
			return fmt.Errorf("command log: %w", err)
		}
		defer file.Close()
		command.Stdout, command.Stderr = file, file
	}
	err := command.Run()
	if ctx.Err() != nil && command.ProcessState != nil && command.ProcessState.Success() {
		return nil // it was asked to end, and ended well
	}
	if err != nil && ctx.Err() == nil && log != "" {
		fmt.Fprintf(os.Stderr, "\n%s failed: %v; the end of %s:\n%s\n", args[0], err, log, tail(log))
	}
	return err
}

// tail is the end of a file, from the start of a line; as much of it as can be read.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		_, _ = file.Seek(-tailBytes, io.SeekEnd)
	}
	text, _ := io.ReadAll(file)
	return string(text)
}
