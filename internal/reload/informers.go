package reload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/listeners"
)

// informer is a listener that only informs: health, the collector's own metrics, pages for a person who looks. A local
// user can take its port before the service does; the rest runs without it then.
type informer struct {
	component string // as the configuration names it
	network   string // of tcp and udp, others are not tried
	address   string
	receives  bool // it is a receiver's, which is left out where there is nothing else to run
	remove    func(*confmap.Conf) error
}

// informerDefaults are the types of extensions that only inform, and where they listen unless told otherwise, by the
// section that has the endpoint (v0.155.0 to v0.156.0).
var informerDefaults = map[string]map[string]string{
	"healthcheckv2": {"http": "localhost:13133", "grpc": "localhost:13132", "": "localhost:13133"},
	"zpages":        {"": "localhost:55679"},
	"pprof":         {"": "localhost:1777"},
}

const (
	metricsLevel     = "service::telemetry::metrics::level"
	metricsReaders   = "service::telemetry::metrics::readers"
	extensionsInUse  = "service::extensions"
	defaultTelemetry = "localhost:8888"
)

// informersOf finds them in a configuration whose placeholders are resolved.
func informersOf(conf *confmap.Conf) []informer {
	var all []informer
	used, _ := conf.Get(extensionsInUse).([]any)
	for _, u := range used {
		id := fmt.Sprint(u)
		kind, _, _ := strings.Cut(id, "/")
		defaults, ok := informerDefaults[kind]
		if !ok {
			continue
		}
		section, _ := conf.Get("extensions::" + id).(map[string]any)
		all = append(all, extensionInformers(id, section, defaults)...)
	}
	return append(all, telemetryInformers(conf)...)
}

// extensionInformers are those of one extension: one section each, or the extension itself.
func extensionInformers(id string, section map[string]any, defaults map[string]string) []informer {
	var names []string
	if v2, _ := section["use_v2"].(bool); v2 {
		for _, name := range []string{"http", "grpc"} {
			if _, ok := section[name]; ok {
				names = append(names, name)
			}
		}
	} else {
		names = []string{""}
	}
	var all []informer
	for _, name := range names {
		at := section
		component, path := "extensions::"+id, ""
		if name != "" {
			at, _ = section[name].(map[string]any)
			component += "::" + name
			path = component
		}
		i := informer{component: component, network: "tcp", address: defaults[name]}
		if text, ok := at["endpoint"].(string); ok && text != "" {
			i.address = text
		}
		if text, ok := at["transport"].(string); ok && text != "" {
			i.network = text
		}
		i.remove = func(conf *confmap.Conf) error {
			if path != "" {
				conf.Delete(path)
				left, _ := conf.Get("extensions::" + id).(map[string]any)
				if slices.ContainsFunc(names, func(n string) bool { _, ok := left[n]; return ok }) {
					return nil
				}
			}
			return removeExtension(conf, id)
		}
		all = append(all, i)
	}
	return all
}

func removeExtension(conf *confmap.Conf, id string) error {
	used, _ := conf.Get(extensionsInUse).([]any)
	left := slices.DeleteFunc(slices.Clone(used), func(u any) bool { return fmt.Sprint(u) == id })
	conf.Delete("extensions::" + id)
	return replace(conf, extensionsInUse, left)
}

// replace puts another value in the place of one, where Merge would join them.
func replace(conf *confmap.Conf, path string, value any) error {
	conf.Delete(path)
	return conf.Merge(confmap.NewFromStringMap(map[string]any{path: value}))
}

// telemetryInformers are the readers of the collector's own metrics that are asked over HTTP.
func telemetryInformers(conf *confmap.Conf) []informer {
	if level, ok := conf.Get(metricsLevel).(string); ok && strings.EqualFold(level, "none") {
		return nil
	}
	readers, ok := conf.Get(metricsReaders).([]any)
	if !ok {
		return []informer{{component: "service::telemetry::metrics", network: "tcp", address: defaultTelemetry, remove: withoutReader(nil)}}
	}
	var all []informer
	for _, r := range readers {
		prometheus := confmap.NewFromStringMap(map[string]any{"r": r}).Get("r::pull::exporter::prometheus")
		at, ok := prometheus.(map[string]any)
		if !ok || at["port"] == nil {
			continue
		}
		host := "localhost"
		if at["host"] != nil {
			host = fmt.Sprint(at["host"])
		}
		all = append(all, informer{
			component: "service::telemetry::metrics", network: "tcp", address: net.JoinHostPort(host, fmt.Sprint(at["port"])),
			remove: withoutReader(r),
		})
	}
	return all
}

// withoutReader removes a reader. Where it was the last one there is nobody to measure for.
func withoutReader(reader any) func(*confmap.Conf) error {
	return func(conf *confmap.Conf) error {
		readers, _ := conf.Get(metricsReaders).([]any)
		gone := fmt.Sprint(reader)
		left := slices.DeleteFunc(slices.Clone(readers), func(r any) bool { return fmt.Sprint(r) == gone })
		if len(left) > 0 {
			return replace(conf, metricsReaders, left)
		}
		conf.Delete(metricsReaders)
		return replace(conf, metricsLevel, "none")
	}
}

// bindAll opens all listeners at once, as the collector would, closes them, and gives the errors of those that cannot be
// opened.
func bindAll(ctx context.Context, all []informer) map[int]error {
	failed := map[int]error{}
	var config net.ListenConfig
	for i, one := range all {
		if strings.HasPrefix(one.network, "udp") {
			c, err := config.ListenPacket(ctx, one.network, one.address)
			if err != nil {
				failed[i] = err
				continue
			}
			defer func() { _ = c.Close() }() // nobody has sent
			continue
		}
		if !strings.HasPrefix(one.network, "tcp") {
			continue // a socket file would be removed
		}
		l, err := config.Listen(ctx, one.network, one.address)
		if err != nil {
			failed[i] = err
			continue
		}
		defer func() { _ = l.Close() }() // nobody has connected
	}
	return failed
}

// leftOutOf is what is said of a listener.
func leftOutOf(i informer, err error) LeftOut {
	reason := err.Error()
	var op *net.OpError
	if errors.As(err, &op) { // it repeats the address
		reason = op.Err.Error()
	}
	if owner, ok := listeners.Of(i.address); ok {
		reason += ", " + owner.String() + " has it"
	}
	return LeftOut{Component: i.component, Address: i.address, Receives: i.receives, Reason: reason}
}
