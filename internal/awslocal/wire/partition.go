package wire

import "strings"

// partitions are the partitions beside "aws", by the prefix of their regions' names, with the domain
// of their endpoints.
var partitions = []struct{ prefix, name, domain string }{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
}

// Partition returns a region's partition, as it stands in ARNs, and the domain of its endpoints.
func Partition(region string) (name, domain string) {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.name, p.domain
		}
	}
	return "aws", "amazonaws.com"
}
