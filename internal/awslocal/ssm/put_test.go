package ssm

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParameterNames(t *testing.T) {
	deep := func(levels int) string { return strings.Repeat("/l", levels) }
	longest := MaxFullName - len("arn:aws:ssm:us-east-1:123456789012:parameter/")
	tests := []struct {
		name, parameter string
		wantCode        string
	}{
		{"plain", "AmazonCloudWatch-linux", ""},
		{"hierarchy", "/dev/otel.collector/config_1-a", ""},
		{"aws inside", "/dev/aws/ssm", ""},
		{"spaces around", "  padded ", ""},
		{"15 levels", deep(15), ""},
		{"longest", strings.Repeat("n", longest), ""},
		{"16 levels", deep(16), "HierarchyLevelLimitExceededException"},
		{"one character too long", strings.Repeat("n", longest+1), "ValidationException"},
		{"longer than the model", strings.Repeat("n", 2049), "ValidationException"},
		{"empty", "", "ValidationException"},
		{"path without leading slash", "dev/config", "ValidationException"},
		{"space inside", "a b", "ValidationException"},
		{"double slash", "/a//b", "ValidationException"},
		{"trailing slash", "/a/", "ValidationException"},
		{"at sign", "/dev/me@example.com", "ValidationException"},
		{"aws path", "/aws/config", "AccessDeniedException"},
		{"aws as a part of the first level, in capitals", "/AWSsec/config", "AccessDeniedException"},
		{"ssm path", "/ssm/config", "ValidationException"},
		{"aws prefix", "awsConfig", "ValidationException"},
		{"ssm prefix in capitals", "SSMconfig", "ValidationException"},
		{"ARN", "arn:aws:ssm:us-east-1:123456789012:parameter/a", "ValidationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, Config{})
			in := object{"Name": tt.parameter, "Value": "v", "Type": "String"}
			if tt.wantCode == "" {
				assert.EqualValues(t, 1, s.must("PutParameter", in)["Version"])
				assert.Equal(t, strings.TrimSpace(tt.parameter), s.get(tt.parameter)["Name"])
				return
			}
			s.fails(tt.wantCode, "PutParameter", in)
		})
	}
}

func TestNameErrorsAreWordedLikeAWS(t *testing.T) {
	s := newStore(t, Config{})
	in := func(name string) object { return object{"Name": name, "Value": "v", "Type": "String"} }
	assert.Equal(t, "No access to reserved parameter name: awssec/lab.", s.fails("AccessDeniedException", "PutParameter", in("/awssec/lab")))
	assert.Equal(t, `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`, s.fails("ValidationException", "PutParameter", in("ssmx")))
	assert.Equal(t, "Parameter name must be a fully qualified name.", s.fails("ValidationException", "PutParameter", in("a/b")))
	assert.Equal(t, "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
		s.fails("ValidationException", "PutParameter", in("")))
}

func TestValueSizeByTier(t *testing.T) {
	tests := []struct {
		name, tier string
		size       int
		wantTier   string
		wantError  string
	}{
		{"standard, full", "Standard", 4096, "Standard", ""},
		{"standard is the default", "", 4096, "Standard", ""},
		{"standard, one too many", "Standard", 4097, "", "Standard tier parameters support a maximum parameter value of 4096 characters."},
		{"advanced, full", "Advanced", 8192, "Advanced", ""},
		{"advanced, one too many", "Advanced", 8193, "", "The specified parameter value is too large."},
		{"intelligent, small", "Intelligent-Tiering", 4096, "Standard", ""},
		{"intelligent, large", "Intelligent-Tiering", 4097, "Advanced", ""},
		{"intelligent, too large", "Intelligent-Tiering", 8193, "", "The specified parameter value is too large."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, Config{})
			in := object{"Name": "p", "Value": strings.Repeat("x", tt.size), "Type": "String"}
			if tt.tier != "" {
				in["Tier"] = tt.tier
			}
			if tt.wantError != "" {
				assert.Contains(t, s.fails("ValidationException", "PutParameter", in), tt.wantError)
				return
			}
			assert.Equal(t, tt.wantTier, s.must("PutParameter", in)["Tier"])
		})
	}
}

func TestAdvancedParameterStaysAdvanced(t *testing.T) {
	s := newStore(t, Config{})
	s.must("PutParameter", object{"Name": "p", "Value": "v", "Type": "String", "Tier": "Advanced"})

	message := s.fails("ValidationException", "PutParameter", object{"Name": "p", "Value": "v", "Overwrite": true, "Tier": "Standard"})
	assert.Equal(t, "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. "+
		"If necessary, you can delete the advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value limit of 4096 characters.", message)

	assert.Equal(t, "Advanced", s.must("PutParameter", object{"Name": "p", "Value": "v", "Overwrite": true})["Tier"])
	assert.Equal(t, "Advanced", s.must("PutParameter", object{"Name": "p", "Value": "v", "Overwrite": true, "Tier": "Intelligent-Tiering"})["Tier"])
}

func TestPutRefuses(t *testing.T) {
	tests := []struct {
		name     string
		change   object
		wantCode string
		want     string
	}{
		{"no name", object{"Name": nil}, "ValidationException", "Value null at 'name'"},
		{"no value", object{"Value": nil}, "ValidationException", "Value null at 'value'"},
		{"empty value", object{"Value": ""}, "ValidationException", "at 'value'"},
		{"unknown type", object{"Type": "Binary"}, "ValidationException", "[SecureString, StringList, String]"},
		{"no type on creation", object{"Type": nil}, "ValidationException", "A parameter type is required when you create a parameter."},
		{"unknown tier", object{"Tier": "Free"}, "ValidationException", "enum value set"},
		{"description of 1025", object{"Description": strings.Repeat("d", 1025)}, "ValidationException", "less than or equal to 1024"},
		{"nested parameter", object{"Value": "a {{ssm:other}} b"}, "ValidationException", "can't nest another parameter"},
		{"empty braces", object{"Value": "{{}}"}, "ValidationException", "can't nest another parameter"},
		{"pattern not met", object{"AllowedPattern": `\d{1,4}`}, "ParameterPatternMismatchException", `cannot be validated against allowedPattern: \d{1,4}`},
		{"pattern is none", object{"AllowedPattern": "("}, "InvalidAllowedPatternException", ""},
		{"unknown data type", object{"DataType": "Text"}, "ValidationException", "The following data type is not supported: Text (Data type names are all lowercase.)"},
		{"no image", object{"DataType": "aws:ec2:image"}, "ValidationException", "not a valid image ID"},
		{"key for a String", object{"KeyId": "alias/mine"}, "ValidationException", "KeyId"},
		{"tags and overwrite", object{"Overwrite": true, "Tags": []object{{"Key": "a", "Value": "b"}}}, "ValidationException", "tags and overwrite can't be used together"},
		{"tag without value", object{"Tags": []object{{"Key": "a"}}}, "ValidationException", "Value null at 'tags.1.member.value'"},
		{"policies in the standard tier", object{"Tier": "Standard", "Policies": expires}, "ValidationException", "advanced-parameter tier"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, Config{})
			in := object{"Name": "p", "Value": "value", "Type": "String"}
			for k, v := range tt.change {
				in[k] = v
			}
			assert.Contains(t, s.fails(tt.wantCode, "PutParameter", in), tt.want)
			assert.Empty(t, s.Status().Parameters, "a refused put must change nothing")
		})
	}
}

func TestValueWithBracesThatDoNotCloseIsKept(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "}} {{ {")
	assert.Equal(t, "}} {{ {", s.get("p")["Value"])
}

func TestSecondPutNeedsOverwrite(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "one")
	message := s.fails("ParameterAlreadyExists", "PutParameter", object{"Name": "p", "Value": "two", "Type": "String"})
	assert.Equal(t, "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.", message)
	assert.Equal(t, "one", s.get("p")["Value"])
}

func TestOverwriteKeepsWhatItDoesNotName(t *testing.T) {
	s := newStore(t, Config{})
	s.must("PutParameter", object{"Name": "p", "Value": "12", "Type": "String", "Description": "d", "AllowedPattern": `\d+`, "Tags": []object{{"Key": "team", "Value": "ops"}}})
	assert.EqualValues(t, 2, s.must("PutParameter", object{"Name": "p", "Value": "13", "Overwrite": true})["Version"])

	got := s.must("DescribeParameters", object{})["Parameters"].([]any)[0].(object)
	assert.Equal(t, "d", got["Description"])
	assert.Equal(t, `\d+`, got["AllowedPattern"])
	assert.Equal(t, "String", got["Type"])
	assert.Equal(t, callerARN, got["LastModifiedUser"])
	tags := s.must("ListTagsForResource", object{"ResourceType": "Parameter", "ResourceId": "p"})
	assert.Equal(t, []any{object{"Key": "team", "Value": "ops"}}, tags["TagList"])
	s.fails("ParameterPatternMismatchException", "PutParameter", object{"Name": "p", "Value": "x", "Overwrite": true})
}

// The service documents HierarchyTypeMismatchException for this, but accepts it.
func TestOverwriteMayChangeTheType(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	s.must("PutParameter", object{"Name": "p", "Value": "v", "Type": "SecureString", "Overwrite": true})
	assert.Equal(t, "SecureString", s.get("p")["Type"])
}

func TestOldestOf100VersionsGoes(t *testing.T) {
	s := newStore(t, Config{})
	for i := range MaxVersions {
		s.put("p", fmt.Sprint("v", i+1))
	}
	assert.Equal(t, "v1", s.get("p:1")["Value"], "100 versions are kept")
	s.put("p", "v101")
	assert.Equal(t, "Systems Manager could not find version 1 of p. Verify the version and try again.",
		s.fails("ParameterVersionNotFound", "GetParameter", object{"Name": "p:1"}))
	assert.Equal(t, "v2", s.get("p:2")["Value"])
}

func TestLabelOnTheOldestVersionStopsThePut(t *testing.T) {
	s := newStore(t, Config{})
	for i := range MaxVersions {
		s.put("p", fmt.Sprint("v", i+1))
	}
	s.must("LabelParameterVersion", object{"Name": "p", "ParameterVersion": 1, "Labels": []string{"stable"}})
	message := s.fails("ParameterMaxVersionLimitExceeded", "PutParameter", object{"Name": "p", "Value": "v101", "Overwrite": true})
	assert.Contains(t, message, "Version 1, the oldest version, can't be deleted because it has a label associated with it.")

	s.must("LabelParameterVersion", object{"Name": "p", "Labels": []string{"stable"}})
	s.put("p", "v101")
	assert.Equal(t, "v100", s.get("p:stable")["Value"])
}

func TestStandardParametersAreLimited(t *testing.T) {
	s := newStore(t, Config{})
	for i := range MaxStandardParameters {
		s.put(fmt.Sprint("p", i), "v")
	}
	in := object{"Name": "more", "Value": "v", "Type": "String"}
	assert.Contains(t, s.fails("ParameterLimitExceeded", "PutParameter", in), "You have reached the maximum number of standard parameters for this AWS account and Region (10000).")
	in["Tier"] = "Intelligent-Tiering"
	assert.Equal(t, "Advanced", s.must("PutParameter", in)["Tier"])
	s.put("p0", "an overwrite needs no room")
	s.must("DeleteParameter", object{"Name": "p1"})
	s.put("instead", "v")
}

func TestStoredBytesAreCounted(t *testing.T) {
	s := newStore(t, Config{})
	for range MaxVersions + 20 {
		s.put("p", "12345")
	}
	assert.EqualValues(t, 5*MaxVersions, s.bytes)
	s.must("DeleteParameter", object{"Name": "p"})
	assert.Zero(t, s.bytes)
	assert.Zero(t, s.standard)
}

func TestSecureStringIsEncrypted(t *testing.T) {
	s := newStore(t, Config{})
	s.must("PutParameter", object{"Name": "/app/token", "Value": "s3cret", "Type": "SecureString"})

	sealed := s.get("/app/token")["Value"].(string)
	assert.True(t, strings.HasPrefix(sealed, "AQICAH"), sealed)
	assert.NotContains(t, s.parameters["/app/token"].latest().stored, "s3cret")
	for _, status := range s.Status().Parameters {
		assert.Empty(t, status.Value)
		assert.Equal(t, 6, status.Size)
	}
	open := s.must("GetParameter", object{"Name": "/app/token", "WithDecryption": true})["Parameter"].(object)
	assert.Equal(t, "s3cret", open["Value"])
	byPath := s.must("GetParametersByPath", object{"Path": "/app", "WithDecryption": true})["Parameters"].([]any)[0].(object)
	assert.Equal(t, "s3cret", byPath["Value"])
	history := s.must("GetParameterHistory", object{"Name": "/app/token"})["Parameters"].([]any)[0].(object)
	assert.Equal(t, sealed, history["Value"])
	assert.Equal(t, "alias/aws/ssm", history["KeyId"])
}

func TestUnknownKMSKeyIsRefusedWhereKeysAreListed(t *testing.T) {
	s := newStore(t, Config{KMSKeys: []string{"alias/mine"}})
	in := object{"Name": "p", "Value": "v", "Type": "SecureString", "KeyId": "alias/mine"}
	s.must("PutParameter", in)
	in["Name"], in["KeyId"] = "q", "alias/other"
	s.fails("InvalidKeyId", "PutParameter", in)
	in["KeyId"] = "alias/aws/ssm"
	s.must("PutParameter", in)
}

func TestCiphertextOfAnotherInstanceStaysClosed(t *testing.T) {
	sealed := newSealer().seal("secret", "context")
	assert.Empty(t, newSealer().open(sealed, "context"))
	one := newSealer()
	sealed = one.seal("secret", "context")
	assert.Empty(t, one.open(sealed, "other context"))
	assert.Empty(t, one.open("AQIC", "context"))
	assert.Empty(t, one.open("not base64!", "context"))
	require.Equal(t, "secret", one.open(sealed, "context"))
}

func TestConcurrentCallsSeeWholeVersions(t *testing.T) {
	s := newStore(t, Config{})
	s.put("/a/p", "0")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 50 {
				s.put("/a/p", strconv.Itoa(i))
				s.must("LabelParameterVersion", object{"Name": "/a/p", "Labels": []string{"prod"}})
				s.must("GetParametersByPath", object{"Path": "/a"})
				s.must("GetParameterHistory", object{"Name": "/a/p"})
				s.Status()
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 8*50+1, s.get("/a/p")["Version"])
}
