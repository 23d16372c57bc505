package metrics

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(out *listOutput) []string {
	list := []string{}
	for _, x := range out.Metrics {
		list = append(list, x.Namespace+"/"+x.MetricName)
	}
	return list
}

func TestListMetricsFilters(t *testing.T) {
	s := newService(Config{})
	put(t, s, "A", m{"MetricName": "x", "Value": 1}, m{"MetricName": "y", "Value": 1, "Dimensions": []m{{"Name": "h", "Value": "1"}, {"Name": "z", "Value": "9"}}})
	put(t, s, "B", m{"MetricName": "x", "Value": 1, "Dimensions": []m{{"Name": "h", "Value": "2"}}})
	for _, tc := range []struct {
		name string
		in   m
		want []string
	}{
		{"all", m{}, []string{"A/x", "A/y", "B/x"}},
		{"namespace", m{"Namespace": "A"}, []string{"A/x", "A/y"}},
		{"name", m{"MetricName": "x"}, []string{"A/x", "B/x"}},
		{"dimension name", m{"Dimensions": []m{{"Name": "h"}}}, []string{"A/y", "B/x"}},
		{"dimension value", m{"Dimensions": []m{{"Name": "h", "Value": "2"}}}, []string{"B/x"}},
		{"two dimensions", m{"Dimensions": []m{{"Name": "h"}, {"Name": "z", "Value": "9"}}}, []string{"A/y"}},
		{"nothing fits", m{"Namespace": "C"}, []string{}},
		{"recently active", m{"RecentlyActive": "PT3H"}, []string{"A/x", "A/y", "B/x"}},
		{"other account", m{"OwningAccount": "000000000000", "IncludeLinkedAccounts": true}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, names(answer[listOutput](t, s, "ListMetrics", tc.in)))
		})
	}
	out := answer[listOutput](t, s, "ListMetrics", m{"IncludeLinkedAccounts": true, "MetricName": "y"})
	assert.Equal(t, []string{"123456789012"}, out.OwningAccounts)
	assert.Equal(t, []dimension{{"h", "1"}, {"z", "9"}}, out.Metrics[0].Dimensions)
}

func TestMetricsWithoutNewDataLeaveTheList(t *testing.T) {
	s := newService(Config{})
	put(t, s, "A", m{"MetricName": "x", "Value": 1})
	list := func(after time.Duration, in m) int {
		out, err := callAt(s, now.Add(after), "ListMetrics", in)
		require.NoError(t, err)
		return len(out.(*listOutput).Metrics)
	}
	assert.Equal(t, 1, list(3*time.Hour, m{"RecentlyActive": "PT3H"}))
	assert.Equal(t, 0, list(3*time.Hour+1, m{"RecentlyActive": "PT3H"}))
	assert.Equal(t, 1, list(14*24*time.Hour, m{}))
	assert.Equal(t, 0, list(14*24*time.Hour+1, m{}))
}

func TestListMetricsPages(t *testing.T) {
	for total, pages := range map[int]int{499: 1, 500: 1, 501: 2, 1200: 3} {
		s := newService(Config{})
		for i := 0; i < total; i += 100 {
			put(t, s, "N", many(total)[i:min(i+100, total)]...)
		}
		seen, in, n := map[string]bool{}, m{"Namespace": "N"}, 0
		for {
			out := answer[listOutput](t, s, "ListMetrics", in)
			n++
			for _, x := range names(out) {
				assert.False(t, seen[x])
				seen[x] = true
			}
			if out.NextToken == "" {
				break
			}
			assert.Len(t, out.Metrics, 500)
			in["NextToken"] = out.NextToken
		}
		assert.Len(t, seen, total)
		assert.Equal(t, pages, n)
	}
}

func TestInvalidListMetrics(t *testing.T) {
	filters := make([]m, 11)
	for i := range filters {
		filters[i] = m{"Name": fmt.Sprint("d", i)}
	}
	for _, tc := range []struct {
		name string
		in   m
		code string
		want string
	}{
		{"token", m{"NextToken": "?"}, "InvalidParameterValue", "The value ? for parameter NextToken is invalid."},
		{"token of another operation", m{"NextToken": "NTAw"}, "InvalidParameterValue", "NextToken is invalid."},
		{"11 filters", m{"Dimensions": filters}, "InvalidParameterValue", "The collection Dimensions must not have a size greater than 10."},
		{"filter without a name", m{"Dimensions": []m{{"Value": "v"}}}, "MissingParameter", "The parameter Dimensions.member.1.Name is required."},
		{"activity", m{"RecentlyActive": "PT1H"}, "InvalidParameterValue", "must be a value in the set [ PT3H ]."},
		{"account", m{"OwningAccount": "1"}, "InvalidParameterValue", "requires IncludeLinkedAccounts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := call(newService(Config{}), "ListMetrics", tc.in)
			requireError(t, err, tc.code, tc.want)
		})
	}
	_, err := call(newService(Config{}), "ListMetrics", m{"Dimensions": filters[:10]})
	require.NoError(t, err)
}
