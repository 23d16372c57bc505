package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

const (
	// processTimeout ends a command; the SDK's own default.
	processTimeout = processcreds.DefaultTimeout
	// processKillDelay is how long a command's children may hold its output open after its end.
	processKillDelay = 5 * time.Second
	// maxProcessOutput bounds what a command may print; a set of credentials has about 1.5 KB.
	maxProcessOutput = 64 << 10
	// shownComplaint is how much of the end of a command's error output goes into an error.
	shownComplaint = 512
)

// process runs a command for credentials, as a credential_process.
type process struct{ command string }

// helperEnviron makes the environment of programs that print credentials. nil: it is the process's.
var helperEnviron atomic.Pointer[func() []string]

// SetHelperEnvironment makes the programs of credentials::process run with another environment than the process's own,
// until it is called with nil.
func SetHelperEnvironment(environment func() []string) {
	if environment == nil {
		helperEnviron.Store(nil)
		return
	}
	helperEnviron.Store(&environment)
}

func helperEnvironment() []string {
	if environment := helperEnviron.Load(); environment != nil {
		return (*environment)()
	}
	return os.Environ()
}

func (p process) Retrieve(ctx context.Context) (aws.Credentials, error) {
	complaint := &tail{}
	builder := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		shell, option := "sh", "-c"
		if runtime.GOOS == "windows" {
			shell, option = "cmd.exe", "/C"
		}
		cmd := exec.CommandContext(ctx, shell, option, p.command)
		cmd.Env = helperEnvironment()
		cmd.Stdout = &limited{left: maxProcessOutput} // the SDK reads along
		cmd.Stderr = complaint
		cmd.WaitDelay = processKillDelay
		return cmd, nil
	})
	c, err := processcreds.NewProviderCommand(builder, func(o *processcreds.Options) { o.Timeout = processTimeout }).Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	err = withoutSecrets(err)
	if text := strings.TrimSpace(string(complaint.end)); text != "" {
		err = fmt.Errorf("%w; it printed: %s", err, text)
	}
	return aws.Credentials{}, err
}

// withoutSecrets replaces an error of the SDK that quotes the output of a credential process.
func withoutSecrets(err error) error {
	var e *processcreds.ProviderError
	if errors.As(err, &e) && strings.Contains(err.Error(), "parse failed of process output") {
		return errors.New("the credential process did not print the JSON document of a credential_process; run it by hand to see what it prints")
	}
	return err
}

// limited takes a number of bytes and then fails.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, fmt.Errorf("the credential process printed more than %d bytes", maxProcessOutput)
	}
	l.left -= len(p)
	return len(p), nil
}

// tail keeps the end of what is written to it.
type tail struct{ end []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p...)
	if n := len(t.end) - shownComplaint; n > 0 {
		t.end = append([]byte(nil), t.end[n:]...)
	}
	return len(p), nil
}
