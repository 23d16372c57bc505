package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/doctor"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/redact"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/values"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// withProviders puts our providers of configuration beside those of builder-config.yaml: files that are
// watched, folders, and facts of the host.
func withProviders(settings otelcol.CollectorSettings) otelcol.CollectorSettings {
	own := []confmap.ProviderFactory{files.NewFileFactory(), files.NewDirFactory(), hostfacts.NewFactory()}
	rs := &settings.ConfigProviderSettings.ResolverSettings
	rs.ProviderFactories = slices.Concat(own, rs.ProviderFactories)
	rs.DefaultScheme = "env" // otelcol's own
	settings.ProviderModules = maps.Clone(settings.ProviderModules)
	if settings.ProviderModules == nil {
		settings.ProviderModules = map[string]string{}
	}
	for _, f := range own {
		scheme := f.Create(confmap.ProviderSettings{}).Scheme()
		settings.ProviderModules[scheme] = "github.com/otelcol-cloudwatch/otelcol-cloudwatch " + settings.BuildInfo.Version
	}
	return settings
}

// dryRun is what the collector's validate command does, and a look at values that nobody can have meant.
func dryRun(settings otelcol.CollectorSettings) func(context.Context, confmap.ResolverSettings) error {
	return func(ctx context.Context, rs confmap.ResolverSettings) error {
		settings.ConfigProviderSettings.ResolverSettings = rs
		settings.SkipSettingGRPCLogger = true
		if err := checkValues(ctx, settings); err != nil {
			return err
		}
		collector, err := otelcol.NewCollector(settings)
		if err != nil {
			return err
		}
		return legible(ctx, settings, collector.DryRun(ctx))
	}
}

func checkValues(ctx context.Context, settings otelcol.CollectorSettings) error {
	conf, factories, err := understood(ctx, settings)
	if err != nil {
		return err
	}
	return values.Check(conf, factories)
}

// understood is a configuration whose placeholders are resolved, and what its components are made with.
func understood(ctx context.Context, settings otelcol.CollectorSettings) (map[string]any, otelcol.Factories, error) {
	conf, err := resolvedMap(ctx, settings.ConfigProviderSettings.ResolverSettings)
	if err != nil {
		return nil, otelcol.Factories{}, err
	}
	factories, err := settings.Factories()
	return conf, factories, err
}

// resolvedMap is a configuration whose placeholders are resolved.
func resolvedMap(ctx context.Context, rs confmap.ResolverSettings) (_ map[string]any, err error) {
	resolver, err := confmap.NewResolver(rs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resolver.Shutdown(context.WithoutCancel(ctx))) }()
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot resolve the configuration: %w", err)
	}
	return conf.ToStringMap(), nil
}

// notDecoded is how the collector's errors begin where a value has another type than its key (v0.156.0).
const notDecoded = "cannot unmarshal the configuration"

// legible makes an error name the values that the collector could not decode. Its own has a key and a type of Go.
func legible(ctx context.Context, settings otelcol.CollectorSettings, err error) error {
	if err == nil || !strings.Contains(err.Error(), notDecoded) {
		return err
	}
	settings.ConfigProviderSettings.ResolverSettings.ConverterFactories = nil // they prepare a start
	conf, factories, unknown := understood(context.WithoutCancel(ctx), settings)
	if unknown != nil {
		return err
	}
	wrong := values.Explain(conf, factories, err)
	if wrong == nil || strings.Contains(err.Error(), "invalid keys") { // there is more to it
		return errors.Join(wrong, err)
	}
	return wrong
}

// remark prints what is valid in a configuration, and is probably a mistake.
func remark(ctx context.Context, to io.Writer, rs confmap.ResolverSettings) error {
	config, err := resolvedMap(ctx, rs)
	if err != nil {
		return err
	}
	for _, one := range doctor.Remarks(ctx, config) {
		if _, err := fmt.Fprintln(to, "Warning:", redact.Text(one)); err != nil {
			return err
		}
	}
	return nil
}

// reloadOptions are a manager's, for settings that withProviders has made.
func reloadOptions(settings otelcol.CollectorSettings, uris []string) (reload.Options, error) {
	rs := settings.ConfigProviderSettings.ResolverSettings
	o := reload.Options{
		URIs: uris, Providers: rs.ProviderFactories, DefaultScheme: rs.DefaultScheme,
		Check: dryRun(settings), StateDir: reload.DefaultStateDir(), Build: version.Current().Full(),
	}
	for variable, to := range map[string]*time.Duration{reload.TimeoutVariable: &o.Timeout, reload.HealthyAfterVariable: &o.HealthyAfter} {
		text := os.Getenv(variable)
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return o, fmt.Errorf("%s: %q is not a duration such as 30s", variable, text)
		}
		*to = d
	}
	return o, nil
}

// once looks at a configuration and ends.
func once[T any](ctx context.Context, settings otelcol.CollectorSettings, uris []string, look func(*reload.Manager) (T, error)) (result T, err error) {
	o, err := reloadOptions(settings, uris)
	if err != nil {
		return result, err
	}
	return onceWith(ctx, o, look)
}

// onceWith is once with other options.
func onceWith[T any](ctx context.Context, o reload.Options, look func(*reload.Manager) (T, error)) (result T, err error) {
	o.Once = true
	m, err := reload.New(o)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, m.Close(context.WithoutCancel(ctx), nil)) }()
	return look(m)
}

// asFetched says what hosts would refuse that fetch the layers, under a policy.
func asFetched(ctx context.Context, settings otelcol.CollectorSettings, uris []string, policy trust.Policy) error {
	o, err := reloadOptions(settings, uris)
	if err != nil {
		return err
	}
	o.AllRemote, o.Trust = true, &policy
	_, err = onceWith(ctx, o, func(m *reload.Manager) (reload.Trust, error) { return m.Judge(ctx) })
	return err
}

// validate says what the collector would say of a configuration.
func validate(ctx context.Context, settings otelcol.CollectorSettings, uris []string) error {
	_, err := once(ctx, settings, uris, func(m *reload.Manager) (struct{}, error) {
		return struct{}{}, m.Explained(dryRun(settings)(ctx, m.ResolverSettings()))
	})
	return err
}

// resolved is a configuration with what its placeholders stand for. seen is called with it, nil where it could not be
// resolved, and with what its fetched layers may do; it may be nil itself.
func resolved(ctx context.Context, settings otelcol.CollectorSettings, uris []string, seen func(*confmap.Conf, reload.Trust)) (map[string]any, error) {
	return once(ctx, settings, uris, func(m *reload.Manager) (_ map[string]any, err error) {
		r, err := confmap.NewResolver(m.ResolverSettings())
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, r.Shutdown(context.WithoutCancel(ctx))) }()
		conf, err := r.Resolve(ctx)
		if seen != nil {
			seen(conf, m.Trust())
		}
		if err != nil {
			return nil, err
		}
		return conf.ToStringMap(), nil
	})
}
