package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPartitionOfRegion(t *testing.T) {
	for region, want := range map[string][2]string{
		"us-east-1":       {"aws", "amazonaws.com"},
		"eu-central-1":    {"aws", "amazonaws.com"},
		"cn-north-1":      {"aws-cn", "amazonaws.com.cn"},
		"us-gov-west-1":   {"aws-us-gov", "amazonaws.com"},
		"us-iso-east-1":   {"aws-iso", "c2s.ic.gov"},
		"us-isob-east-1":  {"aws-iso-b", "sc2s.sgov.gov"},
		"eusc-de-east-1":  {"aws-eusc", "amazonaws.eu"},
		"us-isof-south-1": {"aws-iso-f", "csp.hci.ic.gov"},
		"eu-isoe-west-1":  {"aws-iso-e", "cloud.adc-e.uk"},
	} {
		name, domain := Partition(region)
		assert.Equal(t, want, [2]string{name, domain}, region)
	}
}
