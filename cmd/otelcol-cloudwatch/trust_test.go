package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers/trust"
)

// reaching are names of keys that may reach into the host.
var reaching = regexp.MustCompile(`(^|_)(files?|filename|path|dir|directory|folder|endpoint|url|uri|address|host|exec|command|process|cert|pem|socket|proxy|profile|role|insecure|verify|delete|removal|dsn)(_|$)`)

// harmless are keys with such a name that reach nothing outside of the component, each by the reason.
var harmless = []string{
	"metrics_path", "status::path", "config::path", "_url_path", "healthcheckv2 path", // paths of URLs
	"http_path", "log_file_path", "resource_attributes::", "metrics::", // names of attributes
	"processors/", "scrapers::", // they change records; what asks others is not in the table
	"directory_permissions", "max_log_size", "::no_proxy",
	"include_file", "file_attributes", "file_cache_advise", "exclude_names", // what a record tells of its file
	"on_truncate", "grpc::keepalive", "cors::", "response_headers::", "headers::", "external_labels",
	"metric_relabel_configs", "relabel_configs", "scrape_protocols", "static_configs::*::labels",
	"remote_write_queue", "exporters/file ", // of exporters/file the path decides
}

// A component or key that comes with a newer version of upstream is refused in fetched layers until somebody has looked at it;
// one that sounds like a path or an address is not waved through by a rule that is too wide.
func TestEveryComponentIsJudgedForFetchedLayers(t *testing.T) {
	f, err := components()
	require.NoError(t, err)
	judge := func(section string, kind component.Type, config component.Config) {
		assert.True(t, trust.Known(section, kind.String()), "%s/%s is not in internal/layers/trust/rules.txt", section, kind)
		for _, key := range textKeys(reflect.TypeOf(config)) {
			last := strings.TrimSuffix(key, "::*")
			last = last[strings.LastIndex(last, ":")+1:]
			full := section + "/" + kind.String() + " " + key
			if !reaching.MatchString(last) || slices.ContainsFunc(harmless, func(h string) bool { return strings.Contains(full, h) }) {
				continue
			}
			assert.NotEqual(t, "ok", trust.Verdict(section, kind.String(), strings.Split(key, "::")), full)
		}
	}
	for kind, factory := range f.Receivers {
		judge("receivers", kind, factory.CreateDefaultConfig())
	}
	for kind, factory := range f.Processors {
		judge("processors", kind, factory.CreateDefaultConfig())
	}
	for kind, factory := range f.Exporters {
		judge("exporters", kind, factory.CreateDefaultConfig())
	}
	for kind, factory := range f.Extensions {
		judge("extensions", kind, factory.CreateDefaultConfig())
	}
	for kind, factory := range f.Connectors {
		judge("connectors", kind, factory.CreateDefaultConfig())
	}
}

// textKeys are the keys of a configuration, as far as its types tell.
func textKeys(of reflect.Type) []string {
	var keys []string
	seen := map[reflect.Type]bool{}
	var walk func(path []string, at reflect.Type)
	walk = func(path []string, at reflect.Type) {
		for at.Kind() == reflect.Pointer {
			at = at.Elem()
		}
		if inner, ok := at.FieldByNameFunc, at.Kind() == reflect.Struct && strings.Contains(at.String(), "Optional["); ok {
			if value, found := inner(func(name string) bool { return name == "value" }); found {
				walk(path, value.Type)
				return
			}
		}
		switch at.Kind() {
		case reflect.Struct:
			if seen[at] {
				return
			}
			seen[at] = true
			defer delete(seen, at)
			for i := range at.NumField() {
				field := at.Field(i)
				name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
				switch {
				case name == "-" || !field.IsExported():
				case strings.Contains(options, "squash"):
					walk(path, field.Type)
				default:
					if name == "" {
						name = strings.ToLower(field.Name)
					}
					walk(append(slices.Clone(path), name), field.Type)
				}
			}
		case reflect.Slice, reflect.Array, reflect.Map:
			walk(append(slices.Clone(path), "*"), at.Elem())
		default:
			keys = append(keys, strings.Join(path, "::"))
		}
	}
	walk(nil, of)
	return keys
}
