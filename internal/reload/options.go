package reload

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/confmap"

	remote "github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

const (
	// StateVariable names the folder in which the collector keeps state; the last known good
	// configuration is in its folder "config".
	StateVariable = "OTELCOL_CLOUDWATCH_STATE_DIR"
	// TimeoutVariable sets how long a start waits for its configuration, as a duration such as 30s.
	TimeoutVariable = "OTELCOL_CLOUDWATCH_CONFIG_TIMEOUT"
	// HealthyAfterVariable sets after which time a configuration is the last known good one.
	HealthyAfterVariable = "OTELCOL_CLOUDWATCH_CONFIG_HEALTHY_AFTER"

	// DefaultTimeout is how long a fetch of all layers may take.
	DefaultTimeout = 30 * time.Second
	// DefaultHealthyAfter is how long a configuration runs without a permanent error before it is the
	// last known good one.
	DefaultHealthyAfter = time.Minute

	// settle is how long changes are collected: an editor or a push writes several things at once.
	settle = 250 * time.Millisecond
	// startRetry is the pause between two fetches of a start that has nothing else to run, within the time of a fetch.
	startRetry = time.Second
	// firstRetry and lastRetry bound the wait before a fetch is tried again that has failed.
	firstRetry = 5 * time.Second
	lastRetry  = 5 * time.Minute
	// pollEvery is how often sources are asked again whose providers do not watch: http, https, s3,
	// secretsmanager.
	pollEvery = 5 * time.Minute
)

// Options are what a Manager needs.
type Options struct {
	// URIs are the values of --config, and those of --set as yaml:, in their order.
	URIs []string
	// Providers are those of layers and of placeholders.
	Providers []confmap.ProviderFactory
	// DefaultScheme is that of ${NAME}. Default: env.
	DefaultScheme string
	// Check says whether a collector could run what the settings resolve to, without starting anything.
	Check func(context.Context, confmap.ResolverSettings) error
	// StateDir is the folder of the last known good configuration. Default: none is kept.
	StateDir string
	// Timeout bounds a fetch. Default: DefaultTimeout.
	Timeout time.Duration
	// HealthyAfter is when a configuration counts as good. Default: DefaultHealthyAfter.
	HealthyAfter time.Duration
	// Reach is asked before anything is fetched from another machine, and says why that must not be: the way there is
	// not known. Default: there is a way.
	Reach func(context.Context) error
	// BeforeGood prepares the process for the last known good configuration, which is used in place of the newest.
	BeforeGood func(context.Context, *confmap.Conf) error
	// Once makes a Manager for a command that looks and ends: nothing is tried, watched or remembered,
	// and there is nothing to fall back to.
	Once bool
	// AllRemote makes every layer count as fetched, for a command that looks at what will be fetched elsewhere.
	AllRemote bool
	// Trust is what fetched layers may do, instead of what local layers say. Default: nil, what they say.
	Trust *remote.Policy
	// Build is the program's version, for the memory on disk.
	Build string
}

func (o Options) withDefaults() (Options, error) {
	if len(o.URIs) == 0 {
		return o, errors.New("there is no configuration: name one with --config")
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.HealthyAfter <= 0 {
		o.HealthyAfter = DefaultHealthyAfter
	}
	if o.DefaultScheme == "" {
		o.DefaultScheme = "env"
	}
	return o, nil
}

// DefaultStateDir is the value of StateVariable, or the folder that the shipped configurations use.
func DefaultStateDir() string {
	if dir := os.Getenv(StateVariable); dir != "" {
		return filepath.Join(dir, "config")
	}
	if runtime.GOOS == "windows" {
		data := os.Getenv("ProgramData")
		if data == "" {
			data = `C:\ProgramData`
		}
		return filepath.Join(data, "otelcol-cloudwatch", "state", "config")
	}
	return "/var/lib/otelcol-cloudwatch/config"
}
