// Package values finds values in a configuration that nobody can have meant: durations without a unit, which the collector
// reads as nanoseconds (60 of an interval that somebody takes for seconds means 17 million scrapes a second), intervals of
// collection so short that they would keep a host busy with measuring itself, ports that no host has, and addresses without
// a port. And it says of text that stands where a number, a boolean, a duration or a map is wanted which key it is, what it
// says and what to write, where the collector names types of Go.
//
// It knows the components' own types, so that it holds for all of them, upstream's included, and for nothing that only looks
// like a duration or an address.
package values

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

// Error names every value that is wrong.
type Error struct{ Problems []string }

func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }

// Check looks at a resolved configuration, as confmap.Conf.ToStringMap gives it. The error is an *Error.
func Check(configuration map[string]any, factories otelcol.Factories) error {
	return errorOf(walk(configuration, factories).problems)
}

// CheckDurations is Check for what does harm when it runs: a duration in nanoseconds keeps a host busy, while a listener that
// cannot be opened is left out.
func CheckDurations(configuration map[string]any, factories otelcol.Factories) error {
	return errorOf(walk(configuration, factories).durations)
}

// Explain is Check for a configuration that the collector cannot decode: it names what has another type than a key that
// the collector's error names. The error is an *Error, or nil where every value fits its key.
func Explain(configuration map[string]any, factories otelcol.Factories, decoding error) error {
	c := walk(configuration, factories)
	problems := c.problems
	for _, m := range c.misfits {
		if m.isIn(decoding.Error()) {
			problems = append(problems, m.message)
		}
	}
	return errorOf(problems)
}

func errorOf(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return &Error{slices.Compact(problems)}
}

func walk(configuration map[string]any, factories otelcol.Factories) *checker {
	c := &checker{}
	checkSection(c, configuration, "receivers", factories.Receivers)
	checkSection(c, configuration, "processors", factories.Processors)
	checkSection(c, configuration, "exporters", factories.Exporters)
	checkSection(c, configuration, "connectors", factories.Connectors)
	checkSection(c, configuration, "extensions", factories.Extensions)
	if service, ok := configuration["service"].(map[string]any); ok && factories.Telemetry != nil {
		c.value(reflect.TypeOf(factories.Telemetry.CreateDefaultConfig()), service["telemetry"], []string{"service", "telemetry"})
	}
	return c
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

type checker struct {
	problems []string // whatever the collector says
	// durations are those of the problems that are about one.
	durations []string
	misfits   []misfit // where the collector says so, too: a type may have a way of its own to be decoded
}

type misfit struct {
	path    []string
	message string
}

// isIn reports whether an error of the collector is about this key. It has the component in double quotes, or the telemetry,
// and ends the path below it with a quote: "cloudwatch_logs": ” 'queue.batch[0].size' (v0.156.0).
func (m misfit) isIn(err string) bool {
	owner := `"` + m.path[1] + `"`
	if m.path[0] == "service" {
		owner = "service.telemetry"
	}
	var below string
	for _, name := range m.path[2:] {
		if _, number := strconv.Atoi(name); number == nil {
			below += "[" + name + "]"
		} else {
			below += "." + name
		}
	}
	last := below[strings.LastIndex(below, ".")+1:]
	return strings.Contains(err, owner) && last != "" && (strings.Contains(err, "'"+last+"'") || strings.Contains(err, "."+last+"'"))
}

func (c *checker) wrong(path []string, format string, args ...any) {
	c.problems = append(c.problems, key(path)+": "+fmt.Sprintf(format, args...))
}

func (c *checker) wrongDuration(path []string, format string, args ...any) {
	c.wrong(path, format, args...)
	c.durations = append(c.durations, c.problems[len(c.problems)-1])
}

func (c *checker) misfit(path []string, format string, args ...any) {
	c.misfits = append(c.misfits, misfit{path, key(path) + ": " + fmt.Sprintf(format, args...)})
}

func key(path []string) string { return strings.Join(path, "::") }

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
	if isText(t) {
		c.text(t, raw, path)
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
	default:
		c.scalar(t, raw, path)
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
		c.misfit(path, "%q is not a map: write its keys below it, such as %s", fmt.Sprint(raw), someKeys(t))
		return
	}
	if isAddress(t) {
		c.address(values, path)
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
	switch v := reflect.ValueOf(raw); v.Kind() {
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Float64:
		if !v.IsZero() { // zero needs no unit
			c.wrongDuration(path, "%v has no unit, and would mean nanoseconds: write %vs for seconds, or another unit such as 500ms, 5m or 1h", raw, raw)
		}
	case reflect.String:
		d, err := time.ParseDuration(v.String())
		plain := strings.Trim(v.String(), " \"'") // a variable keeps its quotes
		if _, number := strconv.ParseFloat(plain, 64); err != nil && number == nil {
			c.wrongDuration(path, "%q has no unit: write %ss for seconds, or another unit such as 500ms, 5m or 1h", plain, plain)
			return
		}
		if err != nil {
			c.misfit(path, "%q is not a duration: write a number and a unit, such as 500ms, 30s, 5m or 1h", v.String())
		}
		if err == nil && path[len(path)-1] == collectionInterval && d > 0 && d < MinCollectionInterval {
			c.wrongDuration(path, "%s is shorter than the %s that a scraper may have: CloudWatch keeps one data point for each second at most, use 1s or more", v, MinCollectionInterval)
		}
	default:
		c.misfit(path, "%v is not a duration: write a number and a unit, such as 500ms, 30s, 5m or 1h", raw)
	}
}
