package ports

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// printVariable makes the test program print addresses, as another process would get them.
const printVariable = "PORTS_TEST_PRINT"

func TestMain(m *testing.M) {
	if os.Getenv(printVariable) != "" {
		for range 3 * block {
			address, err := Address()
			if err != nil {
				panic(err)
			}
			_, _ = os.Stdout.WriteString(address + "\n")
		}
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the test has its own
		return
	}
	os.Exit(m.Run())
}

func TestNoAddressIsGivenTwiceNotEvenToAnotherProcess(t *testing.T) {
	seen := map[string]bool{}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), printVariable+"=1")
	stdin, err := other.StdinPipe()
	require.NoError(t, err)
	stdout, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	text := make([]byte, 0, 16<<10)
	for strings.Count(string(text), "\n") < 3*block {
		n, err := stdout.Read(text[len(text):cap(text)])
		require.NoError(t, err)
		text = text[:len(text)+n]
	}
	for _, address := range strings.Fields(string(text)) {
		assert.False(t, seen[address], address)
		seen[address] = true
	}
	for range 3 * block {
		address := FreeAddress(t)
		assert.False(t, seen[address], address)
		seen[address] = true
	}
	require.NoError(t, stdin.Close())
	require.NoError(t, other.Wait())
}

func TestAPortThatIsTakenIsLeftOut(t *testing.T) {
	_, err := Address()
	require.NoError(t, err)
	mu.Lock()
	next := *reserved[min(given/(block-1), len(reserved)-1)].Addr().(*net.TCPAddr)
	next.Port += 1 + given%(block-1)
	mu.Unlock()
	listener, err := net.ListenTCP("tcp", &next)
	require.NoError(t, err)
	defer listener.Close()
	assert.NotEqual(t, next.String(), FreeAddress(t))
}
