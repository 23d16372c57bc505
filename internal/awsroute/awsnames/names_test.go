package awsnames

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublicNamesInEveryPartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-central-1":   "eu-central-1.amazonaws.com",
		"us-gov-west-1":  "us-gov-west-1.amazonaws.com",
		"cn-north-1":     "cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1": "eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1":  "us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1": "us-isob-east-1.sc2s.sgov.gov",
		"eu-isoe-west-1": "eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-east-1": "us-isof-east-1.csp.hci.ic.gov",
		"xx-nowhere-9":   "xx-nowhere-9.amazonaws.com",
	} {
		n, err := ForRegion(region)
		require.NoError(t, err)
		for _, s := range Services() {
			assert.Equal(t, string(s)+"."+want, n.Public(s))
			for _, host := range n.Hosts(s) {
				found, ok := n.Service(host)
				assert.True(t, ok, host)
				assert.Equal(t, s, found, host)
			}
		}
	}
}

func TestVariantsOfAName(t *testing.T) {
	frankfurt, err := ForRegion("eu-central-1")
	require.NoError(t, err)
	assert.Equal(t, []string{"logs.eu-central-1.amazonaws.com", "logs-fips.eu-central-1.amazonaws.com", "logs.eu-central-1.api.aws", "logs-fips.eu-central-1.api.aws"}, frankfurt.Hosts(Logs))

	gov, err := ForRegion("us-gov-west-1")
	require.NoError(t, err)
	assert.NotContains(t, gov.Hosts(Logs), "logs-fips.us-gov-west-1.amazonaws.com", "GovCloud's plain name is the FIPS one")
	assert.Contains(t, gov.Hosts(KMS), "kms-fips.us-gov-west-1.amazonaws.com")
}

func TestServiceOfAName(t *testing.T) {
	n, err := ForRegion("us-east-1")
	require.NoError(t, err)
	for host, want := range map[string]Service{
		"logs.us-east-1.amazonaws.com":                   Logs,
		"LOGS.us-east-1.amazonaws.com.":                  Logs,
		"configs.s3.us-east-1.amazonaws.com":             S3,
		"a.b.s3.dualstack.us-east-1.amazonaws.com":       S3,
		"ec2.us-east-1.api.aws":                          EC2,
		"logs.eu-central-1.amazonaws.com":                "",
		"sts.amazonaws.com":                              "",
		"logs.us-east-1.amazonaws.com.evil.example":      "",
		"evil.logs.us-east-1.amazonaws.com":              "",
		"vpce-1-2.logs.us-east-1.vpce.amazonaws.com":     "",
		"s3.us-east-1.amazonaws.com.":                    S3,
		".s3.us-east-1.amazonaws.com":                    "",
		"":                                               "",
		"169.254.169.254":                                "",
		"logs.us-east-1.amazonaws.com\x00.evil.example":  "",
		"evil.example#.s3-x.us-east-1.amazonaws.com.com": "",
	} {
		got, ok := n.Service(host)
		assert.Equal(t, want, got, host)
		assert.Equal(t, want != "", ok, host)
	}
}

func TestInterfaceEndpointNames(t *testing.T) {
	for host, want := range map[string][2]string{
		"vpce-0a1-x.logs.eu-central-1.vpce.amazonaws.com":               {"logs", "eu-central-1"},
		"vpce-0a1-x-eu-central-1a.logs.eu-central-1.vpce.amazonaws.com": {"logs", "eu-central-1"},
		"bucket.vpce-0a1-x.s3.eu-central-1.vpce.amazonaws.com":          {"s3", "eu-central-1"},
		"vpce-0a1-x.monitoring.cn-north-1.vpce.amazonaws.com.cn":        {"monitoring", "cn-north-1"},
		"vpce.example.com": {}, "logs.eu-central-1.amazonaws.com": {}, "a.b.c.vpce.amazonaws.com": {}, "": {},
	} {
		s, region, ok := InterfaceEndpoint(host)
		assert.Equal(t, want, [2]string{string(s), region}, host)
		assert.Equal(t, want[0] != "", ok, host)
	}
}

func TestBadRegionIsRefused(t *testing.T) {
	for _, region := range []string{"", "eu central", "a/b", "-"} {
		_, err := ForRegion(region)
		assert.Error(t, err, region)
	}
}

func TestCustomEndpoint(t *testing.T) {
	host, port, err := Custom("http://Localhost:4566")
	require.NoError(t, err)
	assert.Equal(t, "localhost:4566", host+":"+port)
	_, port, err = Custom("https://[::1]")
	require.NoError(t, err)
	assert.Equal(t, "443", port)
	for _, bad := range []string{"", "localhost:4566", "ftp://x", "https://", "://"} {
		_, _, err := Custom(bad)
		assert.Error(t, err, bad)
	}
}

func TestUnknownServiceNamesTheKnownOnes(t *testing.T) {
	var s Service
	require.NoError(t, s.UnmarshalText([]byte("logs")))
	assert.EqualError(t, s.UnmarshalText([]byte("log")), `unknown service "log": it must be one of logs, monitoring, ssm, sts, xray, ec2, s3, kms, secretsmanager, all, or another of AWS's as its endpoint's name has it, such as aps-workspaces`)
}
