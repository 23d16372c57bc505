//go:build unix

package tail

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Descriptors run out, as others of the process take them.
func TestFilesAreReadThoughDescriptorsRunOut(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	const n, few = 60, 5
	var refused atomic.Int64
	h.opening = func(string) {}
	for i := range n {
		h.append(fmt.Sprintf("%d.log", i), lines(1, 1))
	}
	h.refuse = func(path string) error {
		if strings.HasSuffix(path, ".log") && h.tailer.Stats().Open >= few {
			refused.Add(1)
			return &os.PathError{Op: "open", Path: path, Err: syscall.EMFILE}
		}
		return nil
	}
	h.start()
	for i := range n {
		h.await(fmt.Sprintf("%d.log", i), wanted(1, 1)...)
	}
	for i := range n {
		h.append(fmt.Sprintf("%d.log", i), lines(2, 2))
	}
	for i := range n {
		h.await(fmt.Sprintf("%d.log", i), wanted(1, 2)...)
	}
	assert.Positive(t, refused.Load())
	assert.Zero(t, h.tailer.Stats().Unreadable)
}
