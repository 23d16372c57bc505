//go:build linux

package routes

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience is how long anything may take on a slow machine; nothing is expected to.
	patience = 2 * time.Minute
	// glance is the pause between two looks at something that is awaited.
	glance = 50 * time.Millisecond
	// noteworthy is how long a wait may be without a note.
	noteworthy = 2 * time.Second
	// logTail is how much of a process's output a failed test shows.
	logTail = 8 << 10
)

// environment is what a process on the host gets: the test's own environment without settings of AWS
// and of proxies, and with the region, the key pair and the authority of the laboratory. No address is
// in it: that is for the routes and the DNS to say.
func (l *lab) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		if !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "SSL_CERT_") && !strings.HasSuffix(name, "_PROXY") {
			env = append(env, v)
		}
	}
	return append(env,
		"SSL_CERT_FILE="+l.caFile, // Go programs
		"SSL_CERT_DIR="+os.DevNull,
		"AWS_CA_BUNDLE="+l.caFile, // the AWS CLI
		"AWS_REGION="+l.region,
		"AWS_DEFAULT_REGION="+l.region,
		"AWS_ACCESS_KEY_ID="+l.keyPair[0],
		"AWS_SECRET_ACCESS_KEY="+l.keyPair[1],
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_PAGER=",
	)
}

// process is a program that runs on the host.
type process struct {
	t       testing.TB
	command *exec.Cmd
	output  string // the file that has its output
	ended   chan struct{}
	err     error // of its end, once ended is closed
}

// exec starts a program on the host. Variables in env come on top of environment; NAME= unsets nothing,
// it sets the empty value. What the program writes is shown when the test fails. It is killed at the
// test's end.
func (l *lab) exec(command []string, env ...string) *process {
	l.t.Helper()
	path, err := exec.LookPath(command[0])
	require.NoError(l.t, err)
	output, err := os.CreateTemp(l.t.TempDir(), filepath.Base(path)+"-*.log")
	require.NoError(l.t, err)
	defer output.Close()
	p := &process{t: l.t, output: output.Name(), ended: make(chan struct{})}
	// ip becomes the program (exec, no fork): the number, the signals and the end are the program's own.
	p.command = exec.Command("ip", append([]string{"netns", "exec", l.host.name, path}, command[1:]...)...)
	p.command.Env = append(l.environment(), env...)
	p.command.Stdout, p.command.Stderr = output, output
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread ends that started the process, so it is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.err = p.command.Wait()
			close(p.ended)
		}
	}()
	require.NoError(l.t, <-started)
	l.t.Cleanup(func() {
		p.kill()
		if l.t.Failed() {
			l.t.Logf("the output of %s:\n%s", filepath.Base(path), tail(p.output))
		}
	})
	return p
}

// running is false once the process has ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// wait waits for the process to end by itself.
func (p *process) wait() error {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("waited %s in vain for the process to end", patience)
	}
	return p.err
}

// stop asks the process to end, as systemd and Kubernetes do, and expects it to end well.
func (p *process) stop() {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, p.wait(), "the exit after SIGTERM")
}

// kill is kill -9. It does nothing to a process that has ended.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// text is what the process wrote so far.
func (p *process) text() string {
	p.t.Helper()
	text, err := os.ReadFile(p.output)
	require.NoError(p.t, err)
	return string(text)
}

// logged is how often the process wrote a text.
func (p *process) logged(text string) int {
	p.t.Helper()
	return strings.Count(p.text(), text)
}

// run runs a program on the host to its end and returns what it wrote; it must end well.
func (l *lab) run(command []string, env ...string) string {
	l.t.Helper()
	p := l.exec(command, env...)
	require.NoError(l.t, p.wait(), "%s", fmt.Sprint(command))
	return p.text()
}

// await looks until what is awaited is there. A wait that is worth asking about is noted, for `go test -v`.
func await(t testing.TB, what string, reached func() bool) {
	t.Helper()
	start := time.Now()
	for ; !reached(); time.Sleep(glance) {
		if time.Since(start) > patience {
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
	if waited := time.Since(start); waited > noteworthy {
		t.Logf("waited %s for %s", waited.Round(time.Second/10), what)
	}
}

func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(text) <= logTail {
		return string(text)
	}
	text = text[len(text)-logTail:]
	return string(text[bytes.IndexByte(text, '\n')+1:])
}
