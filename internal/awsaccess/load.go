package awsaccess

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
)

// Variable names the file for everything that runs before, or without, the endpoint_routing extension:
// fetching configuration, and our subcommands. It is a path, file:path, or yaml:text.
const Variable = "OTELCOL_CLOUDWATCH_ROUTES"

// Extension is the type of the extension whose configuration this is.
const Extension = "endpoint_routing"

// FromEnvironment reads what Variable names. It returns false where the variable is not set.
func FromEnvironment(ctx context.Context) (Config, bool, error) {
	uri := os.Getenv(Variable)
	if uri == "" {
		return Config{}, false, nil
	}
	c, err := Load(ctx, uri)
	if err != nil {
		return Config{}, true, fmt.Errorf("%s: %w", Variable, err)
	}
	return c, true, nil
}

// Load reads a configuration from a path, file:path, or yaml:text, with ${env:NAME} and ${file:path} in
// it. It may be a collector's configuration with the extension in it, or hold the extension's keys alone.
func Load(ctx context.Context, uri string) (Config, error) {
	conf, err := resolve(ctx, []string{uri})
	if err != nil {
		return Config{}, err
	}
	if conf.IsSet("extensions") {
		if conf, err = conf.Sub("extensions::" + Extension); err != nil {
			return Config{}, err
		}
		if len(conf.AllKeys()) == 0 {
			return Config{}, errors.New("there are extensions, and none of them is " + Extension)
		}
	}
	return FromMap(conf.ToStringMap())
}

// FromLayers finds the extension in those of a collector's --config values that are on this machine: a
// path, file:, yaml: or env:. It returns false where no service uses the extension, and where the layers
// are wrong: the collector says so itself.
func FromLayers(ctx context.Context, uris []string) (Config, bool) {
	local := slices.DeleteFunc(slices.Clone(uris), func(uri string) bool {
		scheme, _, ok := strings.Cut(uri, ":")
		// One letter is a drive of Windows.
		return ok && len(scheme) > 1 && scheme != "file" && scheme != "yaml" && scheme != "env"
	})
	if len(local) == 0 {
		return Config{}, false
	}
	conf, err := resolve(ctx, local)
	if err != nil {
		return Config{}, false
	}
	used, _ := conf.Get("service::extensions").([]any)
	for _, id := range used {
		name := fmt.Sprint(id)
		if kind, _, _ := strings.Cut(name, "/"); kind != Extension {
			continue
		}
		sub, err := conf.Sub("extensions::" + name)
		if err != nil {
			return Config{}, false
		}
		c, err := FromMap(sub.ToStringMap())
		return c, err == nil
	}
	return Config{}, false
}

func resolve(ctx context.Context, uris []string) (*confmap.Conf, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              uris,
		ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory(), yamlprovider.NewFactory()},
		DefaultScheme:     "env",
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resolver.Shutdown(ctx) }()
	return resolver.Resolve(ctx)
}

// FromMap makes a configuration of the extension's keys, and checks it.
func FromMap(m map[string]any) (Config, error) {
	c := NewDefaultConfig()
	if err := confmap.NewFromStringMap(m).Unmarshal(&c); err != nil {
		return Config{}, err
	}
	return c, c.Check()
}
