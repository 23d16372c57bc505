package ssm

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const expires = `[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-03-02T12:00:00.000Z"}}]`

func TestPoliciesMakeAnIntelligentParameterAdvanced(t *testing.T) {
	s := newStore(t, Config{})
	in := object{"Name": "p", "Value": "v", "Type": "String", "Tier": "Intelligent-Tiering", "Policies": expires}
	assert.Equal(t, "Advanced", s.must("PutParameter", in)["Tier"])
}

func TestExpirationPolicyDeletesTheParameter(t *testing.T) {
	s := newStore(t, Config{})
	s.must("PutParameter", object{"Name": "/a/p", "Value": "v", "Type": "String", "Tier": "Advanced", "Policies": expires})
	s.must("PutParameter", object{"Name": "/a/p", "Value": "policies stay", "Overwrite": true})
	s.now = s.now.Add(24*time.Hour - time.Second)
	assert.Equal(t, "policies stay", s.get("/a/p")["Value"])

	s.now = s.now.Add(time.Second)
	s.fails("ParameterNotFound", "GetParameter", object{"Name": "/a/p"})
	assert.Empty(t, names(s.must("GetParametersByPath", object{"Path": "/a"})))
	assert.Empty(t, names(s.must("DescribeParameters", object{})))
	assert.EqualValues(t, 1, s.put("/a/p", "anew")["Version"])
}

func TestPoliciesAreShown(t *testing.T) {
	s := newStore(t, Config{})
	s.must("PutParameter", object{"Name": "p", "Value": "v", "Type": "String", "Tier": "Advanced", "Policies": expires})
	got := s.must("DescribeParameters", object{})["Parameters"].([]any)[0].(object)["Policies"].([]any)[0].(object)
	assert.Equal(t, object{"PolicyText": strings.Trim(expires, "[]"), "PolicyType": "Expiration", "PolicyStatus": "Pending"}, got)
}

func TestPolicyErrors(t *testing.T) {
	notify := `{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}`
	expiration := strings.Trim(expires, "[]")
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(notify+",", n), ",") + "]" }
	tests := []struct{ name, policies, wantCode string }{
		{"ten", many(10), ""},
		{"eleven", many(11), "PoliciesLimitExceededException"},
		{"none", "", ""},
		{"two expirations", "[" + expiration + "," + expiration + "]", "IncompatiblePolicyException"},
		{"unknown type", `[{"Type":"Rotation","Version":"1.0"}]`, "InvalidPolicyTypeException"},
		{"no time", `[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"soon"}}]`, "InvalidPolicyAttributeException"},
		{"wrong unit", strings.ReplaceAll(many(1), "Days", "Weeks"), "InvalidPolicyAttributeException"},
		{"wrong version", strings.ReplaceAll(many(1), "1.0", "2.0"), "InvalidPolicyAttributeException"},
		{"no array", notify, "InvalidPolicyAttributeException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, Config{})
			in := object{"Name": "p", "Value": "v", "Type": "String", "Tier": "Advanced", "Policies": tt.policies}
			if tt.wantCode == "" {
				s.must("PutParameter", in)
			} else {
				s.fails(tt.wantCode, "PutParameter", in)
			}
		})
	}
}
