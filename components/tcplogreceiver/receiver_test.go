package tcplogreceiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	upstream "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/tcplogreceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/tcplogreceiver/internal/metadata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/ports"
)

// sink keeps the records that it is given, as text with attributes.
type sink struct {
	mu   sync.Mutex
	all  []string
	hold chan struct{} // not nil: calls wait for its end
	fail int           // calls that fail before one does not
}

func (s *sink) consume(ctx context.Context, ld plog.Logs) error {
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		return errors.New("busy")
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				s.all = append(s.all, fmt.Sprint(r.Body().AsString(), rl.Resource().Attributes().AsRaw(), r.Attributes().AsRaw()))
			}
		}
	}
	return nil
}

func (s *sink) sorted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.all))
}

func (s *sink) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(r string) bool { return strings.HasPrefix(r, text) })
}

func configured(t *testing.T, factory receiver.Factory, keys map[string]any) component.Config {
	t.Helper()
	c := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(c))
	require.NoError(t, xconfmap.Validate(c))
	return c
}

// start runs a receiver until the test ends, or stop is called.
func start(t *testing.T, factory receiver.Factory, s *sink, keys map[string]any) (address string, stop func()) {
	t.Helper()
	address = ports.FreeAddress(t)
	keys["listen_address"] = address
	next, err := consumer.NewLogs(s.consume)
	require.NoError(t, err)
	r, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(factory.Type()), configured(t, factory, keys), next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	stop = sync.OnceFunc(func() { require.NoError(t, r.Shutdown(context.Background())) })
	t.Cleanup(stop)
	return address, stop
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 20*time.Second, 5*time.Millisecond, what)
}

// What upstream's receiver makes of what comes is the oracle.
func TestRecordsAreUpstreams(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	for name, tt := range map[string]struct {
		keys map[string]any
		sent string
	}{
		"lines":                      {nil, "one\ntwo\r\n\n  three \nlast"},
		"many":                       {nil, strings.Repeat("line\n", 1000)},
		"a long one":                 {nil, long + "\nshort\n"},
		"not UTF-8":                  {nil, "a\xffb\nc\n"},
		"not UTF-8, as it is":        {map[string]any{"encoding": "utf-8-raw"}, "a\xffb\nc\n"},
		"UTF-16":                     {map[string]any{"encoding": "utf-16le"}, "a\x00\n\x00b\x00\n\x00"},
		"Latin 1":                    {map[string]any{"encoding": "iso-8859-1"}, "\xe4\n"},
		"spaces are kept":            {map[string]any{"preserve_leading_whitespaces": true, "preserve_trailing_whitespaces": true}, "  a  \n\tb\n"},
		"lines that belong together": {map[string]any{"multiline": map[string]any{"line_start_pattern": "^[0-9]"}}, "1 a\n  b\n2 c\n  d"},
		"an end":                     {map[string]any{"multiline": map[string]any{"line_end_pattern": ";"}}, "a;b\nc;d"},
		"a connection":               {map[string]any{"one_log_per_packet": true}, "a\nb\nc"},
		"empty":                      {nil, ""},
		"operators": {map[string]any{"attributes": map[string]any{"k": "v"}, "resource": map[string]any{"r": "s"},
			"operators": []any{map[string]any{"type": "json_parser"}, map[string]any{"type": "filter", "expr": "attributes.a == 2"}}}, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\nno\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got [2][]string
			for i, factory := range []receiver.Factory{upstream.NewFactory(), NewFactory()} {
				s, keys := &sink{}, map[string]any{}
				for k, v := range tt.keys {
					keys[k] = v
				}
				address, stop := start(t, factory, s, keys)
				c := dial(t, address)
				_, err := io.Copy(c, strings.NewReader(tt.sent))
				require.NoError(t, err)
				require.NoError(t, c.(*net.TCPConn).CloseWrite())
				_, err = io.Copy(io.Discard, c) // until it was read
				require.NoError(t, err)
				stop()
				got[i] = s.sorted()
			}
			assert.Equal(t, got[0], got[1])
		})
	}
}

func TestRecordsSayWhoSentThem(t *testing.T) {
	t.Parallel()
	s := &sink{}
	address, _ := start(t, NewFactory(), s, map[string]any{"add_attributes": true})
	c := dial(t, address)
	_, err := io.WriteString(c, "x\n")
	require.NoError(t, err)
	await(t, "the line", func() bool { return s.has("x") })
	assert.Contains(t, s.sorted()[0], "net.peer.port:"+strings.TrimPrefix(c.LocalAddr().String(), "127.0.0.1:"))
	assert.Contains(t, s.sorted()[0], "net.host.ip:127.0.0.1")
}

// Whoever opens connections without a line's end takes places and memory from himself, and programs are heard: one that is
// connected before, and ones that come meanwhile.
func TestEndlessLinesTakeNothingFromOthers(t *testing.T) {
	t.Parallel()
	s := &sink{}
	const bytesOf = 4 << 20
	factory := NewFactory()
	c := configured(t, factory, map[string]any{"listen_address": ports.FreeAddress(t), "max_log_size": "256KiB", "limits": map[string]any{"max_bytes": bytesOf, "max_connections": 64}}).(*Config)
	next, err := consumer.NewLogs(s.consume)
	require.NoError(t, err)
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), c, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	address := c.InputConfig.ListenAddress

	before := dial(t, address)
	_, err = io.WriteString(before, "before\n")
	require.NoError(t, err)
	await(t, "the line", func() bool { return s.has("before") })

	ended := make(chan struct{})
	var attack sync.WaitGroup
	chunk := bytes.Repeat([]byte("x"), 16<<10)
	for range 100 {
		attack.Go(func() { // each opens another connection when one is closed
			for {
				c, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				for err == nil {
					select {
					case <-ended:
						_ = c.Close()
						return
					default:
					}
					_, err = c.Write(chunk)
				}
				_ = c.Close()
			}
		})
	}
	most := int64(0)
	for i := range 20 {
		size := 10_000
		if i == 10 {
			size = 40_000 // which takes memory that endless lines have
		}
		_, err = fmt.Fprintf(before, "known %d %s\n", i, strings.Repeat("y", size))
		require.NoError(t, err, "the connection of a program that sends lines stays")
		await(t, "a line of a program that is connected", func() bool {
			most = max(most, r.telemetry.input.unfinished.size()+r.telemetry.input.inFlight.size())
			return s.has(fmt.Sprintf("known %d ", i))
		})
	}
	for i := range 5 {
		await(t, "a line of a new program", func() bool { // which connects again where it was too slow
			c, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer func() { _ = c.Close() }()
			_, _ = fmt.Fprintf(c, "new %d\n", i)
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			return s.has(fmt.Sprintf("new %d[", i)) || s.has(fmt.Sprintf("new %dmap", i))
		})
	}
	close(ended)
	attack.Wait()
	assert.LessOrEqual(t, most, int64(bytesOf))
	assert.LessOrEqual(t, r.telemetry.input.places.size(), 64)
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Zero(t, r.telemetry.input.unfinished.size())
	assert.Zero(t, r.telemetry.input.inFlight.size())
}

// Where the pipeline takes nothing, senders wait, and no more than max_bytes is here.
func TestSendersWaitForThePipeline(t *testing.T) {
	t.Parallel()
	s := &sink{hold: make(chan struct{})}
	const bytesOf = 4 << 20
	c := configured(t, NewFactory(), map[string]any{"listen_address": ports.FreeAddress(t), "max_log_size": "256KiB", "limits": map[string]any{"max_bytes": bytesOf, "max_connections": 16}}).(*Config)
	next, err := consumer.NewLogs(s.consume)
	require.NoError(t, err)
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), c, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	line := strings.Repeat("z", 100_000) + "\n"
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			c, err := net.Dial("tcp", c.InputConfig.ListenAddress)
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			for range 50 {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		})
	}
	size := func() int64 { return r.telemetry.input.unfinished.size() + r.telemetry.input.inFlight.size() }
	await(t, "much to be on its way", func() bool { return r.telemetry.input.inFlight.size() > bytesOf/4 })
	assert.LessOrEqual(t, size(), int64(bytesOf))
	close(s.hold)
	senders.Wait()
	await(t, "every line", func() bool { return len(s.sorted()) == 16*50 })
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Zero(t, size())
}

func TestALineThatIsTooLongEndsItsConnectionAlone(t *testing.T) {
	t.Parallel()
	s := &sink{}
	address, _ := start(t, NewFactory(), s, map[string]any{"max_log_size": "64KiB"})
	long, other := dial(t, address), dial(t, address)
	_, err := io.WriteString(long, "good\n"+strings.Repeat("x", 64<<10+1))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, long)
	_ = err // a reset, or the end
	_, err = io.WriteString(other, "other\n"+strings.Repeat("x", 64<<10-1)+"\n")
	require.NoError(t, err)
	await(t, "the others", func() bool { return s.has("good") && s.has("other") && s.has("xxx") })
}

func TestRefusedLinesAreSentAgainWhereTheConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	s := &sink{fail: 3}
	address, _ := start(t, NewFactory(), s, map[string]any{"retry_on_failure": map[string]any{"enabled": true, "initial_interval": "1ms", "max_interval": "2ms"}})
	_, err := io.WriteString(dial(t, address), "x\n")
	require.NoError(t, err)
	await(t, "the line", func() bool { return s.has("x") })
}

func TestAStopHandsOnWhatWasRead(t *testing.T) {
	t.Parallel()
	s := &sink{}
	address, stop := start(t, NewFactory(), s, map[string]any{"multiline": map[string]any{"line_start_pattern": "^[0-9]"}})
	_, err := io.WriteString(dial(t, address), "1 a\n b\n2 c\n d")
	require.NoError(t, err)
	await(t, "the first", func() bool { return s.has("1 a\n b") })
	stop()
	assert.True(t, s.has("2 c"))
}

func TestLimitsThatHoldNothingAreRefused(t *testing.T) {
	t.Parallel()
	for _, keys := range []map[string]any{
		{"limits": map[string]any{"max_bytes": 1 << 20}}, {"max_log_size": "64MiB"}, {"limits": map[string]any{"max_connections": 0}},
	} {
		c := createDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(c))
		require.ErrorContains(t, xconfmap.Validate(c), "limits::max_")
	}
	for key, keys := range map[string]map[string]any{
		"listen_address": {}, "max_log_size": {"listen_address": "127.0.0.1:0", "max_log_size": "1KiB"}, "encoding": {"listen_address": "127.0.0.1:0", "encoding": "klingon"},
	} {
		_, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), configured(t, NewFactory(), keys), consumertest.NewNop())
		require.ErrorContains(t, err, key)
	}
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.DeprecatedType)
	_, err := NewFactory().CreateLogs(t.Context(), set, configured(t, NewFactory(), map[string]any{"listen_address": "127.0.0.1:0"}), consumertest.NewNop())
	require.NoError(t, err, "the name of before")
}
