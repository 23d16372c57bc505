package listeners

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOwnerOfAnAddressIsFoundByEachNameOfIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ listen, ask string }{
		{"127.0.0.1:0", "127.0.0.1"}, {"127.0.0.1:0", "localhost"}, {"0.0.0.0:0", "127.0.0.1"}, {":0", "127.0.0.1"}, {"127.0.0.1:0", ""}, {"[::1]:0", "::1"},
	} {
		l, err := net.Listen("tcp", c.listen)
		if err != nil && strings.Contains(c.listen, "::1") {
			continue // a machine without IPv6
		}
		require.NoError(t, err)
		_, port, err := net.SplitHostPort(l.Addr().String())
		require.NoError(t, err)
		o, ok := Of(net.JoinHostPort(c.ask, port))
		require.True(t, ok, "%v", c)
		assert.Equal(t, os.Getuid(), o.UID)
		assert.Equal(t, os.Getpid(), o.PID)
		assert.NotEmpty(t, o.Command)
		assert.Contains(t, o.String(), "uid ")
		require.NoError(t, l.Close())
		_, ok = Of(net.JoinHostPort(c.ask, port))
		assert.False(t, ok)
	}
	for _, wrong := range []string{"", "x", "127.0.0.1:http-alt-x", "example.com:80"} {
		_, ok := Of(wrong)
		assert.False(t, ok, wrong)
	}
}

func TestAddressesOfTheKernelAreRead(t *testing.T) {
	t.Parallel()
	a, err := parse("0100007F:22B8")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8888", a.String(), "as Documentation/networking/proc_net_tcp.rst shows it, on a little-endian machine")
	a, err = parse("00000000000000000000000001000000:334D")
	require.NoError(t, err)
	assert.Equal(t, "[::1]:13133", a.String())
	for _, wrong := range []string{"", "0100007F", "0100007F:", "01:22B8", "xx00007F:22B8"} {
		_, err := parse(wrong)
		assert.Error(t, err, wrong)
	}
}
