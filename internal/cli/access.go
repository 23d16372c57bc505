package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// anyPort is for commands beside a running collector, which has the configured port.
const anyPort = "127.0.0.1:0"

// callsNobody are the commands that neither fetch a configuration nor call AWS, and doctor, which looks at every way by itself
// and fetches by the table (doctor.go).
var callsNobody = []string{"doctor", "man", "healthcheck", "checkpoints", "components", "completion", "__complete", "__completeNoDesc", "help", "featuregate", "-h", "--help", "-v", "--version"}

// access is how the calls to AWS go that happen before any extension has started: by the route table of
// OTELCOL_CLOUDWATCH_ROUTES, or of the configuration as far as it is on this machine. With process_proxy in it, or for a
// command with a policy that keeps to private ways, the process's listener is opened, too: what fetches layers from S3 knows no
// other way.
type access struct {
	settings otelcol.CollectorSettings
	line     commandLine

	mu      sync.Mutex
	known   bool // there is a table, or the configuration needs none
	process *awsaccess.Process
	restore func()
}

func newAccess(settings otelcol.CollectorSettings, line commandLine) *access {
	return &access{settings: settings, line: line, restore: func() {}}
}

// open finds the table. The collector itself starts also where the table in its own layers cannot be read: then nothing
// is fetched from elsewhere, and it has its last known good configuration. A table that the environment names and that
// cannot be read stops every command: it holds for the exporters, too, and no configuration says what it would.
func (a *access) open(ctx context.Context) error {
	if slices.Contains(callsNobody, a.line.command) {
		return nil
	}
	if err := awsaccess.PrepareEnvironment(); err != nil { // no proxy is asked for metadata and credentials
		return err
	}
	c, found, err := awsaccess.FromEnvironment(ctx)
	if err != nil {
		return err
	}
	own := slices.Contains([]string{"", "validate", "print-config", "print-initial-config"}, a.line.command)
	if !found && (own || slices.ContainsFunc(a.line.layers(), reload.FromAfar)) {
		if a.line.command == "" {
			_, err := a.seek(ctx) // for a table that is not known it is called again where something is to be fetched
			return err
		}
		if c, found, err = localAccess(ctx, a.settings, a.line.layers()); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if found {
		err = a.use(c)
	}
	a.known = err == nil
	return err
}

// reach says why nothing may be fetched from another machine: nobody knows by which way.
func (a *access) reach(ctx context.Context) error {
	return errors.Join(a.seek(ctx))
}

// seek finds the table in the local layers, unless it is known. A table that cannot be read is unknown; one that cannot be
// used stops a start.
func (a *access) seek(ctx context.Context) (unknown, unusable error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known {
		return nil, nil
	}
	c, found, err := findAccess(ctx, a.settings, a.line.configs)
	if err != nil {
		return unknownWay(err), nil
	}
	if found {
		if err := a.use(c); err != nil {
			return nil, err
		}
	}
	a.known = true
	return nil, nil
}

// use makes a table the way. The lock is held.
func (a *access) use(c awsaccess.Config) error {
	a.restore()
	a.restore = awsaccess.SetBase(c)
	return a.openProcess(c)
}

// openProcess opens the process's listener, if the table asks for it. It stays as it is until the end. The lock is held.
func (a *access) openProcess(c awsaccess.Config) error {
	collects := a.line.command == ""
	if a.process != nil || !c.ProcessProxy && (collects || c.Policy != awsroute.PrivateOnly) {
		return nil
	}
	listen := c.Listen
	if !collects {
		listen = anyPort
	}
	process, err := awsaccess.OpenProcess(c, listen, earlyLogger())
	if err != nil {
		return fmt.Errorf("%s: %w", awsaccess.Extension, err)
	}
	a.process = process
	return nil
}

// adopt opens the process's listener for the last known good configuration: components call AWS before the extension
// has started.
func (a *access) adopt(_ context.Context, conf *confmap.Conf) error {
	c, found, err := awsaccess.FromConf(conf)
	if err != nil || !found {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.openProcess(c)
}

// close puts back what was there before.
func (a *access) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.restore()
	a.restore = func() {}
	if a.process != nil {
		_ = a.process.Close()
		a.process = nil
	}
}

// earlyLogger is for what runs before the collector has its own.
func earlyLogger() *zap.Logger {
	c := zap.NewProductionConfig()
	c.Encoding, c.Level, c.DisableStacktrace = "console", zap.NewAtomicLevelAt(zap.WarnLevel), true
	logger, err := c.Build()
	if err != nil {
		return zap.NewNop() // the configuration is ours, and builds
	}
	return logger
}

// findAccess finds the extension in the layers that are on this machine. They need not be whole: what they lack may come
// from elsewhere.
func findAccess(ctx context.Context, settings otelcol.CollectorSettings, configs []string) (c awsaccess.Config, found bool, err error) {
	local := slices.DeleteFunc(slices.Clone(configs), reload.FromAfar)
	if len(local) == 0 {
		return c, false, nil
	}
	merged, err := once(ctx, settings, local, func(m *reload.Manager) (*layers.Merged, error) { return m.Part(ctx, local) })
	if err != nil {
		return c, false, err
	}
	return awsaccess.FromLayers(ctx, merged.Map(), hostfacts.NewFactory())
}

// localAccess is findAccess for commands: where the local layers cannot be read, nothing may be fetched from elsewhere;
// without layers from elsewhere, the collector says what is wrong.
func localAccess(ctx context.Context, settings otelcol.CollectorSettings, configs []string) (c awsaccess.Config, found bool, err error) {
	c, found, err = findAccess(ctx, settings, configs)
	if err != nil && !slices.ContainsFunc(configs, reload.FromAfar) {
		return c, false, nil
	}
	if err != nil {
		err = unknownWay(err)
	}
	return c, found, err
}

func unknownWay(err error) error {
	return fmt.Errorf("the way to AWS must be known before a configuration is fetched from there: %w\nhint: mend it, or name the route table in %s", err, awsaccess.Variable)
}
