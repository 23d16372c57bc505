//go:build linux

package routes

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// whileProgramsStart calls f often while other goroutines start programs all the time.
func whileProgramsStart(t *testing.T, times int, f func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var starting sync.WaitGroup
	for range 2 {
		starting.Go(func() {
			for ctx.Err() == nil {
				assert.NoError(t, exec.Command("true").Run())
			}
		})
	}
	defer starting.Wait()
	defer cancel()
	for range times {
		f()
	}
}

func TestWhatIsClosedIsClosedAlsoWhileProgramsStart(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	n := newNamespace(t, labName()+"closed", nil)
	require.NoError(t, ip(n.name, "link set lo up"))
	address := netip.MustParseAddrPort("127.0.0.1:443")
	dial := func(network string) (net.Conn, error) { return n.dial(t.Context(), net.Dialer{}, network, address) }

	t.Run("TCP", func(t *testing.T) {
		whileProgramsStart(t, 100, func() {
			l, err := n.listen(address, "")
			require.NoError(t, err, "the port is free again")
			early, err := dial("tcp") // in the queue, or just accepted, when the listener is closed
			require.NoError(t, err)
			taken := make(chan struct{})
			go func() { // a server that is slow to note what it accepts
				defer close(taken)
				for {
					if _, err := l.Accept(); err != nil {
						return
					}
				}
			}()
			require.NoError(t, l.Close())
			_, err = dial("tcp")
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			<-taken
			require.NoError(t, early.SetReadDeadline(time.Now().Add(patience)))
			_, err = early.Read(make([]byte, 1))
			require.True(t, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), "%v", err)
			require.NoError(t, early.Close())
		})
	})
	t.Run("UDP", func(t *testing.T) {
		whileProgramsStart(t, 100, func() {
			l, err := n.listenPacket(address)
			require.NoError(t, err, "the port is free again")
			conn, err := dial("udp")
			require.NoError(t, err)
			require.NoError(t, l.Close())
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
			_, err = conn.Write([]byte("anybody?"))
			require.NoError(t, err)
			_, err = conn.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			require.NoError(t, conn.Close())
		})
	})
}
