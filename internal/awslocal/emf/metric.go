package emf

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Value is what a metric measured: values, or the statistics of values, or both.
type Value struct {
	// Values are the values, and Counts how often each was seen; no Counts means once each.
	// Metrics that differ in their dimensions alone share them.
	Values, Counts []float64
	// Statistics is set where the document gives the statistics itself. With Values, the
	// statistics are exact and the values are the middles of histogram buckets.
	Statistics *Statistics
}

// Statistics is a statistic set.
type Statistics struct {
	Max, Min, Sum, Count float64
}

// definition is an entry of a directive's Metrics.
type definition struct {
	name       string
	unit       string // as given, empty when absent
	resolution string // as given, empty when absent
}

// definitions reads the Metrics of a directive.
func (p *parser) definitions(at string, d object) ([]definition, error) {
	at += ".Metrics"
	value, ok := d.get("Metrics")
	if !ok {
		return nil, fmt.Errorf("%s is missing", at)
	}
	var defs []definition
	ok, err := eachElement(value, func(v string) error {
		if len(defs) == MaxMetrics {
			return fmt.Errorf("%s has more than %d metrics", at, MaxMetrics)
		}
		at := at + "[" + strconv.Itoa(len(defs)) + "]"
		var o object
		if ok, err := eachMember(v, o.add); err != nil {
			return err
		} else if !ok {
			return fmt.Errorf("%s is %s, want an object", at, show(v))
		}
		name, err := o.name(at, "Name", MaxNameLength)
		if err != nil {
			return err
		}
		def := definition{name: name}
		def.unit, _ = o.get("Unit")
		def.resolution, _ = o.get("StorageResolution")
		defs = append(defs, def)
		return nil
	})
	if err == nil && !ok {
		err = fmt.Errorf("%s is %s, want an array", at, show(value))
	}
	return defs, err
}

// metric resolves a definition; its error is the reason to leave the metric out.
func (p *parser) metric(namespace string, def definition) (Metric, error) {
	m := Metric{Namespace: namespace, Name: def.name, Unit: NoUnit, StorageResolution: 60}
	if def.unit != "" {
		unit, ok := text(def.unit)
		// The awsemf exporter leaves a unit out when it is empty; others write "".
		if !ok || unit != "" && !ValidUnit(unit) {
			return m, fmt.Errorf("unit is %s, which is not a CloudWatch unit", show(def.unit))
		}
		if unit != "" {
			m.Unit = unit
		}
	}
	switch def.resolution {
	case "", "60":
	case "1":
		m.StorageResolution = 1
	default:
		return m, fmt.Errorf("StorageResolution is %s, want 1 or 60", show(def.resolution))
	}
	value, ok := p.target(def.name)
	if !ok {
		return m, fmt.Errorf("%q is not a member of the root", show(def.name))
	}
	var err error
	if m.Value, err = readValue(value); err != nil {
		return m, fmt.Errorf("%q %w", show(def.name), err)
	}
	return m, nil
}

func readValue(value string) (Value, error) {
	switch value[0] {
	case '{':
		return readDistribution(value)
	case '[':
		values, err := readNumbers(value)
		if err == nil && len(values) == 0 {
			err = errors.New("is an empty array")
		}
		return Value{Values: values}, err
	default:
		f, err := readNumber(value)
		return Value{Values: []float64{f}}, err
	}
}

func readNumber(value string) (float64, error) {
	f, ok := number(value)
	if !ok {
		return 0, fmt.Errorf("is %s, want a number or an array of numbers", show(value))
	}
	if math.Abs(f) > maxValue {
		return 0, fmt.Errorf("is %s, beyond ±2^360", show(value))
	}
	return f, nil
}

func readNumbers(value string) ([]float64, error) {
	var values []float64
	_, err := eachElement(value, func(v string) error {
		if len(values) == MaxValues {
			return fmt.Errorf("has more than %d values", MaxValues)
		}
		f, err := readNumber(v)
		if err != nil {
			return fmt.Errorf("has an element that %w", err)
		}
		values = append(values, f)
		return nil
	})
	return values, err
}

// readDistribution reads what the awsemf exporter writes for histograms and summaries: a statistic
// set {Max, Min, Count, Sum}, for exponential histograms with {Values, Counts}. The specification
// does not mention it, CloudWatch takes it.
func readDistribution(value string) (Value, error) {
	var o object
	if _, err := eachMember(value, o.add); err != nil {
		return Value{}, err
	}
	var v Value
	for _, list := range []struct {
		key  string
		into *[]float64
	}{{"Values", &v.Values}, {"Counts", &v.Counts}} {
		text, ok := o.get(list.key)
		if !ok || text == "null" { // Go's nil slice
			continue
		}
		if text[0] != '[' {
			return v, fmt.Errorf("has %s %s, want an array of numbers", list.key, show(text))
		}
		var err error
		if *list.into, err = readNumbers(text); err != nil {
			return v, fmt.Errorf("has %s that is invalid: it %w", list.key, err)
		}
	}
	if len(v.Counts) > 0 && len(v.Counts) != len(v.Values) {
		return v, fmt.Errorf("has %d Values but %d Counts", len(v.Values), len(v.Counts))
	}
	for _, c := range v.Counts {
		if c <= 0 {
			return v, fmt.Errorf("has Counts with %v, want numbers above 0", c)
		}
	}
	stats, err := readStatistics(o)
	if err != nil {
		return v, err
	}
	v.Statistics = stats
	if stats == nil && len(v.Values) == 0 {
		return v, fmt.Errorf("is %s, want a number, an array of numbers, {Max, Min, Count, Sum} or {Values, Counts}", show(value))
	}
	return v, nil
}

func readStatistics(o object) (*Statistics, error) {
	var s Statistics
	var missing string
	found := 0
	for _, m := range []struct {
		key  string
		into *float64
	}{{"Max", &s.Max}, {"Min", &s.Min}, {"Count", &s.Count}, {"Sum", &s.Sum}} {
		text, ok := o.get(m.key)
		if !ok {
			missing = m.key
			continue
		}
		found++
		f, err := readNumber(text)
		if err != nil {
			return nil, fmt.Errorf("has %s that %w", m.key, err)
		}
		*m.into = f
	}
	switch {
	case found == 0:
		return nil, nil
	case missing != "":
		return nil, fmt.Errorf("has no %s beside its other statistics", missing)
	case s.Count <= 0:
		return nil, fmt.Errorf("has Count %v, want a number above 0", s.Count)
	case s.Min > s.Max:
		return nil, fmt.Errorf("has Min %v above Max %v", s.Min, s.Max)
	}
	return &s, nil
}
