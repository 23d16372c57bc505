package reload

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// maxCrash is how much of a crash's report is read: its first line says what happened.
const maxCrash = 4096

// RecordCrashes makes Go's runtime write what it prints at a crash into the state folder, too, so that the next start knows
// a panic from a process that was killed. What the process before has left is taken in.
func (m *Manager) RecordCrashes() {
	if err := m.recordCrashes(); err != nil {
		m.trouble = append(m.trouble, fmt.Errorf("a crash would not be recorded: %w", err))
	}
}

func (m *Manager) recordCrashes() error {
	if m.memory.dir == "" {
		return nil
	}
	path := filepath.Join(m.memory.dir, m.memory.name("crash")+".txt")
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file: remove it", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // the runtime has a descriptor of its own
	text, err := io.ReadAll(io.LimitReader(f, maxCrash))
	if err != nil {
		return err
	}
	m.crash = crashOf(string(text))
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// crashOf is what happened, as the first line of a report says it. An end that somebody asked for with a signal is none.
func crashOf(report string) string {
	const longest = 300
	line, _, _ := strings.Cut(strings.TrimSpace(report), "\n")
	if strings.HasPrefix(line, "SIGQUIT") {
		return ""
	}
	return line[:min(len(line), longest)]
}
