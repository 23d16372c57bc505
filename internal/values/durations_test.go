package values

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

type retry struct {
	Max time.Duration `mapstructure:"max_elapsed_time"`
}

// embedded is an optional value as the queue of our exporters is.
type embedded struct{ anOptional }

type anOptional = configoptional.Optional[retry]

type config struct {
	retry    `mapstructure:"-"`
	Retry    retry                          `mapstructure:",squash"`
	Interval time.Duration                  `mapstructure:"collection_interval"`
	Pointer  *time.Duration                 `mapstructure:"pointer"`
	Optional configoptional.Optional[retry] `mapstructure:"optional"`
	Map      map[string]retry               `mapstructure:"map"`
	List     []retry                        `mapstructure:"list"`
	Seconds  int                            `mapstructure:"seconds"`
	Self     *config                        `mapstructure:"self"`
	Embedded embedded                       `mapstructure:"embedded"`
}

func factories(t *testing.T) otelcol.Factories {
	t.Helper()
	made, err := otelcol.MakeFactoryMap(receiver.NewFactory(component.MustNewType("some"), func() component.Config { return &config{} }))
	require.NoError(t, err)
	return otelcol.Factories{Receivers: made}
}

func check(t *testing.T, values map[string]any) error {
	t.Helper()
	return Check(map[string]any{"receivers": map[string]any{"some/1": values}, "exporters": "no map"}, factories(t))
}

func TestANumberWithoutAUnitIsRefusedWhereverADurationStands(t *testing.T) {
	err := check(t, map[string]any{
		"collection_interval": 60, "pointer": 1.5, "optional": map[string]any{"MAX_elapsed_time": 2}, "max_elapsed_time": int64(3),
		"map": map[string]any{"a": map[string]any{"max_elapsed_time": -4}}, "list": []any{map[string]any{"max_elapsed_time": 5}},
		"seconds": 6, "self": map[string]any{"self": map[string]any{"collection_interval": 7}},
	})
	var wrong *Error
	require.ErrorAs(t, err, &wrong)
	assert.Len(t, wrong.Problems, 7, "an integer that is no duration is none of them")
	for _, want := range []string{
		"receivers::some/1::collection_interval: 60 has no unit, and would mean nanoseconds: write 60s for seconds",
		"receivers::some/1::pointer: 1.5 has no unit", "receivers::some/1::optional::MAX_elapsed_time: 2 has", "receivers::some/1::max_elapsed_time: 3 has",
		"receivers::some/1::map::a::max_elapsed_time: -4 has", "receivers::some/1::list::0::max_elapsed_time: 5 has", "receivers::some/1::self::self::collection_interval: 7 has",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestDurationsThatSayWhatTheyMeanAreFine(t *testing.T) {
	require.NoError(t, check(t, map[string]any{"collection_interval": "60s", "pointer": 0, "optional": nil, "max_elapsed_time": "1h", "list": "no list", "seconds": 5}))
	require.NoError(t, Check(map[string]any{"receivers": map[string]any{"other": map[string]any{"collection_interval": 5}, "a/b/c": nil}}, factories(t)), "what nobody knows is the collector's to refuse")
	require.NoError(t, Check(nil, otelcol.Factories{}))
}

func TestACollectionIntervalThatKeepsAHostBusyIsRefused(t *testing.T) {
	assert.ErrorContains(t, check(t, map[string]any{"collection_interval": "60ns"}), "receivers::some/1::collection_interval: 60ns is shorter than the 100ms")
	assert.ErrorContains(t, check(t, map[string]any{"collection_interval": "99ms"}), "99ms is shorter")
	require.NoError(t, check(t, map[string]any{"collection_interval": "100ms", "max_elapsed_time": "1ns"}))
	require.NoError(t, check(t, map[string]any{"collection_interval": "-5s"}), "the collector refuses it")
}

func TestANumberWithoutAUnitIsRefusedInWhatEmbedsAnOptionalValue(t *testing.T) {
	err := check(t, map[string]any{"embedded": map[string]any{"max_elapsed_time": 60}})
	require.ErrorContains(t, err, "receivers::some/1::embedded::max_elapsed_time: 60 has no unit")
}

// A variable with quotes in it is a text.
func TestATextThatIsANumberIsRefusedByItsName(t *testing.T) {
	err := check(t, map[string]any{"collection_interval": "60"})
	require.ErrorContains(t, err, `receivers::some/1::collection_interval: "60" has no unit: write 60s for seconds`)
	require.ErrorContains(t, check(t, map[string]any{"collection_interval": `"60" `}), `collection_interval: "60" has no unit`)
	require.NoError(t, check(t, map[string]any{"collection_interval": "0"}))
}

func TestANumberWithoutAUnitIsRefusedInTheCollectorsTelemetry(t *testing.T) {
	all := factories(t)
	all.Telemetry = otelconftelemetry.NewFactory()
	err := Check(map[string]any{"service": map[string]any{"telemetry": map[string]any{"logs": map[string]any{"sampling": map[string]any{"tick": 60}}}}}, all)
	require.ErrorContains(t, err, "service::telemetry::logs::sampling::tick: 60 has no unit")
}
