package ssm

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDescribeFilters(t *testing.T) {
	s := newStore(t, Config{})
	s.must("PutParameter", object{"Name": "/app/db/host", "Value": "v", "Type": "String", "Tags": []object{{"Key": "team", "Value": "data"}}})
	s.must("PutParameter", object{"Name": "/app/token", "Value": "v", "Type": "SecureString", "Tier": "Advanced"})
	s.put("plain", "v")
	tests := []struct {
		name    string
		filters []object
		want    []string
	}{
		{"none", nil, []string{"/app/db/host", "/app/token", "plain"}},
		{"name", []object{{"Key": "Name", "Values": []string{"plain", "/app/token"}}}, []string{"/app/token", "plain"}},
		{"name without its slash", []object{{"Key": "Name", "Values": []string{"app/token"}}}, []string{"/app/token"}},
		{"name begins", []object{{"Key": "Name", "Option": "BeginsWith", "Values": []string{"/app/"}}}, []string{"/app/db/host", "/app/token"}},
		{"name contains", []object{{"Key": "Name", "Option": "Contains", "Values": []string{"db"}}}, []string{"/app/db/host"}},
		{"type", []object{{"Key": "Type", "Values": []string{"SecureString"}}}, []string{"/app/token"}},
		{"key", []object{{"Key": "KeyId", "Values": []string{"alias/aws/ssm"}}}, []string{"/app/token"}},
		{"tier", []object{{"Key": "Tier", "Values": []string{"Advanced"}}}, []string{"/app/token"}},
		{"data type", []object{{"Key": "DataType", "Option": "BeginsWith", "Values": []string{"te"}}}, []string{"/app/db/host", "/app/token", "plain"}},
		{"path", []object{{"Key": "Path", "Values": []string{"/app"}}}, []string{"/app/token"}},
		{"path, recursive", []object{{"Key": "Path", "Option": "Recursive", "Values": []string{"/app"}}}, []string{"/app/db/host", "/app/token"}},
		{"tag", []object{{"Key": "tag:team", "Values": []string{"data"}}}, []string{"/app/db/host"}},
		{"tag with any value", []object{{"Key": "tag:team"}}, []string{"/app/db/host"}},
		{"another tag", []object{{"Key": "tag:team", "Values": []string{"web"}}}, []string{}},
		{"two", []object{{"Key": "Type", "Values": []string{"String"}}, {"Key": "Path", "Option": "Recursive", "Values": []string{"/app"}}}, []string{"/app/db/host"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			assert.Equal(t, tt.want, names(s.must("DescribeParameters", object{"ParameterFilters": tt.filters})))
		})
	}
}

func TestDescribeRefuses(t *testing.T) {
	s := newStore(t, Config{})
	tests := []struct {
		name     string
		filters  []object
		wantCode string
		want     string
	}{
		{"label", []object{{"Key": "Label", "Values": []string{"x"}}}, "InvalidFilterKey", "The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier]."},
		{"no values", []object{{"Key": "Name"}}, "InvalidFilterValue", "The following filter values are missing : null for filter key Name."},
		{"twice", []object{{"Key": "Name", "Values": []string{"x"}}, {"Key": "Name", "Values": []string{"y"}}}, "InvalidFilterKey", "The following filter is duplicated in the request: Name. A request can contain only one occurrence of a specific filter."},
		{"wrong option", []object{{"Key": "Path", "Option": "Equals", "Values": []string{"/a"}}}, "InvalidFilterOption", "The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel]."},
		{"wrong tier", []object{{"Key": "Tier", "Values": []string{"test"}}}, "InvalidFilterValue", "The following filter value is not valid: test. Valid values include: [Standard, Advanced, Intelligent-Tiering]."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			assert.Equal(t, tt.want, s.fails(tt.wantCode, "DescribeParameters", object{"ParameterFilters": tt.filters}))
		})
	}
	s.fails("ValidationException", "DescribeParameters", object{"ParameterFilters": []object{{"Key": "Path", "Values": []string{"/aws/x"}}}})
	s.fails("ValidationException", "DescribeParameters", object{"ParameterFilters": []object{{"Key": "Path", "Values": []string{"x"}}}})
	s.fails("ValidationException", "DescribeParameters", object{"MaxResults": 51})
	s.fails("ValidationException", "DescribeParameters", object{
		"Filters":          []object{{"Key": "Name", "Values": []string{"x"}}},
		"ParameterFilters": []object{{"Key": "Name", "Values": []string{"x"}}},
	})
}

func TestDescribeWalksInPages(t *testing.T) {
	s := newStore(t, Config{})
	for i := range 120 {
		s.put(fmt.Sprintf("p%03d", i), "v")
	}
	var sizes []int
	for _, page := range s.walk("DescribeParameters", object{}) {
		sizes = append(sizes, len(page))
	}
	assert.Equal(t, []int{50, 50, 0, 20}, sizes)
}

func TestOldFiltersStillWork(t *testing.T) {
	s := newStore(t, Config{})
	s.put("abc", "v")
	s.put("xyz", "v")
	out := s.must("DescribeParameters", object{"Filters": []object{{"Key": "Name", "Values": []string{"ab"}}}})
	assert.Equal(t, []string{"abc"}, names(out))
}
