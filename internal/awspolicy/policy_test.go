package awspolicy

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write distributions/aws/policies anew")

const (
	folder  = "../../distributions/aws/policies"
	refresh = "go test ./internal/awspolicy -run TestCommitted -args -update"
)

// committed are the policies of distributions/aws/policies by their names.
func committed(t *testing.T) map[string]Document {
	t.Helper()
	all := map[string]Document{}
	for _, f := range Features {
		d, err := Policy([]Need{{Feature: f.Name}}, nil)
		require.NoError(t, err)
		all[f.Name] = d
	}
	var merged map[string]any
	text, err := os.ReadFile("../../config/host.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &merged))
	needs, notes, err := Of(t.Context(), merged, nil)
	require.NoError(t, err)
	assert.Empty(t, notes)
	all["host"], err = Policy(needs, nil)
	require.NoError(t, err)
	return all
}

func TestCommittedPoliciesAreWhatTheTableSays(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	want := map[string]string{}
	for name, d := range committed(t) {
		var text strings.Builder
		require.NoError(t, d.Write(&text))
		want[name+".json"] = text.String()
		if *update {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name+".json"), []byte(text.String()), 0o644))
		}
	}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		require.NoError(t, err)
		assert.Equal(t, want[e.Name()], string(text), "%s is stale, or of no feature: remove it, or run %s", e.Name(), refresh)
		delete(want, e.Name())
	}
	assert.Empty(t, want, "missing: run %s", refresh)
}

// operations are what an SDK's client can call.
func operations(client any) []string {
	var names []string
	for of := reflect.TypeOf(client); len(names) < of.NumMethod(); {
		names = append(names, of.Method(len(names)).Name)
	}
	return names
}

// known are the actions that there are: the operations of the SDKs that this module has, and a table of
// the others, written from the Service Authorization Reference.
var known = map[string][]string{
	"logs":       operations(&cloudwatchlogs.Client{}),
	"cloudwatch": operations(&cloudwatch.Client{}),
	"sts":        append(operations(&sts.Client{}), "TagSession", "SetSourceIdentity"), // permissions without a call
	"xray":       operations(&xray.Client{}),
	// What only the SSM Agent calls is not in the SDK.
	"ssm":            append(operations(&ssm.Client{}), "GetManifest", "ListInstanceAssociations", "PutConfigurePackageResult", "RegisterManagedInstance", "UpdateInstanceAssociationStatus", "UpdateInstanceInformation"),
	"ssmmessages":    {"CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"},
	"ec2messages":    {"AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"},
	"ec2":            {"DescribeAvailabilityZones", "DescribeInstances", "DescribeTags", "DescribeVolumes"},
	"ecs":            {"DescribeContainerInstances", "DescribeServices", "DescribeTaskDefinition", "DescribeTasks", "ListServices", "ListTasks"},
	"kms":            {"Decrypt", "Decrypt*", "Describe*", "Encrypt", "Encrypt*", "GenerateDataKey", "GenerateDataKey*", "ReEncrypt*"},
	"s3":             {"GetObject"},
	"secretsmanager": {"GetSecretValue"},
	"aps":            {"RemoteWrite"},
}

var (
	sid = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	// arn is partition, service, region, account, resource; each may be a place or a pattern.
	arn       = regexp.MustCompile(`^(\*|\{[A-Z_]+\}|arn:[a-z-]+:[a-z0-9]+:(\*|[a-z0-9-]*|\{[A-Z_]+\}):(\*|\d{12}|\{[A-Z_]+\})?:\S+)$`)
	operators = []string{"StringEquals", "StringLike", "ArnEquals", "ArnLike"}
	condition = regexp.MustCompile(`^(aws|kms):[A-Za-z:_/-]+$|^\{OIDC_PROVIDER\}:(aud|sub)$`)
)

// grammar asserts that a policy is one: keys, actions that exist, the shape of ARNs, and that it has what its kind has.
func grammar(t *testing.T, kind Kind, text []byte) {
	t.Helper()
	var d struct {
		Version   string
		Statement []map[string]json.RawMessage
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&d))
	assert.Equal(t, Version, d.Version)
	require.NotEmpty(t, d.Statement)
	var sids []string
	for _, raw := range d.Statement {
		for key := range raw {
			assert.Contains(t, []string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, key)
		}
		assert.Equal(t, kind == Identity, raw["Principal"] == nil, "a principal in a policy of kind %s", kind)
		assert.Equal(t, kind == Trust, raw["Resource"] == nil, "a resource in a policy of kind %s", kind)
		var s Statement
		text, err := json.Marshal(raw)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &s))
		assert.Equal(t, "Allow", s.Effect)
		assert.Regexp(t, sid, s.Sid)
		assert.NotContains(t, sids, s.Sid, "a Sid stands once in a policy")
		sids = append(sids, s.Sid)
		assert.NotEmpty(t, s.Action)
		for _, a := range s.Action {
			service, name, ok := strings.Cut(a, ":")
			require.True(t, ok, a)
			assert.Contains(t, known[service], name, "no such action of %s", service)
		}
		for _, r := range s.Resource {
			assert.Regexp(t, arn, r)
		}
		for operator, of := range s.Condition {
			assert.Contains(t, operators, operator)
			for key, value := range of {
				assert.Regexp(t, condition, key)
				if !strings.HasSuffix(operator, "Like") {
					assert.NotContains(t, value, "*", "%s takes no pattern: it would match nothing", operator)
				}
			}
		}
	}
}

func TestPoliciesAreGrammatical(t *testing.T) {
	t.Parallel()
	for name, d := range committed(t) {
		t.Run(name, func(t *testing.T) {
			kind := Identity
			if f, err := Named(name); err == nil {
				kind = f.Kind
			}
			text, err := json.Marshal(d)
			require.NoError(t, err)
			grammar(t, kind, text)
			// AWS's limits: 6,144 characters without spaces of a managed policy, 2,048 of a trust policy.
			assert.LessOrEqual(t, len(text), map[Kind]int{Identity: 6144, Trust: 2048, Endpoint: 20480, Key: 32768}[kind])
		})
	}
}

func TestEveryFeatureIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/deploying/permissions.md")
	require.NoError(t, err)
	for _, f := range Features {
		assert.Contains(t, string(page), "| [`"+f.Name+"`](../../distributions/aws/policies/"+f.Name+".json) | "+f.Summary+" |\n")
	}
}

func TestEveryStatementHasAReasonAndAFeature(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, f := range Features {
		assert.NotEmpty(t, f.Summary)
		for _, sid := range f.grants {
			require.Contains(t, grants, sid, f.Name)
			used[sid] = true
			assert.NotEmpty(t, grants[sid].why, sid)
		}
	}
	for sid := range grants {
		assert.True(t, used[sid], "%s is of no feature", sid)
	}
}

// What an identity may do has to pass the endpoint of the service, or a private network breaks it.
func TestEndpointsPassWhatIdentitiesMayDo(t *testing.T) {
	t.Parallel()
	prefixes := map[string]string{"monitoring": "cloudwatch"}
	for _, e := range Features {
		if e.Kind != Endpoint {
			continue
		}
		service := strings.TrimPrefix(e.Name, "endpoint_")
		prefix := service
		if p, ok := prefixes[service]; ok {
			prefix = p
		}
		passes, err := Policy([]Need{{Feature: e.Name}}, nil)
		require.NoError(t, err)
		var needed []string
		for _, f := range Features {
			if f.Kind == Endpoint || f.Kind == Key || f.Kind == Trust && f.Name != "trust_irsa" {
				continue
			}
			d, err := Policy([]Need{{Feature: f.Name}}, nil)
			require.NoError(t, err)
			for _, a := range d.Actions() {
				if strings.HasPrefix(a, prefix+":") {
					needed = append(needed, a)
				}
			}
		}
		assert.Subset(t, passes.Actions(), needed, service)
		for _, a := range passes.Actions() {
			anonymous := []string{"ssm:RegisterManagedInstance", "sts:GetCallerIdentity"} // which nobody has to be allowed
			assert.True(t, slices.Contains(needed, a) || slices.Contains(anonymous, a), "%s passes %s, which nobody needs", e.Name, a)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"a*c", "abbc", true}, {"a*c", "abbd", false},
		{"a*b*c", "a-b-b-c", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"**", "x", true}, {"", "", true}, {"", "a", false},
		{"log-group:/f/*:log-stream:*", "log-group:/f/x/y:log-stream:a/b", true},
		{"log-group:/f/*:log-stream:*", "log-group:/g/x:log-stream:a", false},
	} {
		assert.Equal(t, test.want, matches(test.pattern, test.text), "%s %s", test.pattern, test.text)
	}
	assert.Equal(t, []string{"a*", "b"}, distinct([]string{"ab", "b", "a*", "a*", "ac"}))
	assert.Len(t, distinct([]string{"a*", "a**"}), 1)
}
