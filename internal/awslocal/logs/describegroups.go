package logs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type describeLogGroupsInput struct {
	LogGroupNamePrefix  *string  `json:"logGroupNamePrefix"`
	LogGroupNamePattern *string  `json:"logGroupNamePattern"`
	NextToken           *string  `json:"nextToken"`
	Limit               *int64   `json:"limit"`
	LogGroupClass       *string  `json:"logGroupClass"`
	LogGroupIdentifiers []string `json:"logGroupIdentifiers"`
}

type describeLogGroupsOutput struct {
	LogGroups []logGroup `json:"logGroups"`
	NextToken string     `json:"nextToken,omitempty"`
}

// logGroup is a log group as DescribeLogGroups shows it. The pointers are left out of an answer to a
// request with logGroupNamePattern.
type logGroup struct {
	LogGroupName              string `json:"logGroupName"`
	CreationTime              int64  `json:"creationTime"`
	RetentionInDays           int64  `json:"retentionInDays,omitempty"`
	MetricFilterCount         *int64 `json:"metricFilterCount,omitempty"`
	ARN                       string `json:"arn"`
	StoredBytes               *int64 `json:"storedBytes,omitempty"`
	KMSKeyID                  string `json:"kmsKeyId,omitempty"`
	LogGroupClass             string `json:"logGroupClass,omitempty"`
	LogGroupARN               string `json:"logGroupArn,omitempty"`
	DeletionProtectionEnabled *bool  `json:"deletionProtectionEnabled,omitempty"`
}

func (s *Service) describeLogGroups(c *wire.Call) (any, error) {
	var in describeLogGroupsInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	after, err := in.validate()
	if err != nil {
		return nil, err
	}
	var wanted map[string]bool
	if in.LogGroupIdentifiers != nil {
		wanted = map[string]bool{}
		for _, identifier := range in.LogGroupIdentifiers {
			wanted[strings.TrimPrefix(identifier, s.logGroupARN(""))] = true
		}
	}
	var found []*group
	s.mu.RLock()
	for _, g := range s.groups {
		switch {
		case g.name <= after && after != "",
			in.LogGroupNamePrefix != nil && !strings.HasPrefix(g.name, *in.LogGroupNamePrefix),
			in.LogGroupNamePattern != nil && !strings.Contains(g.name, *in.LogGroupNamePattern),
			in.LogGroupClass != nil && g.class != *in.LogGroupClass,
			wanted != nil && !wanted[g.name]:
		default:
			found = append(found, g)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(found, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	out := &describeLogGroupsOutput{LogGroups: []logGroup{}}
	if limit := number(in.Limit, maxDescribe); len(found) > limit {
		found = found[:limit]
		out.NextToken = opaqueToken(found[limit-1].name)
	}
	for _, g := range found {
		out.LogGroups = append(out.LogGroups, s.show(g, in.LogGroupNamePattern != nil))
	}
	return out, nil
}

func (in *describeLogGroupsInput) validate() (after string, err error) {
	var v violations
	v.text("logGroupNamePrefix", in.LogGroupNamePrefix, false, maxName, groupNamePattern)
	if pattern := in.LogGroupNamePattern; pattern != nil && *pattern != "" {
		v.text("logGroupNamePattern", pattern, false, maxName, groupNamePattern)
	}
	v.token(in.NextToken)
	v.limit(in.Limit, maxDescribe)
	v.enum("logGroupClass", in.LogGroupClass, classStandard, classInfrequentAccess, classDelivery)
	if in.LogGroupIdentifiers != nil {
		v.Length("logGroupIdentifiers", in.LogGroupIdentifiers, len(in.LogGroupIdentifiers), 1, maxDescribe)
	}
	for i, identifier := range in.LogGroupIdentifiers {
		v.text(fmt.Sprintf("logGroupIdentifiers.%d.member", i+1), &identifier, true, maxIdentifier, identifierPattern)
	}
	if err := v.err(); err != nil {
		return "", err
	}
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return "", errInvalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if in.NextToken == nil {
		return "", nil
	}
	return parseOpaqueToken(*in.NextToken)
}

// show is a group as an answer has it; brief leaves the details out.
func (s *Service) show(g *group, brief bool) logGroup {
	arn := s.logGroupARN(g.name)
	shown := logGroup{LogGroupName: g.name, CreationTime: g.created, ARN: arn + ":*"}
	if brief {
		return shown
	}
	stored := g.storedBytes()
	g.mu.RLock()
	protected := g.protected
	g.mu.RUnlock()
	shown.RetentionInDays = g.days.Load()
	shown.MetricFilterCount = new(int64)
	shown.StoredBytes = &stored
	shown.KMSKeyID = g.kmsKey
	shown.LogGroupClass = g.class
	shown.LogGroupARN = arn
	shown.DeletionProtectionEnabled = &protected
	return shown
}

// retentionSet is how the service lists the retention settings.
func retentionSet() string { return strings.ReplaceAll(fmt.Sprint(retentionDays), " ", ", ") }
