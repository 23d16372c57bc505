//go:build !windows

package main

import (
	"os"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from the command: it is told once, by interrupt.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func interrupt(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
