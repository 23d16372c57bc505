package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
)

// anyPort is for commands beside a running collector, which has the configured port.
const anyPort = "127.0.0.1:0"

// openAccess makes the calls to AWS that happen before any extension has started take the route table:
// that of OTELCOL_CLOUDWATCH_ROUTES, or of the configuration as far as it is on this machine. With
// process_proxy in it, the process's listener is opened, too.
func openAccess(ctx context.Context, settings otelcol.CollectorSettings, line commandLine) (end func(), err error) {
	end = func() {}
	listen, own := "", false
	switch line.command {
	case "": // the collector itself
		own = true
	case "validate", "print-config", "print-initial-config":
		listen, own = anyPort, true
	case "config", "init", "migrate", "policy":
	default:
		return end, nil // doctor looks at every way by itself; the others call nobody
	}
	if own {
		if err := awsaccess.PrepareEnvironment(); err != nil { // no proxy is asked for metadata and credentials
			return end, err
		}
	}
	c, found, err := awsaccess.FromEnvironment(ctx)
	if err != nil {
		return end, err
	}
	if !found && own {
		if c, found, err = localAccess(ctx, settings, line.configs); err != nil {
			return end, err
		}
	}
	if !found {
		return end, nil
	}
	restore := awsaccess.SetBase(c)
	if !own || !c.ProcessProxy {
		return restore, nil
	}
	if listen == "" {
		listen = c.Listen
	}
	process, err := awsaccess.OpenProcess(c, listen, earlyLogger())
	if err != nil {
		restore()
		return end, fmt.Errorf("%s: %w", awsaccess.Extension, err)
	}
	return func() {
		restore()
		_ = process.Close()
	}, nil
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

// localAccess finds the extension in the layers that are on this machine. They need not be whole: what
// they lack may come from elsewhere. Where they cannot be read, nothing may be fetched from elsewhere,
// as nobody knows by which way; without layers from elsewhere, the collector says what is wrong.
func localAccess(ctx context.Context, settings otelcol.CollectorSettings, configs []string) (c awsaccess.Config, found bool, err error) {
	local := slices.DeleteFunc(slices.Clone(configs), fromAfar)
	if len(local) == 0 {
		return c, false, nil
	}
	merged, err := once(ctx, settings, local, func(m *reload.Manager) (*layers.Merged, error) { return m.Part(ctx, local) })
	if err == nil {
		c, found, err = awsaccess.FromLayers(ctx, merged.Map(), hostfacts.NewFactory())
	}
	if err != nil && len(local) == len(configs) {
		return c, false, nil
	}
	if err != nil {
		err = fmt.Errorf("the way to AWS must be known before a configuration is fetched from there: %w\nhint: mend it, or name the route table in %s", err, awsaccess.Variable)
	}
	return c, found, err
}

// fromAfar says whether a --config value is not on this machine.
func fromAfar(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	return ok && len(scheme) > 1 && !slices.Contains([]string{"file", "dir", "yaml", "env"}, scheme) // one letter is a drive of Windows
}
