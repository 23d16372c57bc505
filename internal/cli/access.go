package cli

import (
	"context"
	"fmt"
	"slices"

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

// openAccess makes the calls to AWS that happen before any extension has started take the route table: that of
// OTELCOL_CLOUDWATCH_ROUTES, or of the configuration as far as it is on this machine. With process_proxy in it, or a policy that
// keeps to private ways, the process's listener is opened, too: what fetches layers from S3 knows no other way.
func openAccess(ctx context.Context, settings otelcol.CollectorSettings, line commandLine) (end func(), err error) {
	end = func() {}
	if slices.Contains(callsNobody, line.command) {
		return end, nil
	}
	collects := line.command == ""
	c, found, err := awsaccess.FromEnvironment(ctx)
	if err != nil {
		return end, err
	}
	if own := slices.Contains([]string{"", "validate", "print-config", "print-initial-config"}, line.command); !found && (own || slices.ContainsFunc(line.layers(), fromAfar)) {
		if c, found, err = localAccess(ctx, settings, line.layers()); err != nil {
			return end, err
		}
	}
	if !found {
		return end, nil
	}
	restore := awsaccess.SetBase(c)
	if !c.ProcessProxy && (collects || c.Policy != awsroute.PrivateOnly) {
		return restore, nil
	}
	listen := anyPort
	if collects {
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
func fromAfar(uri string) bool { return layers.RemoteURI(uri) }
