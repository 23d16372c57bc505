package faults

import (
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// resourceOf is the ARN that a refusal names. It is empty for CloudWatch metrics and X-Ray, whose calls
// here cannot be limited to a resource.
func resourceOf(c *wire.Call) string {
	partition, _ := wire.Partition(c.Region)
	arn := "arn:" + partition + ":" + c.Service + ":" + c.Region + ":" + c.Account + ":"
	switch c.Service {
	case wire.Logs:
		// The service writes both parts, also where the call names no stream, or neither.
		n := names{call: c}
		n.read()
		return arn + "log-group:" + n.LogGroup + ":log-stream:" + n.LogStream
	case wire.SSM:
		return parameterARN(c, arn)
	case wire.STS:
		var in struct {
			RoleARN string `json:"RoleArn"`
		}
		if c.Decode(&in) != nil {
			return ""
		}
		return in.RoleARN
	}
	return ""
}

func parameterARN(c *wire.Call, arn string) string {
	var in struct {
		Name, Path string
		Names      []string
	}
	if c.Decode(&in) != nil {
		return arn + "*"
	}
	name := in.Name + in.Path // no call has both
	if len(in.Names) > 0 {
		name = in.Names[0]
	}
	switch {
	case name == "":
		return arn + "*"
	case strings.HasPrefix(name, "arn:"):
		return name
	}
	return arn + "parameter/" + strings.TrimPrefix(name, "/")
}
