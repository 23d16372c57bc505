package reload

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// take listens at a port of loopback.
func take(t *testing.T) (address, port string, release func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return l.Addr().String(), port, func() { require.NoError(t, l.Close()) }
}

func TestListenersThatOnlyInformAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		conf string
		want []string
	}{
		"none that is used": {"extensions: {zpages: }\nservice: {telemetry: {metrics: {level: none}}}", nil},
		"defaults": {"extensions: {zpages: , pprof/x: , healthcheckv2: {use_v2: true, http: , grpc: }, file_storage: }\nservice: {extensions: [file_storage, zpages, pprof/x, healthcheckv2]}", []string{
			"extensions::zpages localhost:55679", "extensions::pprof/x localhost:1777", "extensions::healthcheckv2::http localhost:13133",
			"extensions::healthcheckv2::grpc localhost:13132", "service::telemetry::metrics localhost:8888",
		}},
		"what is configured": {"extensions: {zpages: {endpoint: '127.0.0.1:1'}, healthcheckv2: {endpoint: '127.0.0.1:2'}, healthcheckv2/x: {use_v2: true, http: {endpoint: '127.0.0.1:3'}}}\n" +
			"service: {extensions: [zpages, healthcheckv2, healthcheckv2/x], telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: }}}, {pull: {exporter: {prometheus: {host: 127.0.0.1, port: 4}}}}]}}}", []string{
			"extensions::zpages 127.0.0.1:1", "extensions::healthcheckv2 127.0.0.1:2", "extensions::healthcheckv2/x::http 127.0.0.1:3", "service::telemetry::metrics 127.0.0.1:4",
		}},
	} {
		r, err := confmap.NewRetrievedFromYAML([]byte(c.conf))
		require.NoError(t, err)
		conf, err := r.AsConf()
		require.NoError(t, err)
		var got []string
		for _, i := range informersOf(conf) {
			got = append(got, i.component+" "+i.address)
		}
		assert.Equal(t, c.want, got, name)
	}
}

func TestListenerWhoseAddressIsTakenIsLeftOutUntilItIsFree(t *testing.T) {
	t.Parallel()
	health, _, freeHealth := take(t)
	_, telemetry, freeTelemetry := take(t)
	s := newSource()
	s.set("base", base+fmt.Sprintf(`
extensions: {zpages: {endpoint: 'localhost:0'}, healthcheckv2: {use_v2: true, http: {endpoint: '%s'}}}
service: {extensions: [zpages, healthcheckv2], telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}, pipelines: {logs: {receivers: [nop], exporters: [nop]}}}
`, health, telemetry))
	s.set("base", strings.Replace(s.text["base"], "service: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n", "", 1))
	p, got := run(t, options(t, s, "mem:base"))
	assert.Equal(t, []any{"zpages", "config_status"}, key(got, "service::extensions"))
	assert.Nil(t, key(got, "service::telemetry::metrics::readers"))
	assert.Equal(t, "none", key(got, "service::telemetry::metrics::level"), "without a reader there is nobody to measure for")
	out := p.m.Status().LeftOut
	require.Len(t, out, 2)
	assert.Equal(t, "extensions::healthcheckv2::http", out[0].Component)
	assert.Equal(t, health, out[0].Address)
	assert.Contains(t, out[0].Reason, "address already in use")
	if _, err := os.Stat("/proc/net/tcp"); err == nil {
		assert.Contains(t, out[0].Reason, fmt.Sprintf("uid %d, process %d", os.Getuid(), os.Getpid()))
	}
	assert.Nil(t, p.m.Status().Refused, "the configuration is as it should be")

	p.m.tryLeftOut(t.Context())
	select {
	case <-p.resolver.Watch():
		assert.Fail(t, "nothing is free")
	default:
	}
	freeHealth()
	p.m.tryLeftOut(t.Context())
	got = p.reload()
	p.m.Started()
	assert.Equal(t, []any{"zpages", "healthcheckv2", "config_status"}, key(got, "service::extensions"))
	assert.Len(t, p.m.Status().LeftOut, 1)
	freeTelemetry()
	p.m.tryLeftOut(t.Context())
	got = p.reload()
	p.m.Started()
	assert.NotNil(t, key(got, "service::telemetry::metrics::readers"))
	assert.Empty(t, p.m.Status().LeftOut)
	assert.Equal(t, 8*firstRegain, p.m.regainAfter, "who takes and leaves a port does not make the pipelines start all the time")
	p.end(true)
}

func TestWhoTakesAnAddressBetweenTheTrialAndTheStartStopsNothing(t *testing.T) {
	t.Parallel()
	address, _, free := take(t)
	free()
	s := newSource()
	s.set("base", "receivers: {nop: }\nexporters: {nop: }\nextensions: {healthcheckv2: {use_v2: true, http: {endpoint: '"+address+"'}}}\n"+
		"service: {extensions: [healthcheckv2], telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n")
	p, got, err := start(t, options(t, s, "mem:base"))
	require.NoError(t, err)
	require.Contains(t, key(got, "service::extensions"), "healthcheckv2")
	require.NoError(t, p.resolver.Shutdown(t.Context()))
	failure := fmt.Errorf("failed to start extensions: failed to bind to address %s: %w", address,
		&net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)})
	again, err := p.m.Again(&explained{"failed to bind to address [REDACTED]", failure})
	require.NoError(t, err)
	require.True(t, again)
	got, err = p.collect()
	require.NoError(t, err)
	assert.NotContains(t, key(got, "service::extensions"), "healthcheckv2")
	p.m.Started()
	require.Len(t, p.m.Status().LeftOut, 1)
	assert.Nil(t, p.m.Status().Refused)
	p.m.mu.Lock()
	p.m.started = false
	p.m.mu.Unlock()
	again, err = p.m.Again(errors.New("listen tcp 127.0.0.1:4317: bind: address already in use"))
	assert.False(t, again, "a receiver's port: there is nothing to go back to")
	require.Error(t, err)
	p.end(false)
}

func TestOneOfTwoHealthListenersStays(t *testing.T) {
	t.Parallel()
	address, _, _ := take(t)
	s := newSource()
	s.set("base", "receivers: {nop: }\nexporters: {nop: }\nextensions: {healthcheckv2: {use_v2: true, http: {endpoint: 'localhost:0'}, grpc: {endpoint: '"+address+"'}}}\n"+
		"service: {extensions: [healthcheckv2], telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n")
	p, got := run(t, options(t, s, "mem:base"))
	assert.Contains(t, key(got, "service::extensions"), "healthcheckv2")
	assert.NotNil(t, key(got, "extensions::healthcheckv2::http"))
	assert.Nil(t, key(got, "extensions::healthcheckv2::grpc"))
	p.end(true)
}

func TestReceiverWhoseAddressIsTakenDoesNotStopTheOtherPipelines(t *testing.T) {
	t.Parallel()
	address, _, free := take(t)
	_, busy := net.Listen("tcp", address)
	s := newSource()
	s.set("base", "receivers: {nop: , otlp: }\nexporters: {nop: }\nservice: {telemetry: {metrics: {level: none}}, pipelines: "+
		"{logs: {receivers: [nop, otlp], exporters: [nop]}, logs/2: {receivers: [otlp], exporters: [nop]}, metrics: {receivers: [nop], exporters: [nop]}}}\n")
	p, _, err := start(t, options(t, s, "mem:base"))
	require.NoError(t, err)
	require.NoError(t, p.resolver.Shutdown(t.Context()))
	failure := fmt.Errorf("cannot start pipelines: failed to start %q receiver: %w", "otlp", busy)
	again, err := p.m.Again(failure)
	require.NoError(t, err)
	require.True(t, again)
	got, err := p.collect()
	require.NoError(t, err)
	p.m.Started()
	assert.Equal(t, []any{"nop"}, key(got, "service::pipelines::logs::receivers"))
	assert.Nil(t, key(got, "service::pipelines::logs/2"))
	assert.NotNil(t, key(got, "service::pipelines::metrics"))
	out := p.m.Status().LeftOut
	require.Len(t, out, 1)
	assert.Equal(t, "receivers::otlp", out[0].Component)
	assert.Equal(t, address, out[0].Address)
	assert.True(t, out[0].Receives)
	p.m.tryLeftOut(t.Context())
	free()
	p.m.tryLeftOut(t.Context())
	got = p.reload()
	p.m.Started()
	assert.Equal(t, []any{"nop", "otlp"}, key(got, "service::pipelines::logs::receivers"))
	assert.NotNil(t, key(got, "service::pipelines::logs/2"))
	assert.Empty(t, p.m.Status().LeftOut)
	p.end(true)
}
