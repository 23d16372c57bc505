package ssmprovider

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/confdata"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// answer is what a URI stood for. Without documents there was nothing, and the URI allows that.
type answer struct {
	uri      ssmstore.URI
	snapshot ssmstore.Snapshot
	source   *source
}

// part is a piece of text that a URI stands for.
type part struct {
	name string
	text string
	// null tells that it is JSON's null, or nothing; kind says what else JSON has told about it.
	null bool
	kind kind
}

type kind int

const (
	anything kind = iota // whatever YAML reads in it
	scalar               // one value, never a map or a list
)

// parts are the layers, or the one value.
func (a *answer) parts() ([]part, error) {
	if len(a.snapshot.Documents) == 0 {
		return []part{a.absent()}, nil
	}
	var all []part
	for _, d := range a.snapshot.Documents {
		one := part{name: d.Name(), text: string(d.Text)}
		if a.uri.Key != "" {
			var err error
			if one, err = a.atKey(one); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

func (a *answer) absent() part {
	name := ssmstore.Scheme + ":" + a.uri.Ref.String()
	if a.uri.HasDefault {
		return part{name: name + " (default)", text: a.uri.Default}
	}
	return part{name: name + " (absent)", null: true}
}

// atKey takes a key out of a JSON object.
func (a *answer) atKey(whole part) (part, error) {
	d := json.NewDecoder(strings.NewReader(whole.text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil || d.More() {
		return part{}, fmt.Errorf("%s: the key %q is asked for, and the parameter holds no JSON object", whole.name, a.uri.Key)
	}
	value, ok := lookUp(value, a.uri.Key)
	if !ok && (a.uri.HasDefault || a.uri.Optional) {
		return a.absent(), nil
	}
	one := part{name: whole.name + " #" + a.uri.Key, kind: scalar}
	switch v := value.(type) {
	case nil:
		if !ok {
			return part{}, fmt.Errorf("%s: its JSON object has no key %q: check the spelling, or give a default with :-", whole.name, a.uri.Key)
		}
		one.null = true
	case string:
		one.text = v
	case json.Number:
		one.text = v.String()
	case bool:
		one.text = strconv.FormatBool(v)
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return part{}, errors.New("a key's value cannot be written as JSON")
		}
		one.text, one.kind = string(text), anything
	}
	return one, nil
}

// lookUp follows a dotted path through objects and lists. A key that has dots itself wins.
func lookUp(value any, path string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		if found, ok := v[path]; ok {
			return found, true
		}
		for at := strings.LastIndexByte(path, '.'); at > 0; at = strings.LastIndexByte(path[:at], '.') {
			if below, ok := v[path[:at]]; ok {
				return lookUp(below, path[at+1:])
			}
		}
	case []any:
		first, rest, nested := strings.Cut(path, ".")
		n, err := strconv.ParseUint(first, 10, 31)
		if err != nil || int(n) >= len(v) {
			return nil, false
		}
		if !nested {
			return v[n], true
		}
		return lookUp(v[n], rest)
	}
	return nil, false
}

// digest tells one answer from another, without the version.
func (a *answer) digest() string {
	h := sha256.New()
	parts, err := a.parts()
	if err != nil {
		return err.Error()
	}
	for i, p := range parts {
		name := ""
		if len(a.snapshot.Documents) > 0 {
			name = a.snapshot.Documents[i].Ref.Name
		}
		fmt.Fprintf(h, "%q %q %t %d\n", name, p.text, p.null, p.kind)
	}
	return string(h.Sum(nil))
}

func (a *answer) layers() ([]layers.Layer, error) {
	parts, err := a.parts()
	if err != nil {
		return nil, err
	}
	var all []layers.Layer
	for _, p := range parts {
		all = append(all, layers.Layer{Name: p.name, Text: []byte(p.text)})
	}
	return all, nil
}

// retrieved is the value of a placeholder, or for a path its layers merged as confmap does.
func (a *answer) retrieved(options ...confmap.RetrievedOption) (*confmap.Retrieved, error) {
	parts, err := a.parts()
	if err != nil {
		return nil, err
	}
	if !a.uri.IsPath() {
		return parts[0].retrieved(options...)
	}
	merged := confmap.New()
	for _, p := range parts {
		r, err := confmap.NewRetrievedFromYAML([]byte(p.text))
		if err != nil {
			return nil, fmt.Errorf("%s is not a map of YAML", p.name)
		}
		conf, err := r.AsConf()
		if err != nil {
			return nil, fmt.Errorf("%s is not a map of YAML", p.name)
		}
		if err := merged.Merge(conf); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return confmap.NewRetrieved(merged.ToStringMap(), options...)
}

// retrieved is what a placeholder stands for. A piece of configuration is expanded, and all else is data.
func (p part) retrieved(options ...confmap.RetrievedOption) (*confmap.Retrieved, error) {
	if p.null {
		return confmap.NewRetrieved(nil, options...)
	}
	return confdata.Retrieved(p.text, p.kind == scalar, options...)
}
