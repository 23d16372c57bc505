package emf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Document is one log event in the Embedded Metric Format. Its strings may share memory with the
// message: clone what is kept.
type Document struct {
	// Timestamp is the time of all its metrics.
	Timestamp time.Time
	// LogGroup and LogStream are where the CloudWatch agent is to write the event; both are
	// usually empty.
	LogGroup, LogStream string
	// Metrics are the data points: one for each metric and each dimension set of its directive.
	Metrics []Metric
	// Invalid are the metrics that were left out.
	Invalid []Invalid
}

// Metric is the value of one metric with one set of dimensions.
type Metric struct {
	Namespace string
	Name      string
	// Unit is one of Units.
	Unit string
	// Dimensions are sorted by name. They are shared by the metrics of a directive.
	Dimensions []Dimension
	// StorageResolution is 1 or 60, in seconds.
	StorageResolution int
	Value
}

// Dimension is a name and a value that tell one metric from others of the same name.
type Dimension struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Invalid is a metric, or a dimension set of all metrics of a directive, that was left out.
type Invalid struct {
	Namespace string
	Metric    string // empty for a dimension set
	Reason    string // names the key and quotes its value
}

// ErrNotEMF is returned for messages that do not claim to be in the format: nothing is wrong with
// them.
var ErrNotEMF = errors.New("not in the embedded metric format")

// Parse reads a log event. Its error is ErrNotEMF, or tells why the whole document is invalid.
func Parse(message string) (Document, error) {
	// Nearly all log events leave here.
	s := scanner{text: message}
	if s.next() != '{' || !strings.Contains(message, `_aws"`) && !strings.Contains(message, `CloudWatchMetrics"`) {
		return Document{}, ErrNotEMF
	}
	root := make(object, 0, 32)
	if err := s.object(root.add); err != nil {
		return Document{}, err
	}
	if s.next() != 0 || s.at != len(s.text) {
		return Document{}, s.fail("nothing may follow the object")
	}

	p := parser{root: root}
	aws, ok := root.get("_aws")
	if !ok {
		return p.version0()
	}
	var meta object
	if ok, err := eachMember(aws, meta.add); err != nil {
		return Document{}, err
	} else if !ok {
		return Document{}, fmt.Errorf("_aws is %s, want an object", show(aws))
	}
	directives, ok := meta.get("CloudWatchMetrics")
	if !ok {
		return Document{}, errors.New("_aws.CloudWatchMetrics is missing")
	}
	p.path = "_aws."
	p.doc.LogGroup = meta.text("LogGroupName")
	p.doc.LogStream = meta.text("LogStreamName")
	if err := p.timestamp(meta, false); err != nil {
		return Document{}, err
	}
	if err := p.directives(directives); err != nil {
		return Document{}, err
	}
	return p.doc, nil
}

// version0 reads the form that came before _aws, which the awsemf exporter and the CloudWatch agent
// still write: the directives and the time are members of the root, the time as text.
func (p *parser) version0() (Document, error) {
	directives, ok := p.root.get("CloudWatchMetrics")
	if !ok || p.root.text("Version") != "0" {
		return Document{}, ErrNotEMF
	}
	p.doc.LogGroup = p.root.text("log_group_name")
	p.doc.LogStream = p.root.text("log_stream_name")
	if err := p.timestamp(p.root, true); err != nil {
		return Document{}, err
	}
	if err := p.directives(directives); err != nil {
		return Document{}, err
	}
	return p.doc, nil
}

// object is the members of a JSON object, with their keys unquoted.
type object []member

type member struct{ key, value string }

func (o *object) add(key, value string) error {
	k, _ := text(key)
	*o = append(*o, member{k, value})
	return nil
}

// get returns the last member of that name, like other JSON readers do.
func (o object) get(key string) (string, bool) {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].key == key {
			return o[i].value, true
		}
	}
	return "", false
}

func (o object) text(key string) string {
	v, _ := o.get(key)
	s, _ := text(v)
	return s
}

type parser struct {
	root  object
	index map[string]string // of root, when it is long
	path  string            // before CloudWatchMetrics, for errors
	doc   Document
}

// longRoot is where a map becomes faster than comparing keys one after the other.
const longRoot = 16

// target finds the member of the root that a metric or a dimension names.
func (p *parser) target(key string) (string, bool) {
	if len(p.root) <= longRoot {
		return p.root.get(key)
	}
	if p.index == nil {
		p.index = make(map[string]string, len(p.root))
		for _, m := range p.root {
			p.index[m.key] = m.value
		}
	}
	v, ok := p.index[key]
	return v, ok
}

func (p *parser) timestamp(o object, quoted bool) error {
	value, ok := o.get("Timestamp")
	if !ok {
		return fmt.Errorf("%sTimestamp is missing", p.path)
	}
	digits := value
	if quoted {
		if s, ok := text(value); ok {
			digits = s
		}
	}
	// The schema says integer, which 1.0 and 1e3 are, too.
	ms, ok := number(digits)
	if !ok || ms < 0 || ms > maxTimestamp || ms != math.Trunc(ms) {
		return fmt.Errorf("%sTimestamp is %s, want a whole number of milliseconds since 1970", p.path, show(value))
	}
	p.doc.Timestamp = time.UnixMilli(int64(ms)).UTC()
	return nil
}

func (p *parser) directives(value string) error {
	i := 0
	ok, err := eachElement(value, func(v string) error {
		at := p.path + "CloudWatchMetrics[" + strconv.Itoa(i) + "]"
		i++
		return p.directive(at, v)
	})
	if err == nil && !ok {
		err = fmt.Errorf("%sCloudWatchMetrics is %s, want an array", p.path, show(value))
	}
	return err
}

func (p *parser) directive(at, value string) error {
	var d object
	if ok, err := eachMember(value, d.add); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("%s is %s, want an object", at, show(value))
	}
	namespace, err := d.name(at, "Namespace", MaxNamespaceLength)
	if err != nil {
		return err
	}
	definitions, err := p.definitions(at, d)
	if err != nil {
		return err
	}
	sets, err := p.dimensionSets(at, namespace, d)
	if err != nil {
		return err
	}
	p.doc.Metrics = slices.Grow(p.doc.Metrics, len(sets)*len(definitions))
	for _, def := range definitions {
		m, err := p.metric(namespace, def)
		if err != nil {
			p.doc.Invalid = append(p.doc.Invalid, Invalid{namespace, def.name, err.Error()})
			continue
		}
		for _, set := range sets {
			m.Dimensions = set
			p.doc.Metrics = append(p.doc.Metrics, m)
		}
	}
	return nil
}

// name is a member that must be text of 1 to most characters.
func (o object) name(at, key string, most int) (string, error) {
	value, ok := o.get(key)
	if !ok {
		return "", fmt.Errorf("%s.%s is missing", at, key)
	}
	return checkName(at+"."+key, value, most)
}

func checkName(at, value string, most int) (string, error) {
	s, ok := text(value)
	if !ok {
		return "", fmt.Errorf("%s is %s, want a string", at, show(value))
	}
	if s == "" {
		return "", fmt.Errorf("%s is empty", at)
	}
	if n := utf8.RuneCountInString(s); n > most {
		return "", fmt.Errorf("%s has %d characters, at most %d are allowed: %q", at, n, most, show(s))
	}
	return s, nil
}

// dimensionSets resolves the Dimensions of a directive.
func (p *parser) dimensionSets(at, namespace string, d object) ([][]Dimension, error) {
	at += ".Dimensions"
	value, ok := d.get("Dimensions")
	if !ok {
		return nil, fmt.Errorf("%s is missing", at)
	}
	var sets [][]Dimension
	n := 0
	ok, err := eachElement(value, func(v string) error {
		set, err := p.dimensionSet(at+"["+strconv.Itoa(n)+"]", v)
		n++
		var missing *unresolved
		if errors.As(err, &missing) {
			p.doc.Invalid = append(p.doc.Invalid, Invalid{Namespace: namespace, Reason: missing.reason})
			return nil
		}
		if err != nil {
			return err
		}
		// The same set twice is still one metric, and its value one data point.
		if !slices.ContainsFunc(sets, func(s []Dimension) bool { return slices.Equal(s, set) }) {
			sets = append(sets, set)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("%s is %s, want an array of arrays", at, show(value))
	case n == 0:
		return nil, fmt.Errorf("%s is empty, want at least one dimension set (it may be [])", at)
	}
	return sets, nil
}

// unresolved is a dimension set whose values are not there or not right.
type unresolved struct{ reason string }

func (u *unresolved) Error() string { return u.reason }

func (p *parser) dimensionSet(at, value string) ([]Dimension, error) {
	set := []Dimension{}
	var bad *unresolved
	n := 0
	ok, err := eachElement(value, func(v string) error {
		name, err := checkName(at+"["+strconv.Itoa(n)+"]", v, MaxDimensionNameLength)
		n++
		if err != nil {
			return err
		}
		if n > MaxDimensions {
			return fmt.Errorf("%s has more than %d dimensions", at, MaxDimensions)
		}
		content, reason := p.dimension(name)
		if reason != "" {
			bad = &unresolved{fmt.Sprintf("%s: dimension %q %s", at, name, reason)}
			return nil
		}
		i, found := slices.BinarySearchFunc(set, name, func(d Dimension, name string) int { return strings.Compare(d.Name, name) })
		if !found {
			set = slices.Insert(set, i, Dimension{name, content})
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("%s is %s, want an array of strings", at, show(value))
	case bad != nil:
		return nil, bad
	}
	return set, nil
}

// dimension is the value of a dimension, or the reason why it has none.
func (p *parser) dimension(name string) (content, reason string) {
	value, ok := p.target(name)
	if !ok {
		return "", "is not a member of the root"
	}
	content, ok = text(value)
	if !ok {
		return "", "is " + show(value) + ", want a string"
	}
	if content == "" {
		return "", "is empty"
	}
	if n := utf8.RuneCountInString(content); n > MaxDimensionValueLength {
		return "", fmt.Sprintf("has %d characters, at most %d are allowed: %q", n, MaxDimensionValueLength, show(content))
	}
	return content, ""
}
