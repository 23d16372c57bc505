//go:build windows

// Command standin stands for the collector where an installer is tried: a service that writes what it was started with
// to ran.json in the state folder, and runs until it is told to stop.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// version is the linker's.
var version = "1"

type service struct{}

func (service) Execute(_ []string, requests <-chan svc.ChangeRequest, changes chan<- svc.Status) (bool, uint32) {
	text, err := json.Marshal(map[string]any{
		"version": version, "args": os.Args[1:],
		"environment": map[string]string{"AWS_REGION": os.Getenv("AWS_REGION")},
	})
	if err != nil {
		return true, 1
	}
	if err := os.WriteFile(`C:\ProgramData\otelcol-cloudwatch\state\ran.json`, text, 0o600); err != nil {
		return true, 2
	}
	changes <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for r := range requests {
		switch r.Cmd {
		case svc.Interrogate:
			changes <- r.CurrentStatus
		case svc.Stop, svc.Shutdown:
			changes <- svc.Status{State: svc.StopPending}
			return false, 0
		}
	}
	return false, 0
}

// note appends a word to C:\commands.txt. A service whose setup is told to fail does.
func note(word string) {
	f, err := os.OpenFile(`C:\commands.txt`, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		os.Exit(1)
	}
	_, err = fmt.Fprintln(f, word)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Exit(1)
	}
	if _, err := os.Stat(`C:\fail.txt`); err == nil {
		os.Exit(1)
	}
}

func main() {
	err := svc.Run("", service{})
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) { // not started by the service manager
		fmt.Println("standin", version, os.Args[1:])
		if len(os.Args) > 2 && os.Args[1] == "service" { // what the installer runs
			note(strings.Join(os.Args[2:], " "))
		}
		return
	}
	if err != nil {
		os.Exit(1)
	}
}
