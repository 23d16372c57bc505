package values

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

type server struct {
	HTTP  configoptional.Optional[confighttp.ServerConfig] `mapstructure:"http"`
	GRPC  configgrpc.ServerConfig                          `mapstructure:"grpc"`
	Net   confignet.AddrConfig                             `mapstructure:",squash"`
	Port  uint16                                           `mapstructure:"port"`
	Limit uint32                                           `mapstructure:"limit"`
	Small int8                                             `mapstructure:"small"`
	Ratio float64                                          `mapstructure:"ratio"`
	On    *bool                                            `mapstructure:"on"`
	Name  string                                           `mapstructure:"name"`
	After time.Duration                                    `mapstructure:"after"`
	Lists []struct {
		Size int `mapstructure:"size"`
	} `mapstructure:"lists"`
	Free free `mapstructure:"free"`
}

// free reads a text, whatever its fields are.
type free struct {
	Limit int `mapstructure:"limit"`
}

func (f *free) UnmarshalText(text []byte) error {
	if string(text) == "no" {
		return errors.New("not this")
	}
	return nil
}

func servers(t *testing.T) otelcol.Factories {
	t.Helper()
	made, err := otelcol.MakeFactoryMap(receiver.NewFactory(component.MustNewType("some"), func() component.Config { return &server{} }))
	require.NoError(t, err)
	return otelcol.Factories{Receivers: made, Telemetry: otelconftelemetry.NewFactory()}
}

func some(values map[string]any) map[string]any {
	return map[string]any{"receivers": map[string]any{"some": values}}
}

func TestAnAddressWithoutAPortThatExistsIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"13133":           `"13133" is not an address: write host and port, such as localhost:13133`,
		"localhost":       `"localhost" is not an address: write host and port, such as localhost:4318`,
		"::1":             `"::1" is not an address: write host and port, such as [::1]:4318`,
		"[::1]":           `"[::1]" is not an address: write host and port, such as [::1]:4318`,
		"localhost:":      `"localhost:" has no port that exists`,
		"localhost:99999": `"localhost:99999" has no port that exists: write one of 1 to 65535`,
		"[::1]:-1":        `"[::1]:-1" has no port that exists`,
	} {
		endpoint := map[string]any{"endpoint": text}
		for key, values := range map[string]map[string]any{"http::": {"http": endpoint}, "grpc::": {"grpc": endpoint}, "": endpoint} {
			assert.ErrorContains(t, Check(some(values), servers(t)), "receivers::some::"+key+"endpoint: "+want)
		}
	}
	assert.ErrorContains(t, Check(some(map[string]any{"endpoint": 13133}), servers(t)), `"13133" is not an address`, "a number is a port that lost its host")
	for _, fine := range []string{"", ":13133", "0.0.0.0:0", "[::1]:4318", "localhost:http", "host.example:65535"} {
		require.NoError(t, Check(some(map[string]any{"endpoint": fine}), servers(t)), fine)
	}
	require.NoError(t, Check(some(map[string]any{"endpoint": "/run/some.sock", "transport": "unix"}), servers(t)))
}

func TestAPortThatNoHostHasIsRefused(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, Check(some(map[string]any{"port": 99999}), servers(t)), "receivers::some::port: 99999 is not a port: use 1 to 65535")
	assert.ErrorContains(t, Check(some(map[string]any{"port": -1}), servers(t)), "-1 is not a port")
	require.NoError(t, Check(some(map[string]any{"port": 65535}), servers(t)))
	prometheus := map[string]any{"prometheus": map[string]any{"host": "localhost", "port": 99999}}
	reader := map[string]any{"pull": map[string]any{"exporter": prometheus}}
	telemetry := map[string]any{"metrics": map[string]any{"readers": []any{reader}}}
	assert.ErrorContains(t, Check(map[string]any{"service": map[string]any{"telemetry": telemetry}}, servers(t)), "prometheus::port: 99999 is not a port")
}

func TestOnlyDurationsDoHarmAtAStart(t *testing.T) {
	t.Parallel()
	conf := some(map[string]any{"after": 60, "port": 99999, "endpoint": "13133"})
	require.ErrorContains(t, CheckDurations(conf, servers(t)), "receivers::some::after: 60 has no unit")
	assert.NotContains(t, CheckDurations(conf, servers(t)).Error(), "port")
	require.NoError(t, CheckDurations(some(map[string]any{"after": "60s", "port": 99999}), servers(t)), "a listener that cannot be opened is left out")
}

func TestANumberThatTheCollectorWouldCutOffIsRefused(t *testing.T) {
	t.Parallel()
	var decoded server
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"limit": 1 << 40}).Unmarshal(&decoded))
	require.Zero(t, decoded.Limit, "the collector says nothing")
	assert.ErrorContains(t, Check(some(map[string]any{"limit": 1 << 40}), servers(t)), "receivers::some::limit: 1099511627776 is too large")
	assert.ErrorContains(t, Check(some(map[string]any{"small": 300}), servers(t)), "small: 300 is too large")
	require.NoError(t, Check(some(map[string]any{"limit": 1<<32 - 1, "small": -128}), servers(t)))
}

// What the collector cannot decode is explained by its own decoder's errors, so that the keys in them are those that it has.
func TestWhatTheCollectorCannotDecodeIsNamedWithItsValueAndWhatToWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values map[string]any
		want   string
	}{
		{map[string]any{"limit": "512MiB"}, `receivers::some::limit: "512MiB" is not a whole number: write digits without a unit, such as 512`},
		{map[string]any{"limit": "never"}, `limit: "never" is not a whole number`},
		{map[string]any{"limit": -5}, `limit: -5 is below 0`},
		{map[string]any{"ratio": "half"}, `ratio: "half" is not a number: write digits, such as 0.5`},
		{map[string]any{"on": "yes"}, `on: "yes" is not a boolean: write true or false`},
		{map[string]any{"name": map[string]any{"a": 1}}, `name: a map stands where text is wanted`},
		{map[string]any{"after": "1 minute"}, `after: "1 minute" is not a duration: write a number and a unit, such as 500ms, 30s, 5m or 1h`},
		{map[string]any{"lists": []any{map[string]any{"size": 1}, map[string]any{"size": "x"}}}, `lists::1::size: "x" is not a whole number`},
		{map[string]any{"grpc": "localhost:4317"}, `grpc: "localhost:4317" is not a map: write its keys below it`},
		{map[string]any{"free": "no"}, `free: invalid value "no": not this`},
	} {
		conf := some(c.values)
		require.NoError(t, Check(conf, servers(t)), "the collector says so: it may know another way to decode it")
		decoding := confmap.NewFromStringMap(c.values).Unmarshal(&server{})
		require.Error(t, decoding, c.want)
		decoding = errors.New(`'receivers' error reading configuration for "some": ` + decoding.Error())
		assert.ErrorContains(t, Explain(conf, servers(t), decoding), c.want)
		assert.NoError(t, Explain(conf, servers(t), errors.New(`error reading configuration for "other": 'x' expected type`)), "another key's error is not explained by it")
	}
	level := map[string]any{"service": map[string]any{"telemetry": map[string]any{"logs": map[string]any{"level": "verbose"}}}}
	assert.ErrorContains(t, Explain(level, servers(t), errors.New(`'service.telemetry.logs' 'level' unrecognized level: "verbose"`)),
		`service::telemetry::logs::level: invalid value "verbose": unrecognized level: "verbose": use debug, info, warn or error`)
}
