package xray

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// The rule that every account has: one request a second, and 5% of what is beyond (X-Ray Developer
// Guide, "Sampling rules").
const (
	defaultRule          = "Default"
	defaultRulePriority  = 10000
	defaultRuleReservoir = 1
	defaultRuleRate      = 0.05

	samplingInterval   = 10 * time.Second // between a client's questions
	maxStatistics      = 25               // documents of GetSamplingTargets
	unknownRuleCode    = "ResourceNotFound"
	unknownRuleMessage = "Sampling rule does not exist."
)

type samplingRule struct {
	RuleName      string
	RuleARN       string
	ResourceARN   string
	Priority      int
	FixedRate     float64
	ReservoirSize int
	ServiceName   string
	ServiceType   string
	Host          string
	HTTPMethod    string
	URLPath       string
	Version       int
	Attributes    map[string]string
}

type samplingRuleRecord struct {
	SamplingRule samplingRule
	CreatedAt    wire.Time
	ModifiedAt   wire.Time
}

func (s *Service) getSamplingRules(*wire.Call) (any, error) {
	partition, _ := wire.Partition(s.config.Region)
	return &struct {
		SamplingRuleRecords []samplingRuleRecord
	}{[]samplingRuleRecord{{
		SamplingRule: samplingRule{
			RuleName:    defaultRule,
			RuleARN:     "arn:" + partition + ":xray:" + s.config.Region + ":" + s.config.Account + ":sampling-rule/" + defaultRule,
			ResourceARN: "*", Priority: defaultRulePriority, FixedRate: defaultRuleRate, ReservoirSize: defaultRuleReservoir,
			ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", Version: 1,
			Attributes: map[string]string{},
		},
		CreatedAt:  wire.Time{Time: time.Unix(0, 0)},
		ModifiedAt: wire.Time{Time: time.Unix(0, 0)},
	}}}, nil
}

type samplingTarget struct {
	RuleName          string
	FixedRate         float64
	ReservoirQuota    int
	ReservoirQuotaTTL *wire.Time
	Interval          int
}

type unprocessedStatistics struct {
	RuleName  string
	ErrorCode string
	Message   string
}

func (s *Service) getSamplingTargets(c *wire.Call) (any, error) {
	var in struct {
		SamplingStatisticsDocuments []struct {
			RuleName *string
			ClientID *string
		}
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var constraints wire.Constraints
	if in.SamplingStatisticsDocuments == nil {
		constraints.Required("samplingStatisticsDocuments")
	}
	constraints.Length("samplingStatisticsDocuments", "…", len(in.SamplingStatisticsDocuments), 0, maxStatistics)
	for _, d := range in.SamplingStatisticsDocuments {
		if d.RuleName == nil {
			constraints.Required("samplingStatisticsDocuments.ruleName")
		}
		if d.ClientID == nil {
			constraints.Required("samplingStatisticsDocuments.clientID")
		} else {
			constraints.Length("samplingStatisticsDocuments.clientID", *d.ClientID, len(*d.ClientID), 24, 24)
		}
	}
	if err := constraints.Err("InvalidRequestException"); err != nil {
		return nil, err
	}
	out := struct {
		SamplingTargetDocuments []samplingTarget
		LastRuleModification    wire.Time
		UnprocessedStatistics   []unprocessedStatistics
	}{[]samplingTarget{}, wire.Time{Time: time.Unix(0, 0)}, []unprocessedStatistics{}}
	for _, d := range in.SamplingStatisticsDocuments {
		if *d.RuleName != defaultRule {
			out.UnprocessedStatistics = append(out.UnprocessedStatistics, unprocessedStatistics{*d.RuleName, unknownRuleCode, unknownRuleMessage})
			continue
		}
		out.SamplingTargetDocuments = append(out.SamplingTargetDocuments, samplingTarget{
			RuleName: defaultRule, FixedRate: defaultRuleRate, ReservoirQuota: defaultRuleReservoir,
			ReservoirQuotaTTL: wire.NewTime(c.Now.Add(samplingInterval)), Interval: int(samplingInterval / time.Second),
		})
	}
	return &out, nil
}
