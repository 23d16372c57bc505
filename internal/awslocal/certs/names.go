package certs

import (
	"net"
	"slices"
	"strings"
)

// suffixes are the DNS suffixes of AWS's partitions, and their dual-stack ones (aws-sdk partitions
// data).
var suffixes = []string{
	"amazonaws.com", "api.aws", // aws, aws-us-gov
	"amazonaws.com.cn", "api.amazonwebservices.com.cn", // aws-cn
	"amazonaws.eu", "api.amazonwebservices.eu", // aws-eusc
	"c2s.ic.gov", "api.aws.ic.gov", // aws-iso
	"sc2s.sgov.gov", "api.aws.scloud", // aws-iso-b
	"cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", // aws-iso-e
	"csp.hci.ic.gov", "api.aws.hci.ic.gov", // aws-iso-f
}

// services are the first labels of the public names that get certificates. sts also has a global name.
var services = []string{"logs", "monitoring", "ssm", "sts", "xray", "ec2", "kms", "s3", "secretsmanager"}

// loopback are the names and addresses of the machine itself.
var loopback = []string{"localhost", "127.0.0.1", "::1"}

// covered is what the certificate for a name says: all names that AWS serves together. It is nil for a
// name that is not AWS's and not loopback. "" stands for a client that sent no name.
func covered(name string) []string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || slices.Contains(loopback, name) {
		return loopback
	}
	if ip := net.ParseIP(name); ip != nil {
		return nil
	}
	suffix := longestSuffix(name)
	if suffix == "" {
		return nil
	}
	labels := strings.Split(strings.TrimSuffix(name, "."+suffix), ".")
	if len(labels) > 2 && labels[len(labels)-1] == "vpce" { // vpce-ID-X.SERVICE.REGION.vpce.SUFFIX
		labels = labels[:len(labels)-1]
		if len(labels) == 3 {
			if !strings.HasPrefix(labels[0], "vpce-") {
				return nil
			}
			labels = labels[1:]
		}
	}
	service := strings.TrimSuffix(labels[0], "-fips")
	if !slices.Contains(services, service) || len(labels) > 2 || len(labels) == 1 && service != "sts" {
		return nil
	}
	if len(labels) == 1 {
		return []string{service + "." + suffix}
	}
	region := labels[1]
	public := service + "." + region + "." + suffix
	private := service + "." + region + ".vpce." + suffix
	return []string{public, service + "-fips." + region + "." + suffix, private, "*." + private}
}

func longestSuffix(name string) string {
	longest := ""
	for _, suffix := range suffixes {
		if strings.HasSuffix(name, "."+suffix) && len(suffix) > len(longest) {
			longest = suffix
		}
	}
	return longest
}
