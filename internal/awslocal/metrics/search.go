package metrics

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
)

// maxSearchResults is how many time series a SEARCH returns, from the user guide.
const maxSearchResults = 100

// searchPeriod is the period of a SEARCH that names none.
const searchPeriod = 300

var (
	searchSchema    = regexp.MustCompile(`^\s*\{([^}]*)\}`)
	searchCondition = regexp.MustCompile(`^\s*(?:"([^"]+)"|([A-Za-z0-9_.:/-]+))\s*=\s*(?:"([^"]*)"|([^\s"()]+))`)
)

// search evaluates SEARCH('{Namespace,Dimension} MetricName="x" Dimension="y"', 'Average', 300),
// whose bracket is open. All conditions are exact and must hold; words without a key, OR and NOT
// are refused.
func (p *parser) search() (*value, error) {
	text, err := p.quoted()
	if err != nil {
		return nil, err
	}
	if !p.take(',') {
		return nil, p.unexpected()
	}
	name, err := p.quoted()
	if err != nil {
		return nil, err
	}
	st, ok := parseStatistic(name)
	if !ok {
		return nil, p.e.errorf(p.q, "%q is not a statistic", name)
	}
	period := int64(searchPeriod)
	if p.q.Period != nil {
		period = *p.q.Period
	}
	if p.take(',') {
		v, err := p.sum()
		if err != nil {
			return nil, err
		}
		period = int64(v.scalar)
	}
	if !p.take(')') {
		return nil, p.unexpected()
	}
	var problem problems
	if checkPeriod(&problem, "Period", period); len(problem.lines) > 0 {
		return nil, p.e.errorf(p.q, "%s", problem.lines[0])
	}
	s, err := p.readSearch(text)
	if err != nil {
		return nil, err
	}
	out := &value{many: true, lines: []timeline{}}
	for _, x := range p.e.service.store.all() {
		if !s.matches(x) || len(out.lines) == maxSearchResults {
			continue
		}
		label := []string{x.name}
		for _, d := range x.dimensions {
			label = append(label, d.Value)
		}
		out.lines = append(out.lines, timeline{
			label: strings.Join(label, " "), period: period, points: p.e.read(x, period, "", st),
		})
	}
	return out, nil
}

// searchTerms are what a SEARCH looks for.
type searchTerms struct {
	namespace  string
	names      []string // of the dimensions, sorted
	conditions []emf.Dimension
}

func (p *parser) readSearch(text string) (searchTerms, error) {
	var s searchTerms
	m := searchSchema.FindStringSubmatch(text)
	if m == nil {
		return s, p.e.errorf(p.q, "SEARCH needs {Namespace, DimensionName, …} in cloudwatch-local, not %q", text)
	}
	for i, part := range strings.Split(m[1], ",") {
		part = strings.TrimSpace(part)
		if unquoted, err := strconv.Unquote(part); err == nil {
			part = unquoted
		}
		if i == 0 {
			s.namespace = part
		} else {
			s.names = append(s.names, part)
		}
	}
	slices.Sort(s.names)
	for rest := text[len(m[0]):]; strings.TrimSpace(rest) != ""; {
		c := searchCondition.FindStringSubmatch(rest)
		if c == nil {
			return s, p.e.errorf(p.q, "SEARCH supports NAME=\"value\" conditions only in cloudwatch-local, not %q", strings.TrimSpace(rest))
		}
		s.conditions = append(s.conditions, emf.Dimension{Name: c[1] + c[2], Value: c[3] + c[4]})
		rest = rest[len(c[0]):]
	}
	return s, nil
}

func (s *searchTerms) matches(x *series) bool {
	if x.namespace != s.namespace || !slices.EqualFunc(x.dimensions, s.names, func(d emf.Dimension, n string) bool { return d.Name == n }) {
		return false
	}
	for _, c := range s.conditions {
		if c.Name == "MetricName" {
			if x.name != c.Value {
				return false
			}
			continue
		}
		if !slices.Contains(x.dimensions, c) {
			return false
		}
	}
	return true
}
