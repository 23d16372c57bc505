package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of PutMetricData, from its service model.
const (
	// MaxRequestBytes is the size of a request, uncompressed.
	MaxRequestBytes = 1 << 20
	// MaxData is the number of metrics in a request.
	MaxData = 1000
	// MaxValues is the number of values of a metric.
	MaxValues = 150
	// MaxDimensions is the number of dimensions of a metric.
	MaxDimensions = 30

	maxNamespace      = 255
	maxMetricName     = 255
	maxDimensionName  = 255
	maxDimensionValue = 1024
	maxValue          = 0x1p360

	// maxPast and maxFuture bound a timestamp.
	maxPast   = 14 * 24 * time.Hour
	maxFuture = 2 * time.Hour

	// reservedNamespace is the prefix of AWS's own metrics.
	reservedNamespace = "AWS/"
)

// Limits of an entity, from the service model.
const (
	maxEntities        = 2
	minKeyAttributes   = 2
	maxKeyAttributes   = 4
	maxAttributes      = 10
	entityKeysAllowed  = "Type, ResourceType, Identifier, Name, Environment"
	invalidEntityError = "The parameter EntityMetricData.member.%d.Entity is invalid: %s."
)

type putInput struct {
	Namespace              string       `json:"Namespace"`
	MetricData             []datum      `json:"MetricData"`
	EntityMetricData       []entityData `json:"EntityMetricData"`
	StrictEntityValidation *bool        `json:"StrictEntityValidation"`
}

type entityData struct {
	Entity     *entity `json:"Entity"`
	MetricData []datum `json:"MetricData"`
}

type entity struct {
	KeyAttributes map[string]string `json:"KeyAttributes"`
	Attributes    map[string]string `json:"Attributes"`
}

type datum struct {
	MetricName        string        `json:"MetricName"`
	Dimensions        []dimension   `json:"Dimensions"`
	Timestamp         *wire.Time    `json:"Timestamp"`
	Value             *double       `json:"Value"`
	StatisticValues   *statisticSet `json:"StatisticValues"`
	Values            doubles       `json:"Values"`
	Counts            doubles       `json:"Counts"`
	Unit              string        `json:"Unit"`
	StorageResolution *int32        `json:"StorageResolution"`
}

type dimension struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

type statisticSet struct {
	SampleCount *double `json:"SampleCount"`
	Sum         *double `json:"Sum"`
	Minimum     *double `json:"Minimum"`
	Maximum     *double `json:"Maximum"`
}

// double is a number whose special values are strings in JSON, as the AWS protocols have it.
type double float64

// UnmarshalJSON implements json.Unmarshaler.
func (d *double) UnmarshalJSON(b []byte) error {
	switch s := strings.Trim(string(b), `"`); s {
	case "null":
		return nil
	case "NaN", "Infinity", "-Infinity":
		f, err := strconv.ParseFloat(s, 64)
		*d = double(f)
		return err
	}
	return json.Unmarshal(b, (*float64)(d))
}

type doubles []float64

// UnmarshalJSON implements json.Unmarshaler.
func (d *doubles) UnmarshalJSON(b []byte) error {
	var list []double
	if err := json.Unmarshal(b, &list); err != nil || list == nil {
		return err
	}
	*d = make(doubles, len(list))
	for i, f := range list {
		(*d)[i] = float64(f)
	}
	return nil
}

// point is a valid datum.
type point struct {
	name       string
	dimensions []emf.Dimension
	sample     sample
}

func (s *Service) putMetricData(c *wire.Call) (any, error) {
	if len(c.Body) > MaxRequestBytes {
		e := wire.Errorf("RequestEntityTooLarge", "Request size %d exceeded %d bytes", len(c.Body), MaxRequestBytes)
		e.Status = http.StatusRequestEntityTooLarge
		return nil, e
	}
	var in putInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var p problems
	checkNamespace(&p, in.Namespace)
	if strings.HasPrefix(in.Namespace, reservedNamespace) {
		p.add(invalidValue, "The value %s for parameter Namespace is invalid.", reservedNamespace)
	}
	total := len(in.MetricData)
	for i := range in.EntityMetricData {
		total += len(in.EntityMetricData[i].MetricData)
	}
	switch {
	case total == 0:
		p.required("MetricData")
	case total > MaxData:
		p.add(invalidValue, "The collection MetricData must not have a size greater than %d.", MaxData)
		return nil, p.err()
	}
	points := make([]point, 0, total)
	for i := range in.MetricData {
		points = append(points, checkDatum(&p, c.Now, fmt.Sprintf("MetricData.member.%d", i+1), &in.MetricData[i]))
	}
	for e := range in.EntityMetricData {
		data := &in.EntityMetricData[e]
		for i := range data.MetricData {
			at := fmt.Sprintf("EntityMetricData.member.%d.MetricData.member.%d", e+1, i+1)
			points = append(points, checkDatum(&p, c.Now, at, &data.MetricData[i]))
		}
	}
	// Without strict validation, a bad entity only parts from its metrics, which have no use here.
	if in.StrictEntityValidation != nil && *in.StrictEntityValidation {
		checkEntities(&p, in.EntityMetricData)
	}
	if err := p.err(); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range points {
		s.store.add(c.Now, in.Namespace, points[i].name, points[i].dimensions, &points[i].sample)
	}
	s.totals.PointsFromPut += int64(len(points))
	return nil, nil
}

func checkNamespace(p *problems, namespace string) {
	checkText(p, "Namespace", namespace, maxNamespace)
}

// checkText checks a name or the value of a dimension: 1 to most ASCII characters, no control
// characters, not only space; names do not start with a colon.
func checkText(p *problems, name, text string, most int) {
	switch {
	case text == "":
		p.required(name)
	case len(text) > most:
		p.add(invalidValue, "The parameter %s must be shorter than %d characters.", name, most+1)
	case !printable(text):
		p.add(invalidValue, "The parameter %s must contain only ASCII characters, without control characters.", name)
	case strings.TrimSpace(text) == "":
		p.add(invalidValue, "The parameter %s must contain at least one non-whitespace character.", name)
	case text[0] == ':' && !strings.HasSuffix(name, ".Value") && !strings.HasSuffix(name, "MetricName"):
		p.add(invalidValue, "The parameter %s must not start with a colon.", name)
	}
}

// isPlain is a quick check that most texts pass; the names of parameters are made for the others
// only, as a request may have 60,000 of them.
func isPlain(text string, most int) bool {
	return text != "" && len(text) <= most && text[0] > ' ' && text[0] != ':' && printable(text)
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func checkDatum(p *problems, now time.Time, at string, d *datum) point {
	out := point{name: d.MetricName, sample: sample{at: floorSeconds(now), unit: noUnit}}
	if !isPlain(d.MetricName, maxMetricName) {
		checkText(p, at+".MetricName", d.MetricName, maxMetricName)
	}
	out.dimensions = checkDimensions(p, at, d.Dimensions)
	if d.Timestamp != nil {
		out.sample.at = floorSeconds(d.Timestamp.Time)
		if reason := checkTime(now, d.Timestamp.Time); reason != "" {
			p.add(invalidValue, "The parameter %s.Timestamp must specify a time %s.", at, reason)
		}
	}
	if d.Unit != "" {
		checkUnit(p, at+".Unit", d.Unit)
		out.sample.unit = unitIndex(d.Unit)
	}
	if r := d.StorageResolution; r != nil {
		if *r != 1 && *r != 60 {
			p.add(invalidValue, "The value %d for parameter %s.StorageResolution is invalid.", *r, at)
		}
		out.sample.highResolution = *r == 1
	}
	checkValues(p, at, d, &out.sample)
	return out
}

// checkTime says, for a time out of bounds, what it should be.
func checkTime(now, t time.Time) string {
	switch {
	case t.Before(now.Add(-maxPast)):
		return "within the past two weeks"
	case t.After(now.Add(maxFuture)):
		return "no more than two hours in the future"
	}
	return ""
}

func checkUnit(p *problems, name, unit string) {
	if !emf.ValidUnit(unit) {
		p.add(invalidValue, "The parameter %s must be a value in the set [ %s ].", name, strings.Join(emf.Units[:], ", "))
	}
}

// checkDimensions returns the dimensions sorted by name.
func checkDimensions(p *problems, at string, dimensions []dimension) []emf.Dimension {
	if len(dimensions) > MaxDimensions {
		p.add(invalidValue, "The collection %s must not have a size greater than %d.", join(at, "Dimensions"), MaxDimensions)
		return nil
	}
	sorted := make([]emf.Dimension, len(dimensions))
	for i, d := range dimensions {
		sorted[i] = emf.Dimension(d)
		if isPlain(d.Name, maxDimensionName) && isPlain(d.Value, maxDimensionValue) {
			continue
		}
		name := join(at, "Dimensions.member."+strconv.Itoa(i+1))
		checkText(p, name+".Name", d.Name, maxDimensionName)
		checkText(p, name+".Value", d.Value, maxDimensionValue)
	}
	slices.SortFunc(sorted, func(a, b emf.Dimension) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Name == sorted[i-1].Name {
			p.add(invalidValue, "The parameter %s must not contain duplicate dimension names: %s.", join(at, "Dimensions"), sorted[i].Name)
		}
	}
	return sorted
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// checkValues reads the one of Value, Values and StatisticValues that a datum has. Values together
// with StatisticValues is allowed: the CloudWatch agent sends both for its histograms.
func checkValues(p *problems, at string, d *datum, s *sample) {
	exclusive := func(other string) {
		p.add(invalidCombination, "The parameters %s.Value and %s.%s are mutually exclusive and you have specified both.", at, at, other)
	}
	switch {
	case d.Value != nil && d.StatisticValues != nil:
		exclusive("StatisticValues")
	case d.Value != nil && len(d.Values) > 0:
		exclusive("Values")
	case d.Value == nil && d.StatisticValues == nil && len(d.Values) == 0:
		if len(d.Counts) > 0 {
			p.required(at + ".Values")
			return
		}
		p.add(missingParameter, "At least one of the parameters %s.Value, %s.Values and %s.StatisticValues must be specified.", at, at, at)
	case len(d.Counts) > 0 && len(d.Counts) != len(d.Values):
		p.add(invalidValue, "The parameters %s.Values and %s.Counts must be of the same size.", at, at)
	case len(d.Values) > MaxValues:
		p.add(invalidValue, "The collection %s.Values must not have a size greater than %d.", at, MaxValues)
	case d.Value != nil:
		v := checkNumber(p, at+".Value", d.Value)
		s.count, s.sum, s.min, s.max = 1, v, v, v
	default:
		for i, v := range d.Values {
			if !storable(v) {
				checkNumber(p, at+".Values.member."+strconv.Itoa(i+1), (*double)(&v))
			}
		}
		for i, n := range d.Counts {
			if storable(n) && n > 0 {
				continue
			}
			name := at + ".Counts.member." + strconv.Itoa(i+1)
			if checkNumber(p, name, (*double)(&n)); n <= 0 {
				p.add(invalidValue, "The value %v for parameter %s is invalid.", n, name)
			}
		}
		if len(d.Values) > 0 {
			counts := d.Counts
			if len(counts) == 0 {
				counts = nil
			}
			s.setValues(d.Values, counts)
		}
		if d.StatisticValues != nil {
			checkStatistics(p, at+".StatisticValues", d.StatisticValues, s)
		}
	}
}

func checkNumber(p *problems, name string, d *double) float64 {
	if d == nil {
		p.required(name)
		return 0
	}
	v := float64(*d)
	if !storable(v) {
		p.add(invalidValue, "The value %s for parameter %s is invalid.", showNumber(v), name)
	}
	return v
}

// storable is false for NaN, too.
func storable(v float64) bool { return math.Abs(v) <= maxValue }

func showNumber(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func checkStatistics(p *problems, at string, v *statisticSet, s *sample) {
	s.count = checkNumber(p, at+".SampleCount", v.SampleCount)
	s.sum = checkNumber(p, at+".Sum", v.Sum)
	s.min = checkNumber(p, at+".Minimum", v.Minimum)
	s.max = checkNumber(p, at+".Maximum", v.Maximum)
	if v.SampleCount != nil && s.count <= 0 {
		p.add(invalidValue, "The parameter %s.SampleCount must be greater than 0.", at)
	}
	if s.min > s.max {
		p.add(invalidValue, "The parameter %s.Maximum must be greater than %s.Minimum.", at, at)
	}
}

func checkEntities(p *problems, data []entityData) {
	if len(data) > maxEntities {
		p.add(invalidValue, "The collection EntityMetricData must not have a size greater than %d.", maxEntities)
	}
	for i := range data {
		e := data[i].Entity
		if e == nil {
			continue
		}
		if n := len(e.KeyAttributes); n < minKeyAttributes || n > maxKeyAttributes {
			p.add(invalidValue, invalidEntityError, i+1, fmt.Sprintf("KeyAttributes must have %d to %d members", minKeyAttributes, maxKeyAttributes))
		}
		for k := range e.KeyAttributes {
			switch k {
			case "Type", "ResourceType", "Identifier", "Name", "Environment":
			default:
				p.add(invalidValue, invalidEntityError, i+1, "KeyAttributes may have "+entityKeysAllowed)
			}
		}
		if len(e.Attributes) > maxAttributes {
			p.add(invalidValue, invalidEntityError, i+1, fmt.Sprintf("Attributes must have at most %d members", maxAttributes))
		}
	}
}
