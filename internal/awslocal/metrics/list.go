package metrics

import (
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/emf"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of ListMetrics, from its service model.
const (
	// listPage is how many metrics one answer has.
	listPage = 500
	// maxFilters is the number of dimension filters.
	maxFilters = 10
	// recentlyActive is the only value of RecentlyActive, and recent what it means.
	recentlyActive = "PT3H"
	recent         = 3 * time.Hour
	// listed is how long a metric without new data points is listed.
	listed = 14 * 24 * time.Hour
)

type listInput struct {
	Namespace             string            `json:"Namespace"`
	MetricName            string            `json:"MetricName"`
	Dimensions            []dimensionFilter `json:"Dimensions"`
	NextToken             string            `json:"NextToken"`
	RecentlyActive        string            `json:"RecentlyActive"`
	IncludeLinkedAccounts bool              `json:"IncludeLinkedAccounts"`
	OwningAccount         string            `json:"OwningAccount"`
}

type dimensionFilter struct {
	Name  string  `json:"Name"`
	Value *string `json:"Value"`
}

type listOutput struct {
	Metrics        []metric `json:"Metrics"`
	NextToken      string   `json:"NextToken,omitempty"`
	OwningAccounts []string `json:"OwningAccounts,omitempty"`
}

type metric struct {
	Namespace  string      `json:"Namespace"`
	MetricName string      `json:"MetricName"`
	Dimensions []dimension `json:"Dimensions"`
}

func (s *Service) listMetrics(c *wire.Call) (any, error) {
	var in listInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	after, err := checkList(&in)
	if err != nil {
		return nil, err
	}
	oldest := c.Now.Add(-listed)
	if in.RecentlyActive != "" {
		oldest = c.Now.Add(-recent)
	}
	out := &listOutput{Metrics: []metric{}}
	if in.OwningAccount != "" && in.OwningAccount != s.config.Account {
		return out, nil
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.store.all()
	first := sort.Search(len(all), func(i int) bool { return all[i].key > after })
	last := ""
	for _, x := range all[first:] {
		if x.updated.Before(oldest) || !in.matches(x) {
			continue
		}
		if len(out.Metrics) == listPage {
			out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(last))
			break
		}
		last = x.key
		out.Metrics = append(out.Metrics, metric{x.namespace, x.name, wireDimensions(x.dimensions)})
		if in.IncludeLinkedAccounts {
			out.OwningAccounts = append(out.OwningAccounts, c.Account)
		}
	}
	return out, nil
}

// checkList returns the key after which the answer starts.
func checkList(in *listInput) (after string, err error) {
	var p problems
	if in.Namespace != "" {
		checkNamespace(&p, in.Namespace)
	}
	if in.MetricName != "" {
		checkText(&p, "MetricName", in.MetricName, maxMetricName)
	}
	if len(in.Dimensions) > maxFilters {
		p.add(invalidValue, "The collection Dimensions must not have a size greater than %d.", maxFilters)
	}
	for i, f := range in.Dimensions {
		at := fmt.Sprintf("Dimensions.member.%d", i+1)
		checkText(&p, at+".Name", f.Name, maxDimensionName)
		if f.Value != nil {
			checkText(&p, at+".Value", *f.Value, maxDimensionValue)
		}
	}
	if in.RecentlyActive != "" && in.RecentlyActive != recentlyActive {
		p.add(invalidValue, "The parameter RecentlyActive must be a value in the set [ %s ].", recentlyActive)
	}
	if in.OwningAccount != "" && !in.IncludeLinkedAccounts {
		p.add(invalidValue, "The parameter OwningAccount requires IncludeLinkedAccounts to be true.")
	}
	if in.NextToken != "" {
		key, err := base64.RawURLEncoding.DecodeString(in.NextToken)
		if err != nil || !slices.Contains(key, separator) {
			p.add(invalidValue, "The value %s for parameter NextToken is invalid.", in.NextToken)
		}
		after = string(key)
	}
	return after, p.err()
}

func (in *listInput) matches(x *series) bool {
	if in.Namespace != "" && x.namespace != in.Namespace || in.MetricName != "" && x.name != in.MetricName {
		return false
	}
	for _, f := range in.Dimensions {
		if !slices.ContainsFunc(x.dimensions, func(d emf.Dimension) bool {
			return d.Name == f.Name && (f.Value == nil || d.Value == *f.Value)
		}) {
			return false
		}
	}
	return true
}

func wireDimensions(dimensions []emf.Dimension) []dimension {
	out := make([]dimension, len(dimensions))
	for i, d := range dimensions {
		out[i] = dimension(d)
	}
	return out
}
