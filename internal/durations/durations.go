// Package durations finds durations in a configuration that nobody can have meant: numbers without a unit, which the collector
// reads as nanoseconds (60 of an interval that somebody takes for seconds means 17 million scrapes a second), and intervals of
// collection so short that they would keep a host busy with measuring itself.
//
// It knows the components' own types, so that it holds for all of them, upstream's included, and for nothing that only looks
// like a duration.
package durations

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
)

// MinCollectionInterval is the shortest interval of scrapers. CloudWatch keeps a data point for each second at most (StorageResolution
// 1, Amazon CloudWatch API Reference, MetricDatum); the rest is room for tests.
const MinCollectionInterval = 100 * time.Millisecond

// collectionInterval is the key of every scraping receiver (scraperhelper.ControllerConfig).
const collectionInterval = "collection_interval"

// Error names every duration that is wrong.
type Error struct{ Problems []string }

func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }

// Check looks at a resolved configuration, as confmap.Conf.ToStringMap gives it. The error is an *Error.
func Check(configuration map[string]any, factories otelcol.Factories) error {
	c := checker{}
	checkSection(&c, configuration, "receivers", factories.Receivers)
	checkSection(&c, configuration, "processors", factories.Processors)
	checkSection(&c, configuration, "exporters", factories.Exporters)
	checkSection(&c, configuration, "connectors", factories.Connectors)
	checkSection(&c, configuration, "extensions", factories.Extensions)
	if service, ok := configuration["service"].(map[string]any); ok && factories.Telemetry != nil {
		c.value(reflect.TypeOf(factories.Telemetry.CreateDefaultConfig()), service["telemetry"], []string{"service", "telemetry"})
	}
	if len(c.problems) == 0 {
		return nil
	}
	slices.Sort(c.problems)
	return &Error{c.problems}
}

func checkSection[F component.Factory](c *checker, configuration map[string]any, section string, factories map[component.Type]F) {
	components, _ := configuration[section].(map[string]any)
	for name, raw := range components {
		var id component.ID
		if id.UnmarshalText([]byte(name)) != nil {
			continue // the collector says what is wrong with it
		}
		if f, ok := factories[id.Type()]; ok {
			c.value(reflect.TypeOf(f.CreateDefaultConfig()), raw, []string{section, name})
		}
	}
}

type checker struct{ problems []string }

var durationType = reflect.TypeFor[time.Duration]()

// maxDepth ends types that hold themselves.
const maxDepth = 32

// value walks a type of configuration and what is configured of it side by side.
func (c *checker) value(t reflect.Type, raw any, path []string) {
	if t == nil || raw == nil || len(path) > maxDepth {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == durationType {
		c.duration(raw, path)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		c.fields(t, raw, path)
	case reflect.Map:
		values, _ := raw.(map[string]any)
		for key, value := range values {
			c.value(t.Elem(), value, at(path, key))
		}
	case reflect.Slice:
		values, _ := raw.([]any)
		for i, value := range values {
			c.value(t.Elem(), value, at(path, strconv.Itoa(i)))
		}
	}
}

func at(path []string, key string) []string { return append(slices.Clone(path), key) }

func (c *checker) fields(t reflect.Type, raw any, path []string) {
	// configoptional.Optional[T], and what embeds it, holds its value in a field of its own; Get returns a *T.
	if get, ok := reflect.PointerTo(t).MethodByName("Get"); ok && optional(t) && get.Type.NumOut() == 1 {
		c.value(get.Type.Out(0), raw, path)
		return
	}
	values, ok := raw.(map[string]any)
	if !ok {
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case name == "-" || !field.IsExported():
		case strings.Contains(options, "squash"), field.Anonymous && name == "":
			c.value(field.Type, raw, path)
		default:
			if name == "" {
				name = field.Name
			}
			for key, value := range values {
				if strings.EqualFold(key, name) { // as mapstructure does
					c.value(field.Type, value, at(path, key))
				}
			}
		}
	}
}

func optional(t reflect.Type) bool {
	_, yes := reflect.PointerTo(t).MethodByName("HasValue")
	return yes
}

func (c *checker) duration(raw any, path []string) {
	key := strings.Join(path, "::")
	switch v := reflect.ValueOf(raw); v.Kind() {
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Float64:
		if !v.IsZero() { // zero needs no unit
			c.problems = append(c.problems, fmt.Sprintf("%s: %v has no unit, and would mean nanoseconds: write %vs for seconds, or another unit such as 500ms, 5m or 1h", key, raw, raw))
		}
	case reflect.String:
		d, err := time.ParseDuration(v.String())
		if _, number := strconv.ParseFloat(strings.TrimSpace(v.String()), 64); err != nil && number == nil {
			c.problems = append(c.problems, fmt.Sprintf("%s: %q has no unit: write %ss for seconds, or another unit such as 500ms, 5m or 1h", key, v, strings.TrimSpace(v.String())))
			return
		}
		if err == nil && path[len(path)-1] == collectionInterval && d > 0 && d < MinCollectionInterval {
			c.problems = append(c.problems, fmt.Sprintf("%s: %s is shorter than the %s that a scraper may have: CloudWatch keeps one data point for each second at most, use 1s or more", key, v, MinCollectionInterval))
		}
	}
}
