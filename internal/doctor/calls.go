package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// call is a signed call that changes nothing.
type call struct {
	name string
	do   func(context.Context, aws.Config) error
	// answers are errors that say as much as a success: what was asked for is not there.
	answers map[string]string
	// success is what is said of one.
	success string
}

// probeName is a parameter that nobody has. It matches the names that CloudWatchAgentServerPolicy lets
// an agent read (AmazonCloudWatch-*).
const probeName = "AmazonCloudWatch-otelcol-cloudwatch-doctor"

// callFor is the call for a service; group is the log group that data goes to, if it is known. It
// returns false where there is none.
func callFor(s awsnames.Service, group string) (call, bool) {
	switch s {
	case awsnames.Logs:
		return logsCall(group), true
	case awsnames.Monitoring:
		return call{name: "cloudwatch:ListMetrics", success: "answered", do: func(ctx context.Context, c aws.Config) error {
			_, err := cloudwatch.NewFromConfig(c).ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("CWAgent")})
			return err
		}}, true
	case awsnames.SSM:
		return call{
			name: "ssm:GetParameter", success: "answered",
			answers: map[string]string{"ParameterNotFound": "answered; the parameter that was asked for does not exist, as it should"},
			do: func(ctx context.Context, c aws.Config) error {
				_, err := ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(probeName)})
				return err
			},
		}, true
	case awsnames.STS:
		return call{name: "sts:GetCallerIdentity", success: "answered", do: func(ctx context.Context, c aws.Config) error {
			_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		}}, true
	case awsnames.XRay:
		return call{name: "xray:GetSamplingRules", success: "answered", do: func(ctx context.Context, c aws.Config) error {
			_, err := xray.NewFromConfig(c).GetSamplingRules(ctx, &xray.GetSamplingRulesInput{})
			return err
		}}, true
	}
	return call{}, false
}

// logsCall asks for the streams of the group that is written to, where the name has no placeholders:
// CloudWatchAgentServerPolicy allows that, and it tells whether the group exists.
func logsCall(group string) call {
	if group == "" || strings.ContainsAny(group, "{}") {
		return call{name: "logs:DescribeLogGroups", success: "answered", do: func(ctx context.Context, c aws.Config) error {
			_, err := cloudwatchlogs.NewFromConfig(c).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(1)})
			return err
		}}
	}
	return call{
		name: "logs:DescribeLogStreams", success: "answered; log group " + group + " exists",
		answers: map[string]string{"ResourceNotFoundException": "answered; log group " + group + " does not exist yet: making it needs logs:CreateLogGroup"},
		do: func(ctx context.Context, c aws.Config) error {
			_, err := cloudwatchlogs.NewFromConfig(c).DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String(group), Limit: aws.Int32(1)})
			return err
		},
	}
}

// endpointOf is the URL that the SDK would call instead of AWS's name: the configured one, or that of
// AWS_ENDPOINT_URL and its like.
func endpointOf(c aws.Config, s awsnames.Service) string {
	switch s {
	case awsnames.Logs:
		return aws.ToString(cloudwatchlogs.NewFromConfig(c).Options().BaseEndpoint)
	case awsnames.Monitoring:
		return aws.ToString(cloudwatch.NewFromConfig(c).Options().BaseEndpoint)
	case awsnames.SSM:
		return aws.ToString(ssm.NewFromConfig(c).Options().BaseEndpoint)
	case awsnames.STS:
		return aws.ToString(sts.NewFromConfig(c).Options().BaseEndpoint)
	case awsnames.XRay:
		return aws.ToString(xray.NewFromConfig(c).Options().BaseEndpoint)
	}
	return aws.ToString(c.BaseEndpoint)
}

// outcome makes a check of what became of a call.
func (k call) outcome(c *Check, err error, clock *clock) {
	c.fact("call", k.name)
	if err == nil {
		c.Status, c.Detail = OK, k.success
		return
	}
	f := failureOf(err)
	if answer, ok := k.answers[f.code]; ok {
		c.Status, c.Detail = OK, answer
		return
	}
	if f.skipped {
		c.Status, c.Detail = NotChecked, f.detail
		return
	}
	c.Status, c.Detail, c.Remedy, c.unreached = f.status, f.detail, f.remedy(clock), f.code == ""
	c.fact("permission", f.permission)
	c.fact("denied by", f.policy)
}
