package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// pipeTimeout is how long a pipe may stay silent before the first byte and between two reads. A program that makes a
// configuration answers in well under a second; without a bound, a FIFO that nobody writes to would stop a start for ever.
const pipeTimeout = 10 * time.Second

// silentTimeout is that of a pipe which was silent before: its writer may have come since.
const silentTimeout = 100 * time.Millisecond

// errSilent is that of a pipe which nothing came out of.
var errSilent = errors.New("it is a pipe, and nothing came out of it")

// pipePause is between two looks at a FIFO that nobody has opened for writing yet.
const pipePause = 20 * time.Millisecond

// pipes remembers what came out of pipes, such as /dev/stdin and the /dev/fd/63 of a shell's <(…): they give their content
// once, and a start reads its configuration several times (for the route table, for the trial, for the collector).
type pipes struct {
	mu   sync.Mutex
	read map[string]content // by absolute path
	// silent are those that nobody wrote to, and what was said of them: they are not waited for again, as a command that reads
	// its configuration twice would wait twice.
	silent map[string]error
	// timeout is pipeTimeout but in tests.
	timeout time.Duration
}

func newPipes() *pipes {
	return &pipes{read: map[string]content{}, silent: map[string]error{}, timeout: pipeTimeout}
}

// before returns what was read from path, if it was a pipe.
func (p *pipes) before(path string) (content, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.read[absolute(path)]
	return c, ok
}

// patience is how long a pipe may be silent.
func (p *pipes) patience(path string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent[absolute(path)] != nil {
		return min(silentTimeout, p.timeout)
	}
	return p.timeout
}

// failed remembers that a pipe was silent, and for how long it was waited for at first.
func (p *pipes) failed(path string, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !errors.Is(err, errSilent) {
		return err
	}
	if first := p.silent[absolute(path)]; first != nil {
		return first
	}
	p.silent[absolute(path)] = err
	return err
}

// remember keeps c, unless it is of a regular file.
func (p *pipes) remember(c content) {
	if c.seen.info.Mode().IsRegular() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read[absolute(c.path)] = c
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// open opens a file without waiting for the other end of a FIFO.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// readPipe reads a FIFO to its end, which is where its writers have closed it. It waits for the first one.
func readPipe(f *os.File, limit int64, timeout time.Duration) ([]byte, error) {
	var text []byte
	last := time.Now()
	buffer := make([]byte, 64<<10)
	for int64(len(text)) <= limit {
		// A FIFO that is opened without blocking is watched by the runtime, so that it can have a deadline.
		if err := f.SetReadDeadline(last.Add(timeout)); err != nil {
			return nil, err
		}
		n, err := f.Read(buffer)
		text = append(text, buffer[:n]...)
		switch {
		case n > 0:
			last = time.Now()
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.EOF) && len(text) == 0 && time.Since(last) > timeout:
			return nil, fmt.Errorf("%w for %s: start the program that writes to it, or name a file", errSilent, timeout)
		case errors.Is(err, io.EOF) && len(text) == 0: // no writer yet, or one that wrote nothing
			time.Sleep(pipePause)
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, err
		}
	}
	return text, nil
}
