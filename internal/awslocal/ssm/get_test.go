package ssm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParameterMayBeNamedInEveryForm(t *testing.T) {
	const arn = "arn:aws:ssm:us-east-1:123456789012:parameter"
	s := newStore(t, Config{})
	s.put("/a/p", "one")
	s.must("LabelParameterVersion", object{"Name": "/a/p", "Labels": []string{"first"}})
	s.put("/a/p", "two")
	s.put("plain", "three")
	s.put("/root", "four")
	tests := []struct{ name, reference, want, selector string }{
		{"name", "/a/p", "two", ""},
		{"spaces around", " /a/p ", "two", ""},
		{"version", "/a/p:1", "one", ":1"},
		{"label", "/a/p:first", "one", ":first"},
		{"ARN", arn + "/a/p", "two", ""},
		{"ARN with version", arn + "/a/p:2", "two", ":2"},
		{"ARN with label", arn + "/a/p:first", "one", ":first"},
		{"ARN of a plain name", arn + "/plain", "three", ""},
		{"ARN of a name in the root", arn + "/root", "four", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			got := s.get(tt.reference)
			assert.Equal(t, tt.want, got["Value"])
			if tt.selector == "" {
				assert.NotContains(t, got, "Selector")
			} else {
				assert.Equal(t, tt.selector, got["Selector"])
			}
		})
	}
}

func TestParameterAnswerIsComplete(t *testing.T) {
	s := newStore(t, Config{})
	s.put("/a/p", "v")
	assert.Equal(t, object{
		"Name": "/a/p", "Type": "String", "Value": "v", "Version": float64(1), "DataType": "text",
		"ARN":              "arn:aws:ssm:us-east-1:123456789012:parameter/a/p",
		"LastModifiedDate": float64(s.now.Unix()),
	}, s.get("/a/p"))
}

func TestGetParameterRefuses(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	tests := []struct{ name, reference, wantCode, want string }{
		{"unknown", "q", "ParameterNotFound", ""},
		{"unknown public parameter", "/aws/service/none", "ParameterNotFound", ""},
		{"unknown version", "p:2", "ParameterVersionNotFound", "Systems Manager could not find version 2 of p. Verify the version and try again."},
		{"unknown label", "p:prod", "ParameterVersionNotFound", "Systems Manager could not find label prod for parameter p. Verify the label and try again."},
		{"version of an unknown one", "q:2", "ParameterNotFound", ""},
		{"version zero", "p:0", "ValidationException", errNameForm.Message},
		{"two colons", "p:1:2", "ValidationException", errNameForm.Message},
		{"empty selector", "p:", "ValidationException", errNameForm.Message},
		{"path without leading slash", "a/p", "ValidationException", errNameForm.Message},
		{"another region's ARN", "arn:aws:ssm:eu-west-1:123456789012:parameter/p", "ParameterNotFound", ""},
		{"another account's ARN", "arn:aws:ssm:us-east-1:999999999999:parameter/p", "AccessDeniedException",
			"User: " + callerARN + " is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:us-east-1:999999999999:parameter/p because no resource-based policy allows the ssm:GetParameter action"},
		{"no ARN of a parameter", "arn:aws:s3:::bucket", "ValidationException", "Invalid parameter ARN: arn:aws:s3:::bucket"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			assert.Equal(t, tt.want, s.fails(tt.wantCode, "GetParameter", object{"Name": tt.reference}))
		})
	}
}

func TestGetParametersSortsAndSeparates(t *testing.T) {
	s := newStore(t, Config{})
	s.put("b", "2")
	s.put("a", "1")
	out := s.must("GetParameters", object{"Names": []string{"b", "none", "a", "b", "a:7", "arn:aws:ssm:us-east-1:999999999999:parameter/x"}})
	assert.Equal(t, []string{"a", "b"}, names(out))
	assert.ElementsMatch(t, []any{"none", "a:7", "arn:aws:ssm:us-east-1:999999999999:parameter/x"}, out["InvalidParameters"])
}

func TestGetParametersTakesTenNames(t *testing.T) {
	s := newStore(t, Config{})
	out := s.must("GetParameters", object{"Names": numbered("p%d", 10)})
	assert.Len(t, out["InvalidParameters"], 10)
	message := s.fails("ValidationException", "GetParameters", object{"Names": numbered("p%d", 11)})
	assert.Contains(t, message, "at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
	s.fails("ValidationException", "GetParameters", object{"Names": []string{}})
	s.fails("ValidationException", "GetParameters", object{"Names": []string{"a b"}})
}

func TestByPathLevels(t *testing.T) {
	s := newStore(t, Config{})
	for _, name := range []string{"/a/1", "/a/b/2", "/a/b/c/3", "/ab/4", "/5", "plain"} {
		s.put(name, "v")
	}
	tests := []struct {
		name, path string
		recursive  bool
		want       []string
	}{
		{"one level", "/a", false, []string{"/a/1"}},
		{"trailing slash", "/a/", false, []string{"/a/1"}},
		{"recursive", "/a", true, []string{"/a/1", "/a/b/2", "/a/b/c/3"}},
		{"below", "/a/b", false, []string{"/a/b/2"}},
		{"a parameter's own name", "/a/1", true, []string{}},
		{"unknown", "/z", true, []string{}},
		{"root", "/", false, []string{"/5", "plain"}},
		{"root, recursive", "/", true, []string{"/5", "/a/1", "/a/b/2", "/a/b/c/3", "/ab/4", "plain"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			assert.Equal(t, tt.want, names(s.must("GetParametersByPath", object{"Path": tt.path, "Recursive": tt.recursive})))
		})
	}
	assert.Equal(t, errPathForm.Message, s.fails("ValidationException", "GetParametersByPath", object{"Path": "a"}))
	s.fails("ValidationException", "GetParametersByPath", object{"Path": "/a", "MaxResults": 11})
	s.fails("ValidationException", "GetParametersByPath", object{"Path": "/a", "MaxResults": 0})
}

func TestByPathPagesAreSometimesEmpty(t *testing.T) {
	s := newStore(t, Config{})
	var all []string
	for i := range 35 {
		all = append(all, fmt.Sprintf("/a/%02d", i))
		s.put(all[i], "v")
	}
	pages := s.walk("GetParametersByPath", object{"Path": "/a"})
	assert.Equal(t, [][]string{all[:10], all[10:20], {}, all[20:30], all[30:]}, pages)
}

func TestEmptyPagesCanBeChosen(t *testing.T) {
	tests := []struct{ every, wantPages int }{{-1, 4}, {1, 7}, {2, 7}, {3, 5}}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.every), func(t *testing.T) {
			s := newStore(t, Config{EmptyPageEvery: tt.every})
			for i := range 35 {
				s.put(fmt.Sprintf("/a/%02d", i), "v")
			}
			pages := s.walk("GetParametersByPath", object{"Path": "/a"})
			assert.Len(t, pages, tt.wantPages)
			total := 0
			for _, page := range pages {
				total += len(page)
			}
			assert.Equal(t, 35, total)
		})
	}
}

func TestWalkGoesOnWhenItsLastParameterIsDeleted(t *testing.T) {
	s := newStore(t, Config{EmptyPageEvery: -1})
	for i := range 4 {
		s.put(fmt.Sprintf("/a/%d", i), "v")
	}
	out := s.must("GetParametersByPath", object{"Path": "/a", "MaxResults": 2})
	s.must("DeleteParameter", object{"Name": "/a/1"})
	out = s.must("GetParametersByPath", object{"Path": "/a", "MaxResults": 2, "NextToken": out["NextToken"]})
	assert.Equal(t, []string{"/a/2", "/a/3"}, names(out))
}

func TestTokenBelongsToItsQuestion(t *testing.T) {
	s := newStore(t, Config{})
	for i := range 3 {
		s.put(fmt.Sprintf("/a/%d", i), "v")
	}
	out := s.must("GetParametersByPath", object{"Path": "/a", "MaxResults": 1})
	token := out["NextToken"].(string)
	s.fails("InvalidNextToken", "GetParametersByPath", object{"Path": "/b", "MaxResults": 1, "NextToken": token})
	s.fails("InvalidNextToken", "DescribeParameters", object{"NextToken": token})
	s.fails("InvalidNextToken", "GetParametersByPath", object{"Path": "/a", "NextToken": "made up"})
	s.fails("InvalidNextToken", "GetParametersByPath", object{"Path": "/a", "NextToken": strings.ToLower(token)})
}

func TestByPathFilters(t *testing.T) {
	s := newStore(t, Config{})
	s.put("/a/1", "v1")
	s.must("LabelParameterVersion", object{"Name": "/a/1", "Labels": []string{"prod"}})
	s.put("/a/1", "v2")
	s.must("PutParameter", object{"Name": "/a/2", "Value": "v", "Type": "StringList"})

	ask := func(filters ...object) object {
		return object{"Path": "/a", "ParameterFilters": filters}
	}
	assert.Equal(t, []string{"/a/2"}, names(s.must("GetParametersByPath", ask(object{"Key": "Type", "Values": []string{"StringList"}}))))
	out := s.must("GetParametersByPath", ask(object{"Key": "Label", "Values": []string{"prod"}}))
	require.Equal(t, []string{"/a/1"}, names(out))
	assert.Equal(t, "v1", out["Parameters"].([]any)[0].(object)["Value"])

	assert.Equal(t, "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId, Label].",
		s.fails("InvalidFilterKey", "GetParametersByPath", ask(object{"Key": "Name", "Values": []string{"x"}})))
	s.fails("InvalidFilterKey", "GetParametersByPath", ask(object{"Key": "tag:team", "Values": []string{"x"}}))
	s.fails("InvalidFilterOption", "GetParametersByPath", ask(object{"Key": "Label", "Option": "BeginsWith", "Values": []string{"x"}}))
	s.fails("ValidationException", "GetParametersByPath", ask(object{"Key": "Colour", "Values": []string{"x"}}))
}

func TestHistoryIsInOrderAndPaged(t *testing.T) {
	s := newStore(t, Config{})
	for i := range 5 {
		s.put("p", fmt.Sprint("v", i+1))
		s.now = s.now.Add(time.Minute)
	}
	s.must("LabelParameterVersion", object{"Name": "p", "ParameterVersion": 2, "Labels": []string{"prod"}})
	in := object{"Name": "p", "MaxResults": 2}
	var got []string
	for {
		out := s.must("GetParameterHistory", in)
		for _, v := range out["Parameters"].([]any) {
			entry := v.(object)
			got = append(got, fmt.Sprint(entry["Value"], entry["Labels"]))
			assert.Equal(t, callerARN, entry["LastModifiedUser"])
		}
		if out["NextToken"] == nil {
			break
		}
		in["NextToken"] = out["NextToken"]
	}
	assert.Equal(t, []string{"v1[]", "v2[prod]", "v3[]", "v4[]", "v5[]"}, got)
	s.fails("ValidationException", "GetParameterHistory", object{"Name": "p", "MaxResults": 51})
	s.fails("ParameterNotFound", "GetParameterHistory", object{"Name": "q"})
}
