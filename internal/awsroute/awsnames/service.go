package awsnames

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// Service is an AWS service by the label of its endpoint's name that stands before the region.
type Service string

// The services that a collector calls.
const (
	Logs           Service = "logs"
	Monitoring     Service = "monitoring"
	SSM            Service = "ssm"
	STS            Service = "sts"
	XRay           Service = "xray"
	EC2            Service = "ec2"
	S3             Service = "s3"
	KMS            Service = "kms"
	SecretsManager Service = "secretsmanager"
	// All stands for every service in a configuration. It has no names of its own.
	All Service = "all"
)

var services = []Service{Logs, Monitoring, SSM, STS, XRay, EC2, S3, KMS, SecretsManager}

// others are the further services that a configuration may name, one a line, as the endpoints file of the SDK
// for Go v1.55.8 and AWS's page of endpoints have them. It finds typos and nothing else: the names of a service
// that is not in it are served all the same.
//
//go:embed services.txt
var others string

// Services are the services that a collector calls, in the order in which they are shown.
func Services() []Service { return slices.Clone(services) }

// UnmarshalText accepts the names of AWS's services and "all".
func (s *Service) UnmarshalText(text []byte) error {
	v := Service(text)
	if v == All || slices.Contains(services, v) || v != "" && slices.Contains(strings.Fields(others), string(v)) {
		*s = v
		return nil
	}
	names := make([]string, 0, len(services)+1)
	for _, known := range append(Services(), All) {
		names = append(names, string(known))
	}
	return fmt.Errorf("unknown service %q: it must be one of %s, or another of AWS's as its endpoint's name has it, such as aps-workspaces", text, strings.Join(names, ", "))
}
