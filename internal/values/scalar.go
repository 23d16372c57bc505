package values

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.uber.org/zap/zapcore"
)

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// isText reports whether a type reads itself from text.
func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// text lets a type read what is configured. Its own error names neither key nor choices.
func (c *checker) text(t reflect.Type, raw any, path []string) {
	text, ok := raw.(string)
	if !ok {
		return // it may have other ways to be decoded
	}
	if err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		choices := ""
		if t == reflect.TypeFor[zapcore.Level]() {
			choices = ": use debug, info, warn or error"
		}
		c.misfit(path, "invalid value %q: %v%s", text, err, choices)
	}
}

// leading is the number that a text begins with.
var leading = regexp.MustCompile(`^[+-]?[0-9]+`)

// scalar compares a number, a boolean or a text with its type.
func (c *checker) scalar(t reflect.Type, raw any, path []string) {
	v := reflect.ValueOf(raw)
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.integer(t, v, path)
	case reflect.Float32, reflect.Float64:
		if !v.CanInt() && !v.CanUint() && !v.CanFloat() {
			c.misfit(path, "%q is not a number: write digits, such as 0.5", fmt.Sprint(raw))
		}
	case reflect.Bool:
		if v.Kind() != reflect.Bool {
			c.misfit(path, "%q is not a boolean: write true or false", fmt.Sprint(raw))
		}
	case reflect.String:
		if k := v.Kind(); k == reflect.Map || k == reflect.Slice {
			c.misfit(path, "a %s stands where text is wanted: write one value, in quotes where it has [ or {", map[reflect.Kind]string{reflect.Map: "map", reflect.Slice: "list"}[k])
		}
	}
}

func (c *checker) integer(t reflect.Type, v reflect.Value, path []string) {
	switch {
	case v.CanInt():
		n := v.Int()
		if strings.EqualFold(path[len(path)-1], "port") && (n < 0 || n > maxPort) {
			c.wrong(path, "%d is not a port: use 1 to %d", n, maxPort)
			return
		}
		zero := reflect.New(t).Elem()
		if zero.CanUint() && n < 0 {
			c.misfit(path, "%d is below 0: write 0 or more", n)
		} else if zero.CanInt() && zero.OverflowInt(n) || zero.CanUint() && zero.OverflowUint(uint64(n)) {
			c.wrong(path, "%d is too large for this key: write a smaller number", n) // the collector would cut it off
		}
	case v.CanFloat() && v.Float() == float64(int64(v.Float())), v.CanUint():
	default:
		text := fmt.Sprint(v.Interface())
		such := "60"
		if found := leading.FindString(text); found != "" {
			such = found
		}
		c.misfit(path, "%q is not a whole number: write digits without a unit, such as %s", text, such)
	}
}

// someKeys are the first keys that a type has.
func someKeys(t reflect.Type) string {
	const most = 3
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("mapstructure"), ","); name != "" && name != "-" && field.IsExported() && len(names) < most {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
