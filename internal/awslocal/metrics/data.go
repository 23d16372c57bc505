package metrics

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of GetMetricData, from its service model.
const (
	// MaxQueries is the number of queries in a request.
	MaxQueries = 500
	// maxPageDatapoints is the most and the default of MaxDatapoints.
	maxPageDatapoints = 100_800
	maxExpression     = 2048
)

type dataInput struct {
	MetricDataQueries []dataQuery `json:"MetricDataQueries"`
	StartTime         *wire.Time  `json:"StartTime"`
	EndTime           *wire.Time  `json:"EndTime"`
	NextToken         string      `json:"NextToken"`
	ScanBy            string      `json:"ScanBy"`
	MaxDatapoints     *int64      `json:"MaxDatapoints"`
}

type dataQuery struct {
	ID         string      `json:"Id"`
	MetricStat *metricStat `json:"MetricStat"`
	Expression *string     `json:"Expression"`
	Label      *string     `json:"Label"`
	ReturnData *bool       `json:"ReturnData"`
	Period     *int64      `json:"Period"`
	AccountID  string      `json:"AccountId"`
}

type metricStat struct {
	Metric *metric `json:"Metric"`
	Period *int64  `json:"Period"`
	Stat   string  `json:"Stat"`
	Unit   string  `json:"Unit"`
}

type dataOutput struct {
	MetricDataResults []dataResult `json:"MetricDataResults"`
	NextToken         string       `json:"NextToken,omitempty"`
	Messages          []struct{}   `json:"Messages"`
}

type dataResult struct {
	ID         string       `json:"Id"`
	Label      string       `json:"Label"`
	Timestamps []*wire.Time `json:"Timestamps"`
	Values     []float64    `json:"Values"`
	StatusCode string       `json:"StatusCode"`
}

// The states of a result: all of its points, or more with the next token.
const (
	statusComplete = "Complete"
	statusPartial  = "PartialData"
)

var idPattern = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

func (s *Service) getMetricData(c *wire.Call) (any, error) {
	var in dataInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var p problems
	queries := checkDataInput(&p, &in)
	if err := p.as(validationError); err != nil {
		return nil, err
	}
	offset, err := readToken(in.NextToken, &in)
	if err != nil {
		return nil, err
	}

	e := &evaluation{service: s, now: c.Now, start: in.StartTime.Time, end: in.EndTime.Time, queries: queries, done: map[string]*value{}}
	s.mu.Lock()
	results, err := e.results()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if in.ScanBy != "TimestampAscending" {
		for i := range results {
			slices.Reverse(results[i].points)
		}
	}
	most := int64(maxPageDatapoints)
	if in.MaxDatapoints != nil {
		most = *in.MaxDatapoints
	}
	return page(results, &in, offset, int(most)), nil
}

// query is a valid dataQuery.
type query struct {
	*dataQuery
	dimensions []emf.Dimension // of the metric, sorted
	stat       statistic
}

func checkDataInput(p *problems, in *dataInput) []query {
	checkRange(p, in.StartTime, in.EndTime)
	if len(in.MetricDataQueries) == 0 {
		p.required("MetricDataQueries")
	}
	if len(in.MetricDataQueries) > MaxQueries {
		p.add(invalidValue, "The collection MetricDataQueries must not have a size greater than %d.", MaxQueries)
		return nil
	}
	if in.ScanBy != "" && in.ScanBy != "TimestampAscending" && in.ScanBy != "TimestampDescending" {
		p.add(invalidValue, "The parameter ScanBy must be a value in the set [ TimestampDescending, TimestampAscending ].")
	}
	if m := in.MaxDatapoints; m != nil && (*m < 1 || *m > maxPageDatapoints) {
		p.add(invalidValue, "The parameter MaxDatapoints must be between 1 and %d.", maxPageDatapoints)
	}
	queries := make([]query, len(in.MetricDataQueries))
	ids := map[string]bool{}
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		at := fmt.Sprintf("MetricDataQueries.member.%d", i+1)
		if q.ID == "" {
			p.required(at + ".Id")
		} else if !idPattern.MatchString(q.ID) {
			p.add(invalidValue, "The value %s for parameter %s.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", q.ID, at)
		} else if ids[q.ID] {
			p.add(invalidValue, "The values for parameter id in MetricDataQueries are not unique.")
		}
		ids[q.ID] = true
		queries[i] = checkDataQuery(p, at, q)
	}
	return queries
}

func checkDataQuery(p *problems, at string, q *dataQuery) query {
	out := query{dataQuery: q}
	switch {
	case q.Expression != nil && q.MetricStat != nil:
		p.add(invalidCombination, "The parameters %s.Expression and %s.MetricStat are mutually exclusive and you have specified both.", at, at)
	case q.Expression == nil && q.MetricStat == nil:
		p.required(at + ".MetricStat")
	case q.Expression != nil:
		if n := len(*q.Expression); n == 0 || n > maxExpression {
			p.add(invalidValue, "The parameter %s.Expression must have 1 to %d characters.", at, maxExpression)
		}
		if q.Period != nil {
			checkPeriod(p, at+".Period", *q.Period)
		}
	default:
		m := q.MetricStat
		if m.Metric == nil {
			p.required(at + ".MetricStat.Metric")
		} else {
			out.dimensions = checkMetric(p, at+".MetricStat.Metric", m.Metric.Namespace, m.Metric.MetricName, m.Metric.Dimensions)
		}
		if m.Period == nil {
			p.required(at + ".MetricStat.Period")
		} else {
			checkPeriod(p, at+".MetricStat.Period", *m.Period)
		}
		if m.Unit != "" {
			checkUnit(p, at+".MetricStat.Unit", m.Unit)
		}
		var ok bool
		if m.Stat == "" {
			p.required(at + ".MetricStat.Stat")
		} else if out.stat, ok = parseStatistic(m.Stat); !ok {
			p.add(invalidValue, "%s", unsupportedStatistic(at+".MetricStat.Stat", m.Stat))
		}
	}
	return out
}

// timeline is the values of one metric or expression, in the order of time.
type timeline struct {
	label  string
	period int64
	points []dataPoint
}

type dataPoint struct {
	at int64 // seconds since 1970
	v  float64
}

// result is a timeline with the query that it answers.
type result struct {
	id string
	timeline
}

// results evaluates the queries whose data are wanted.
func (e *evaluation) results() ([]result, error) {
	var out []result
	for i := range e.queries {
		q := &e.queries[i]
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		v, err := e.query(q)
		if err != nil {
			return nil, err
		}
		if v.lines == nil && q.Expression != nil && !v.many {
			return nil, e.errorf(q, "the expression is a scalar, and must be a time series")
		}
		for _, line := range v.lines {
			line.points = slices.Clone(line.points) // other queries may use them
			if q.Label != nil && (!v.many || *q.Label != "") {
				line.label = strings.TrimSpace(*q.Label + " " + suffix(v.many, line.label))
			} else if q.Expression != nil && !v.many {
				line.label = q.ID
			}
			out = append(out, result{q.ID, line})
		}
	}
	return out, nil
}

// suffix tells the results of one expression apart.
func suffix(many bool, label string) string {
	if many {
		return label
	}
	return ""
}

// metric reads the metric of a query.
func (e *evaluation) metric(q *query) *value {
	m := q.MetricStat
	line := timeline{label: m.Metric.MetricName, period: *m.Period}
	if q.AccountID == "" || q.AccountID == e.service.config.Account {
		x := e.service.store.find(m.Metric.Namespace, m.Metric.MetricName, q.dimensions)
		line.points = e.read(x, *m.Period, m.Unit, q.stat)
	}
	return &value{lines: []timeline{line}}
}

func (e *evaluation) read(x *series, period int64, unit string, st statistic) []dataPoint {
	w := newWindow(e.now, e.start, e.end, period)
	buckets := x.read(w, readUnit(unit), st.isPercentile())
	points := make([]dataPoint, 0, len(buckets))
	for i := range buckets {
		if v, ok := st.of(&buckets[i]); ok {
			points = append(points, dataPoint{buckets[i].at, v})
		}
	}
	return points
}

// page cuts the answer: the points of all results count in their order.
func page(results []result, in *dataInput, offset, most int) *dataOutput {
	out := &dataOutput{MetricDataResults: []dataResult{}, Messages: []struct{}{}}
	at, end := 0, offset+most
	for i := range results {
		r := &results[i]
		first, last := at, at+len(r.points)
		at = last
		if first == last {
			// Without points it stands behind the last one before it.
			if first > end || first <= offset && offset > 0 {
				continue
			}
		} else if last <= offset {
			continue
		} else if first >= end {
			out.NextToken = makeToken(in, end)
			continue
		}
		d := dataResult{ID: r.id, Label: r.label, Timestamps: []*wire.Time{}, Values: []float64{}, StatusCode: statusComplete}
		for _, p := range r.points[min(max(offset-first, 0), len(r.points)) : min(last, end)-first] {
			d.Timestamps = append(d.Timestamps, wire.NewTime(time.Unix(p.at, 0)))
			d.Values = append(d.Values, p.v)
		}
		if last > end {
			d.StatusCode = statusPartial
			out.NextToken = makeToken(in, end)
		}
		out.MetricDataResults = append(out.MetricDataResults, d)
	}
	return out
}

// sumOf is what a token is bound to: it is of no use with other queries.
func sumOf(in *dataInput) string {
	var b strings.Builder
	fmt.Fprintln(&b, in.StartTime.Unix(), in.EndTime.Unix(), in.ScanBy)
	for _, q := range in.MetricDataQueries {
		fmt.Fprintf(&b, "%q", q.ID)
		if q.Expression != nil {
			fmt.Fprintf(&b, "%q", *q.Expression)
		} else {
			fmt.Fprintf(&b, "%q%d%q%q", *q.MetricStat.Metric, *q.MetricStat.Period, q.MetricStat.Stat, q.MetricStat.Unit)
		}
	}
	return b.String()
}

// union merges the points of several timelines: combine gets all values of a moment.
func union(lines []timeline, combine func([]float64) float64) timeline {
	out := timeline{}
	var all []dataPoint
	for _, l := range lines {
		out.period = max(out.period, l.period)
		all = append(all, l.points...)
	}
	slices.SortStableFunc(all, func(a, b dataPoint) int { return cmp.Compare(a.at, b.at) })
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].at == all[0].at {
			n++
		}
		values := make([]float64, n)
		for i := range values {
			values[i] = all[i].v
		}
		out.points = append(out.points, dataPoint{all[0].at, combine(values)})
		all = all[n:]
	}
	return out
}
