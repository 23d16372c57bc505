package awsaccess

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/confdata"
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
		name, err := named(conf)
		if err != nil {
			return Config{}, err
		}
		if conf, err = conf.Sub("extensions::" + name); err != nil {
			return Config{}, err
		}
	}
	return fromConf(conf)
}

// named is the extension's name in a collector's configuration: the one that its service uses, or the only one that it has.
func named(conf *confmap.Conf) (string, error) {
	is := func(id string) bool {
		kind, _, _ := strings.Cut(id, "/")
		return kind == Extension && conf.IsSet("extensions::"+id)
	}
	used, _ := conf.Get("service::extensions").([]any)
	for _, id := range used {
		if name := fmt.Sprint(id); is(name) {
			return name, nil
		}
	}
	all, _ := conf.Get("extensions").(map[string]any)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(id string) bool { return !is(id) || all[id] == nil })
	switch len(names) {
	case 0:
		return "", errors.New("there are extensions, and none of them is " + Extension)
	case 1:
		return names[0], nil
	}
	return "", fmt.Errorf("there are %s: name one of them in service::extensions", strings.Join(names, " and "))
}

// FromLayers finds the extension in a collector's configuration whose placeholders are not expanded yet.
// Those of the extension are, by providers of this machine and by more; nothing else is asked for. It
// returns false where no service uses the extension.
func FromLayers(ctx context.Context, m map[string]any, more ...confmap.ProviderFactory) (Config, bool, error) {
	service, _ := m["service"].(map[string]any)
	used, _ := service["extensions"].([]any)
	extensions, _ := m["extensions"].(map[string]any)
	for _, id := range used {
		name := fmt.Sprint(id)
		if kind, _, _ := strings.Cut(name, "/"); kind != Extension {
			continue
		}
		text, err := yaml.Marshal(extensions[name])
		if err != nil {
			return Config{}, false, err
		}
		conf, err := resolve(ctx, []string{"yaml:" + string(text)}, more...)
		if err != nil {
			return Config{}, false, fmt.Errorf("extensions::%s: %w", name, err)
		}
		c, err := fromConf(conf)
		if err != nil {
			return Config{}, false, fmt.Errorf("extensions::%s: %w", name, err)
		}
		return c, true, nil
	}
	return Config{}, false, nil
}

// FromConf finds the extension in a collector's configuration whose placeholders are resolved. It returns false where no
// service uses the extension.
func FromConf(conf *confmap.Conf) (Config, bool, error) {
	used, _ := conf.Get("service::extensions").([]any)
	for _, id := range used {
		name := fmt.Sprint(id)
		if kind, _, _ := strings.Cut(name, "/"); kind != Extension {
			continue
		}
		var c Config
		sub, err := conf.Sub("extensions::" + name)
		if err == nil {
			c, err = fromConf(sub)
		}
		if err != nil {
			return Config{}, false, fmt.Errorf("extensions::%s: %w", name, err)
		}
		return c, true, nil
	}
	return Config{}, false, nil
}

func resolve(ctx context.Context, uris []string, more ...confmap.ProviderFactory) (*confmap.Conf, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              uris,
		ProviderFactories: append([]confmap.ProviderFactory{fileprovider.NewFactory(), exact(), yamlprovider.NewFactory()}, more...),
		DefaultScheme:     "env",
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resolver.Shutdown(ctx) }()
	return resolver.Resolve(ctx)
}

// FromMap makes a configuration of the extension's keys, and checks it.
func FromMap(m map[string]any) (Config, error) { return fromConf(confmap.NewFromStringMap(m)) }

// fromConf is FromMap for keys whose placeholders were replaced: a field that is a string gets the text, whatever YAML makes of it,
// which a map would have lost.
func fromConf(conf *confmap.Conf) (Config, error) {
	c := NewDefaultConfig()
	if err := conf.Unmarshal(&c); err != nil {
		return Config{}, err
	}
	return c, c.Check()
}

// environment gives what a variable holds as data: a password may have dollars, and look like anything.
type environment struct{ confmap.Provider }

func exact() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(s confmap.ProviderSettings) confmap.Provider {
		if s.Logger == nil {
			s.Logger = zap.NewNop()
		}
		return environment{envprovider.NewFactory().Create(s)}
	})
}

// Retrieve implements confmap.Provider.
func (e environment) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(uri, "env:"), ":-")
	if value, ok := os.LookupEnv(name); ok && value != "" {
		return confdata.Retrieved(value, false)
	}
	return e.Provider.Retrieve(ctx, uri, watcher)
}
