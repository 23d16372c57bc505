package awsnames

import (
	"fmt"
	"slices"
	"strings"
)

// Service is an AWS service by the first label of its endpoint's name.
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

// Services are all services, in the order in which they are shown.
func Services() []Service { return slices.Clone(services) }

// UnmarshalText accepts the names of the services and "all".
func (s *Service) UnmarshalText(text []byte) error {
	if v := Service(text); v == All || slices.Contains(services, v) {
		*s = v
		return nil
	}
	names := make([]string, 0, len(services)+1)
	for _, known := range append(Services(), All) {
		names = append(names, string(known))
	}
	return fmt.Errorf("unknown service %q: it must be one of %s", text, strings.Join(names, ", "))
}
