package reload

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	// crashes is how often a configuration may end the process in its first minute before the last known good one is
	// used instead.
	crashes = 2
	// firstRetrial and lastRetrial bound how long a configuration is left that has ended the process, or could not start:
	// each further failure doubles it. The next boot of the machine tries it at once.
	firstRetrial = 30 * time.Minute
	lastRetrial  = 24 * time.Hour
	// circumstanceRetrial is the first of these where the cause is not in the configuration, such as a port that is taken.
	circumstanceRetrial = 5 * time.Minute
)

// attempt is what is known of a configuration that was started and has not been healthy for long enough yet.
type attempt struct {
	Hash string `json:"hash"`
	// Build is the program's version: another one may cope.
	Build string `json:"build"`
	// Boot tells one run of the machine from another.
	Boot string `json:"boot,omitempty"`
	// Running says that a process has it, or has ended without saying why.
	Running bool `json:"running"`
	// Failures is how often it has ended the process, and Reason why, the last time.
	Failures int    `json:"failures"`
	Reason   string `json:"reason,omitempty"`
	// Until is when it is tried again after too many failures.
	Until time.Time `json:"until,omitzero"`
}

// condemned says whether the last known good configuration is to be used instead.
func (a attempt) condemned(now time.Time) bool {
	if a.Failures < crashes {
		return false
	}
	// A time that is too far away was written by a clock that was wrong.
	return now.Before(a.Until) && a.Until.Before(now.Add(lastRetrial+time.Minute))
}

// fail counts a failure.
func (a *attempt) fail(reason string, now time.Time) {
	a.Failures++
	a.Reason = reason
	if a.Failures >= crashes {
		a.Until = now.Add(doubled(firstRetrial, a.Failures-crashes))
	}
}

// doubled is a pause after a number of failures.
func doubled(first time.Duration, times int) time.Duration {
	for range times {
		if first *= 2; first >= lastRetrial {
			return lastRetrial
		}
	}
	return first
}

const unknownEnd = "the process was killed, or the system ended it for its memory: no reason was recorded"

// judge takes in how the process before this one has ended. crash is what it printed when it crashed, empty where
// nothing.
func (m memory) judge(hash, crash string, now time.Time) (attempt, error) {
	var a attempt
	ok, err := m.load("attempt", &a)
	if !ok || a.Hash != hash || a.Build != m.build {
		return attempt{Hash: hash, Build: m.build, Boot: m.boot}, err
	}
	rebooted := a.Boot != "" && m.boot != "" && a.Boot != m.boot
	switch {
	case !a.Running:
	case crash != "":
		a.fail(crash, now)
	case rebooted: // the machine has ended, and the process with it
	default:
		a.fail(unknownEnd, now)
	}
	if rebooted {
		a.Until = time.Time{}
	}
	a.Running, a.Boot = false, m.boot
	return a, err
}

// begin notes that a configuration is started.
func (m memory) begin(a attempt) error {
	a.Running = true
	return m.save("attempt", a, false)
}

// end notes why a configuration that was started has ended. An empty reason is an end that is not its fault.
func (m memory) end(hash, reason string, now time.Time) (attempt, error) {
	var a attempt
	if ok, err := m.load("attempt", &a); !ok || a.Hash != hash || !a.Running {
		return a, err
	}
	a.Running = false
	if reason != "" {
		a.fail(reason, now)
	}
	if a.Failures == 0 {
		return a, m.settled()
	}
	return a, m.save("attempt", a, false)
}

// settled forgets the attempts: the configuration is healthy.
func (m memory) settled() error { return m.remove(m.name("attempt")) }

// circumstances are texts of errors whose kind has been lost on the way, in lower case.
var circumstances = []string{
	"address already in use", "only one usage of each socket address", "cannot assign requested address",
	"no space left on device", "read-only file system", "too many open files", "is in use", "another process has it open",
}

// circumstance says whether an error tells of the machine as it is now, and not of the configuration: the same
// configuration may start in a moment.
func circumstance(err error) bool {
	var inUse *InUseError
	if errors.As(err, &inUse) {
		return true
	}
	for _, no := range []syscall.Errno{syscall.EADDRINUSE, syscall.EADDRNOTAVAIL, syscall.ENOSPC, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN} {
		if errors.Is(err, no) {
			return true
		}
	}
	text := strings.ToLower(err.Error())
	for _, part := range circumstances {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// bindError says whether an error is that of a listener that could not be opened.
func bindError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "listen" || strings.Contains(err.Error(), "listen tcp")
}

// bootID tells one run of the machine from another; "" where the system does not say.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// failedTimes is the reason for which a configuration is left.
func (a attempt) failedTimes(within time.Duration) error {
	return fmt.Errorf("it has ended the process %d times in its first %s; the last time: %s", a.Failures, within, a.Reason)
}
