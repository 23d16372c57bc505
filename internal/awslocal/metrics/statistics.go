package metrics

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of GetMetricStatistics, from its service model.
const (
	// MaxDatapoints is how many periods a request may span.
	MaxDatapoints         = 1440
	maxStatistics         = 5
	maxExtendedStatistics = 10
)

type statisticsInput struct {
	Namespace          string      `json:"Namespace"`
	MetricName         string      `json:"MetricName"`
	Dimensions         []dimension `json:"Dimensions"`
	StartTime          *wire.Time  `json:"StartTime"`
	EndTime            *wire.Time  `json:"EndTime"`
	Period             *int64      `json:"Period"`
	Statistics         []string    `json:"Statistics"`
	ExtendedStatistics []string    `json:"ExtendedStatistics"`
	Unit               string      `json:"Unit"`
}

type statisticsOutput struct {
	Label      string      `json:"Label"`
	Datapoints []datapoint `json:"Datapoints"`
}

type datapoint struct {
	Timestamp          *wire.Time         `json:"Timestamp"`
	SampleCount        *float64           `json:"SampleCount,omitempty"`
	Average            *float64           `json:"Average,omitempty"`
	Sum                *float64           `json:"Sum,omitempty"`
	Minimum            *float64           `json:"Minimum,omitempty"`
	Maximum            *float64           `json:"Maximum,omitempty"`
	Unit               string             `json:"Unit"`
	ExtendedStatistics map[string]float64 `json:"ExtendedStatistics,omitempty"`
}

func (s *Service) getMetricStatistics(c *wire.Call) (any, error) {
	var in statisticsInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var p problems
	dimensions := checkMetric(&p, "", in.Namespace, in.MetricName, in.Dimensions)
	wanted := checkStatisticsInput(&p, &in)
	if err := p.err(); err != nil {
		return nil, err
	}
	w := newWindow(c.Now, in.StartTime.Time, in.EndTime.Time, *in.Period)
	if n := w.points(); n > MaxDatapoints {
		return nil, invalidCombination.errorf("You have requested up to %d datapoints, which exceeds the limit of %d. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, MaxDatapoints)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	out := &statisticsOutput{Label: in.MetricName, Datapoints: []datapoint{}}
	x := s.store.find(in.Namespace, in.MetricName, dimensions)
	buckets := x.read(w, readUnit(in.Unit), len(in.ExtendedStatistics) > 0)
	for i := range buckets {
		if d, ok := buckets[i].datapoint(wanted); ok {
			out.Datapoints = append(out.Datapoints, d)
		}
	}
	return out, nil
}

// datapoint is false where none of the statistics is available.
func (b *bucket) datapoint(wanted []statistic) (datapoint, bool) {
	d := datapoint{Timestamp: wire.NewTime(time.Unix(b.at, 0)), Unit: emf.Units[b.unit]}
	any := false
	for _, st := range wanted {
		v, ok := st.of(b)
		if !ok {
			continue
		}
		any = true
		switch st.name {
		case "SampleCount":
			d.SampleCount = &v
		case "Average":
			d.Average = &v
		case "Sum":
			d.Sum = &v
		case "Minimum":
			d.Minimum = &v
		case "Maximum":
			d.Maximum = &v
		default:
			if d.ExtendedStatistics == nil {
				d.ExtendedStatistics = map[string]float64{}
			}
			d.ExtendedStatistics[st.name] = v
		}
	}
	return d, any
}

// checkMetric returns the dimensions sorted by name.
func checkMetric(p *problems, at, namespace, name string, dimensions []dimension) []emf.Dimension {
	checkText(p, join(at, "Namespace"), namespace, maxNamespace)
	checkText(p, join(at, "MetricName"), name, maxMetricName)
	return checkDimensions(p, at, dimensions)
}

func checkRange(p *problems, start, end *wire.Time) {
	if start == nil {
		p.required("StartTime")
	}
	if end == nil {
		p.required("EndTime")
	}
	if start != nil && end != nil && !start.Before(end.Time) {
		p.add(invalidValue, "The parameter StartTime must be less than the parameter EndTime.")
	}
}

func checkStatisticsInput(p *problems, in *statisticsInput) []statistic {
	checkRange(p, in.StartTime, in.EndTime)
	if in.Period == nil {
		p.required("Period")
	} else {
		checkPeriod(p, "Period", *in.Period)
	}
	if in.Unit != "" {
		checkUnit(p, "Unit", in.Unit)
	}
	if (len(in.Statistics) == 0) == (len(in.ExtendedStatistics) == 0) {
		p.add(invalidCombination, "Must specify either Statistics or ExtendedStatistics")
	}
	if len(in.Statistics) > maxStatistics {
		p.add(invalidValue, "The collection Statistics must not have a size greater than %d.", maxStatistics)
	}
	if len(in.ExtendedStatistics) > maxExtendedStatistics {
		p.add(invalidValue, "The collection ExtendedStatistics must not have a size greater than %d.", maxExtendedStatistics)
	}
	var wanted []statistic
	for i, name := range in.Statistics {
		if !slices.Contains(statistics, name) {
			p.add(invalidValue, "The parameter Statistics.member.%d must be a value in the set [ %s ].", i+1, strings.Join(statistics, ", "))
		}
		wanted = append(wanted, statistic{name: name})
	}
	for i, name := range in.ExtendedStatistics {
		st, ok := parsePercentile(name)
		if !ok {
			p.add(invalidValue, "%s", unsupportedStatistic(fmt.Sprintf("ExtendedStatistics.member.%d", i+1), name))
		}
		wanted = append(wanted, st)
	}
	return wanted
}

func unsupportedStatistic(parameter, name string) string {
	return fmt.Sprintf("The value %s for parameter %s is not supported.", name, parameter)
}
