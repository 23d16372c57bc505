package awsnames

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every name of the endpoints file of the SDK for Go (v1.55.8) that is not SERVICE.REGION.SUFFIX belongs to a service:
// testdata/endpoints.txt, where {R} is a region of the partition.
func TestEveryFormOfNameThatTheSDKHasIsOfAService(t *testing.T) {
	text, err := os.ReadFile("testdata/endpoints.txt")
	require.NoError(t, err)
	regions := map[string]string{
		"amazonaws.com": "us-east-1", "api.aws": "us-east-1", "amazonaws.com.cn": "cn-north-1", "api.amazonwebservices.com.cn": "cn-north-1",
		"c2s.ic.gov": "us-iso-east-1", "sc2s.sgov.gov": "us-isob-east-1",
	}
	for host := range strings.FieldsSeq(string(text)) {
		region := ""
		for suffix, r := range regions {
			if strings.HasSuffix(host, "."+suffix) {
				region = r
			}
		}
		if strings.Contains(host, ".us-gov.") {
			region = "us-gov-west-1"
		}
		require.NotEmpty(t, region, host)
		n, err := ForRegion(region)
		require.NoError(t, err)
		name := strings.ReplaceAll(host, "{R}", region)
		_, regional := n.Service(name)
		_, global := n.Global(name)
		assert.True(t, regional || global, name)
		assert.Equal(t, strings.Contains(host, "{R}"), regional, name)
		assert.True(t, IsAWS(name), name)
	}
}

func TestServiceOfEveryKindOfName(t *testing.T) {
	t.Parallel()
	n, err := ForRegion("us-east-1")
	require.NoError(t, err)
	for host, want := range map[string]Service{
		"aps-workspaces.us-east-1.amazonaws.com": "aps-workspaces", "rolesanywhere.us-east-1.amazonaws.com": "rolesanywhere",
		"rolesanywhere-fips.us-east-1.amazonaws.com": "rolesanywhere", "oidc.us-east-1.amazonaws.com": "oidc", "portal.sso.us-east-1.amazonaws.com": "sso",
		"streaming-logs.us-east-1.amazonaws.com": "streaming-logs", "logs-fips.us-east-1.amazonaws.com": Logs, "fips.logs.us-east-1.amazonaws.com": Logs,
		"api.ecr.us-east-1.amazonaws.com": "api.ecr", "123456789012.dkr.ecr.us-east-1.amazonaws.com": "dkr.ecr", "123456789012.dkr-ecr.us-east-1.on.aws": "dkr.ecr",
		"b.s3.us-east-1.amazonaws.com": S3, "s3-us-east-1.amazonaws.com": S3, "b.s3-us-east-1.amazonaws.com": S3, "s3.dualstack.us-east-1.amazonaws.com": S3,
		"x-1.s3-accesspoint.us-east-1.amazonaws.com": "s3-accesspoint", "123456789012.ddb.us-east-1.amazonaws.com": "ddb", "fips.batch.us-east-1.amazonaws.com": "batch",
		"abc.execute-api.us-east-1.amazonaws.com": "execute-api", "search-d-1.us-east-1.es.amazonaws.com": "es", "123.gr7.us-east-1.eks.amazonaws.com": "eks",
		"kms.us-east-1.api.aws": KMS, "aps-workspaces-fips.us-east-1.api.aws": "aps-workspaces",
	} {
		got, ok := n.Service(host)
		assert.True(t, ok, host)
		assert.Equal(t, want, got, host)
	}
	for host, want := range map[string]Service{
		"sts.amazonaws.com": STS, "iam.amazonaws.com": "iam", "iam-fips.amazonaws.com": "iam", "iam.global.api.aws": "iam", "s3.amazonaws.com": S3, "a.b.s3.amazonaws.com": S3,
		"b.s3-accelerate.amazonaws.com": S3, "b.s3-accelerate.dualstack.amazonaws.com": S3, "global.health.amazonaws.com": "health", "us-east-1.signin.aws.amazon.com": "signin",
	} {
		got, ok := n.Global(host)
		assert.True(t, ok, host)
		assert.Equal(t, want, got, host)
	}
	got, ok := n.Endpoint("vpce-0a-b-us-east-1a.api.ecr.us-east-1.vpce.amazonaws.com")
	assert.True(t, ok)
	assert.Equal(t, Service("api.ecr"), got)
}

func TestMachinesOfCustomersAndOtherRegionsAreNotServicesOfTheRegion(t *testing.T) {
	t.Parallel()
	n, err := ForRegion("us-east-1")
	require.NoError(t, err)
	for host, aws := range map[string]bool{
		"lb-1.us-east-1.elb.amazonaws.com": false, "ec2-1-2-3-4.compute-1.amazonaws.com": false, "ec2-1-2-3-4.us-west-2.compute.amazonaws.com": false, "db.x.us-east-1.rds.amazonaws.com": false,
		"logs.us-west-2.amazonaws.com": true, "s3-us-west-2.amazonaws.com": true, "sts.amazonaws.com.cn": true, "us-east-1.amazonaws.com": true, "vpce.us-east-1.amazonaws.com": true,
		"amazonaws.com": false, "example.com": false, "amazonaws.com.evil.example": false, "evilamazonaws.com": false, "logs.us-east-1.amazonaws.com.evil.example": false,
		"aws.amazon.com": false, "a..us-east-1.amazonaws.com": false, "a b.us-east-1.amazonaws.com": false, "*.us-east-1.amazonaws.com": false, "": false, ".": false,
	} {
		_, regional := n.Service(host)
		_, global := n.Global(host)
		_, endpoint := n.Endpoint(host)
		assert.False(t, regional || global || endpoint, host)
		assert.Equal(t, aws, IsAWS(host), host)
	}
}

// The sign-in of each partition is at names of its own (endpoint rules of the SDK's service signin, v1.5.4).
func TestSignInIsAServiceOfEachPartition(t *testing.T) {
	t.Parallel()
	for region, host := range map[string]string{
		"eu-central-1": "eu-central-1.signin.aws.amazon.com", "us-west-2": "us-west-2.oauth.signin.aws", "us-gov-west-1": "us-gov-west-1.signin-fips.amazonaws-us-gov.com",
		"cn-north-1": "cn-north-1.signin.amazonaws.cn", "us-iso-east-1": "us-iso-east-1.signin.c2shome.ic.gov", "us-isob-east-1": "us-isob-east-1.signin.sc2shome.sgov.gov",
		"us-isof-south-1": "us-isof-south-1.signin.csphome.hci.ic.gov", "eu-isoe-west-1": "eu-isoe-west-1.signin.csphome.adc-e.uk", "eusc-de-east-1": "eusc-de-east-1.signin.amazonaws-eusc.eu",
	} {
		n, err := ForRegion(region)
		require.NoError(t, err)
		got, ok := n.Global(host)
		assert.True(t, ok, host)
		assert.Equal(t, Service("signin"), got, host)
		assert.True(t, IsAWS(host), host)
		assert.False(t, IsAWS("evil"+strings.TrimPrefix(host, region+".")), host)
	}
}

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"logs.us-east-1.amazonaws.com", "b.s3.us-east-1.amazonaws.com", "vpce-1.logs.us-east-1.vpce.amazonaws.com", "iam.global.api.aws", ".", "a.es.amazonaws.com"} {
		f.Add(seed)
	}
	n, err := ForRegion("us-east-1")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, host string) {
		s, regional := n.Service(host)
		g, global := n.Global(host)
		e, endpoint := n.Endpoint(host)
		assert.Equal(t, regional, s != "")
		assert.Equal(t, global, g != "")
		assert.Equal(t, endpoint, e != "")
		if regional || global || endpoint {
			assert.True(t, IsAWS(host), "what is served ends in a suffix of AWS")
		}
	})
}
