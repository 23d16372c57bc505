package metrics

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Metric math: + - * / and parentheses over ids and numbers, lists [m1, m2], METRICS(), PERIOD(m1),
// SUM, AVG, MIN, MAX, and SEARCH. Metrics Insights queries and all other functions are refused, not
// guessed.

// value is what an expression evaluates to: a number, or time series.
type value struct {
	scalar float64
	lines  []timeline // nil for a number
	many   bool       // a list of time series
}

// evaluation is one GetMetricData request. The service's mutex is held.
type evaluation struct {
	service    *Service
	now        time.Time
	start, end time.Time
	queries    []query
	done       map[string]*value // nil while it is being evaluated
}

func (e *evaluation) errorf(q *query, format string, args ...any) error {
	return validationError.errorf("Error in expression '%s': %s", q.ID, fmt.Sprintf(format, args...))
}

// query evaluates a query once.
func (e *evaluation) query(q *query) (*value, error) {
	if v, ok := e.done[q.ID]; ok {
		if v == nil {
			return nil, e.errorf(q, "it depends on itself")
		}
		return v, nil
	}
	e.done[q.ID] = nil
	v, err := e.evaluate(q)
	if err != nil {
		return nil, err
	}
	e.done[q.ID] = v
	return v, nil
}

func (e *evaluation) evaluate(q *query) (*value, error) {
	if q.Expression == nil {
		return e.metric(q), nil
	}
	text := strings.TrimSpace(*q.Expression)
	if len(text) > 6 && strings.EqualFold(text[:6], "SELECT") {
		return nil, e.errorf(q, "Metrics Insights queries are not supported by cloudwatch-local")
	}
	p := &parser{e: e, q: q, text: text}
	v, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.unexpected()
	}
	return v, nil
}

// parser evaluates while it reads.
type parser struct {
	e     *evaluation
	q     *query
	text  string
	at    int
	depth int
}

func (p *parser) unexpected() error {
	if p.at >= len(p.text) {
		return p.e.errorf(p.q, "unexpected end of the expression")
	}
	return p.e.errorf(p.q, "unexpected %q at position %d", p.text[p.at], p.at+1)
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take skips c if it is next.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) sum() (*value, error) {
	v, err := p.product()
	for err == nil {
		switch {
		case p.take('+'):
			v, err = p.apply(v, p.product, func(a, b float64) float64 { return a + b })
		case p.take('-'):
			v, err = p.apply(v, p.product, func(a, b float64) float64 { return a - b })
		default:
			return v, nil
		}
	}
	return nil, err
}

func (p *parser) product() (*value, error) {
	v, err := p.factor()
	for err == nil {
		switch {
		case p.take('*'):
			v, err = p.apply(v, p.factor, func(a, b float64) float64 { return a * b })
		case p.take('/'):
			v, err = p.apply(v, p.factor, func(a, b float64) float64 { return a / b })
		default:
			return v, nil
		}
	}
	return nil, err
}

// apply combines left with what next reads. Of two time series, the moments that both have remain;
// what is no number (a division by zero) is left out.
func (p *parser) apply(left *value, next func() (*value, error), op func(a, b float64) float64) (*value, error) {
	right, err := next()
	if err != nil {
		return nil, err
	}
	switch {
	case left.many && right.many:
		return nil, p.e.errorf(p.q, "arithmetic between two lists of time series is not supported by cloudwatch-local")
	case left.lines == nil && right.lines == nil && !left.many && !right.many:
		return &value{scalar: op(left.scalar, right.scalar)}, nil
	}
	out := &value{many: left.many || right.many, lines: []timeline{}}
	combine := func(a, b *timeline) {
		out.lines = append(out.lines, combineLines(a, b, left.scalar, right.scalar, op))
	}
	switch {
	case right.lines == nil && !right.many:
		for i := range left.lines {
			combine(&left.lines[i], nil)
		}
	case left.lines == nil && !left.many:
		for i := range right.lines {
			combine(nil, &right.lines[i])
		}
	case left.many:
		for i := range left.lines {
			combine(&left.lines[i], &right.lines[0])
		}
	default:
		for i := range right.lines {
			combine(&left.lines[0], &right.lines[i])
		}
	}
	return out, nil
}

// combineLines combines two time series, of which one may be nil and stands for a number.
func combineLines(a, b *timeline, left, right float64, op func(a, b float64) float64) timeline {
	out := timeline{}
	add := func(at int64, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out.points = append(out.points, dataPoint{at, v})
		}
	}
	switch {
	case b == nil:
		out.label, out.period = a.label, a.period
		for _, x := range a.points {
			add(x.at, op(x.v, right))
		}
	case a == nil:
		out.label, out.period = b.label, b.period
		for _, x := range b.points {
			add(x.at, op(left, x.v))
		}
	default:
		out.label, out.period = a.label, max(a.period, b.period)
		j := 0
		for _, x := range a.points {
			for j < len(b.points) && b.points[j].at < x.at {
				j++
			}
			if j < len(b.points) && b.points[j].at == x.at {
				add(x.at, op(x.v, b.points[j].v))
			}
		}
	}
	return out
}

// maxExpressionDepth bounds the recursion; the length of an expression does so too late for a small
// stack in every frame.
const maxExpressionDepth = 100

func (p *parser) factor() (*value, error) {
	if p.depth++; p.depth > maxExpressionDepth {
		return nil, p.e.errorf(p.q, "it is too deeply nested")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take('-'):
		v, err := p.factor()
		if err != nil {
			return nil, err
		}
		return p.apply(&value{scalar: 0}, func() (*value, error) { return v, nil }, func(_, b float64) float64 { return -b })
	case p.take('('):
		v, err := p.sum()
		if err == nil && !p.take(')') {
			err = p.unexpected()
		}
		return v, err
	case p.take('['):
		return p.list()
	}
	p.space()
	start := p.at
	for p.at < len(p.text) && (isWord(p.text[p.at]) || p.text[p.at] == '.') {
		p.at++
	}
	word := p.text[start:p.at]
	switch {
	case word == "":
		return nil, p.unexpected()
	case word[0] == '.' || '0' <= word[0] && word[0] <= '9':
		f, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, p.e.errorf(p.q, "%q is not a number", word)
		}
		return &value{scalar: f}, nil
	case p.take('('):
		return p.call(word)
	}
	for i := range p.e.queries {
		if p.e.queries[i].ID == word {
			return p.e.query(&p.e.queries[i])
		}
	}
	return nil, p.e.errorf(p.q, "unknown identifier %q", word)
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// list reads [m1, m2] after its bracket.
func (p *parser) list() (*value, error) {
	out := &value{many: true, lines: []timeline{}}
	for {
		v, err := p.sum()
		if err != nil {
			return nil, err
		}
		if v.lines == nil {
			return nil, p.e.errorf(p.q, "a list may have time series only")
		}
		out.lines = append(out.lines, v.lines...)
		if p.take(']') {
			return out, nil
		}
		if !p.take(',') {
			return nil, p.unexpected()
		}
	}
}

// call evaluates a function, whose bracket is open.
func (p *parser) call(name string) (*value, error) {
	switch strings.ToUpper(name) {
	case "METRICS":
		return p.metrics()
	case "SEARCH":
		return p.search()
	case "PERIOD":
		v, err := p.argument(name)
		if err != nil {
			return nil, err
		}
		if v.many {
			return nil, p.e.errorf(p.q, "PERIOD needs one time series")
		}
		return &value{scalar: float64(v.lines[0].period)}, nil
	case "SUM":
		return p.aggregate(name, sumOfValues)
	case "AVG":
		return p.aggregate(name, func(v []float64) float64 { return sumOfValues(v) / float64(len(v)) })
	case "MIN":
		return p.aggregate(name, slices.Min[[]float64])
	case "MAX":
		return p.aggregate(name, slices.Max[[]float64])
	}
	return nil, p.e.errorf(p.q, "the function %s is not supported by cloudwatch-local", name)
}

// argument is the only argument of a function: at least one time series.
func (p *parser) argument(function string) (*value, error) {
	v, err := p.sum()
	if err != nil {
		return nil, err
	}
	if !p.take(')') {
		return nil, p.unexpected()
	}
	if len(v.lines) == 0 && !v.many {
		return nil, p.e.errorf(p.q, "%s needs a time series", function)
	}
	return v, nil
}

// aggregate makes one number of a time series, and one time series of several.
func (p *parser) aggregate(name string, combine func([]float64) float64) (*value, error) {
	v, err := p.argument(name)
	if err != nil {
		return nil, err
	}
	if v.many {
		return &value{lines: []timeline{union(v.lines, combine)}}, nil
	}
	values := make([]float64, len(v.lines[0].points))
	for i, x := range v.lines[0].points {
		values[i] = x.v
	}
	if len(values) == 0 {
		return &value{scalar: math.NaN()}, nil
	}
	return &value{scalar: combine(values)}, nil
}

func sumOfValues(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// metrics is all metrics of the request, or those whose id contains the quoted text.
func (p *parser) metrics() (*value, error) {
	part := ""
	p.space()
	if p.at < len(p.text) && (p.text[p.at] == '"' || p.text[p.at] == '\'') {
		var err error
		if part, err = p.quoted(); err != nil {
			return nil, err
		}
	}
	if !p.take(')') {
		return nil, p.unexpected()
	}
	out := &value{many: true, lines: []timeline{}}
	for i := range p.e.queries {
		q := &p.e.queries[i]
		if q.MetricStat == nil || !strings.Contains(q.ID, part) {
			continue
		}
		v, err := p.e.query(q)
		if err != nil {
			return nil, err
		}
		out.lines = append(out.lines, v.lines...)
	}
	return out, nil
}

// quoted reads text in single or double quotes.
func (p *parser) quoted() (string, error) {
	p.space()
	if p.at >= len(p.text) || p.text[p.at] != '"' && p.text[p.at] != '\'' {
		return "", p.unexpected()
	}
	end := strings.IndexByte(p.text[p.at+1:], p.text[p.at])
	if end < 0 {
		return "", p.e.errorf(p.q, "a quote is not closed")
	}
	s := p.text[p.at+1 : p.at+1+end]
	p.at += end + 2
	return s, nil
}
