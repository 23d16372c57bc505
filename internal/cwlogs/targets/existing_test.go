package targets

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
)

// there makes a server with the group /there, of a retention (0: none) and a class.
func there(t *testing.T, days int32, class types.LogGroupClass) (*awslocal.Server, *cloudwatchlogs.Client) {
	t.Helper()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	client := cloudwatchlogs.NewFromConfig(s.AWSConfig(t.Context()))
	for _, name := range []string{"/there", "/there-too"} {
		_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, LogGroupClass: class})
		require.NoError(t, err)
	}
	if days > 0 {
		_, err := client.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("/there"), RetentionInDays: &days})
		require.NoError(t, err)
	}
	return s, client
}

func days(t *testing.T, client *cloudwatchlogs.Client) int32 {
	t.Helper()
	out, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/there")})
	require.NoError(t, err)
	return aws.ToInt32(out.LogGroups[0].RetentionInDays)
}

func TestAGroupThatExistsIsLookedAtOnceAndToldOrChangedAsTheKeySays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		has, wants, becomes int32
		how                 ExistingRetention
		class               types.LogGroupClass
		wantsClass          string
		told                string // a part of the message; empty: nothing
		remedy              string
	}{
		"another":                      {has: 30, wants: 7, becomes: 30, told: "keeps its events for another time", remedy: "existing_log_retention: set"},
		"a shorter one":                {has: 7, wants: 30, becomes: 7, told: "keeps its events for another time", remedy: "existing_log_retention: extend"},
		"none":                         {wants: 7, told: "keeps its events for another time", remedy: "existing_log_retention: set"},
		"the same":                     {has: 7, wants: 7, becomes: 7},
		"nothing is asked for":         {has: 7, becomes: 7},
		"extend makes it longer":       {has: 7, wants: 30, becomes: 30, how: ExtendRetention, told: "is set to log_retention"},
		"extend makes nothing shorter": {has: 30, wants: 7, becomes: 30, how: ExtendRetention, told: "extend makes nothing shorter"},
		"extend, and it is for ever":   {wants: 7, how: ExtendRetention, told: "extend makes nothing shorter"},
		"set makes it shorter":         {has: 30, wants: 7, becomes: 7, how: SetRetention, told: "is set to log_retention"},
		"set, and it is for ever":      {wants: 7, becomes: 7, how: SetRetention, told: "is set to log_retention"},
		"another class":                {wantsClass: "INFREQUENT_ACCESS", told: "a class cannot be changed"},
		"the class is not asked for":   {has: 7, wants: 7, becomes: 7, class: types.LogGroupClassInfrequentAccess},
		"the same class":               {class: types.LogGroupClassInfrequentAccess, wantsClass: "INFREQUENT_ACCESS"},
		"a class without retention":    {wants: 7, how: SetRetention, class: types.LogGroupClassDelivery, told: "of the class DELIVERY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, client := there(t, tt.has, tt.class)
			core, logs := zapobserver.New(zap.InfoLevel)
			made, _, _ := start(t, s, Options{RetentionDays: tt.wants, Class: tt.wantsClass, ExistingRetention: tt.how, Logger: zap.New(core)})
			for range 5 {
				made.Written("/there")
			}
			asked := int64(1)
			if tt.wants == 0 && tt.wantsClass == "" {
				asked = 0
			}
			require.Eventually(t, func() bool {
				made.mu.Lock()
				defer made.mu.Unlock()
				return !made.existing.busy
			}, time.Minute, time.Millisecond)
			assert.EqualValues(t, asked, s.Calls("logs", "DescribeLogGroups"))
			assert.Eventually(t, func() bool { return days(t, client) == tt.becomes }, time.Minute, 10*time.Millisecond)
			made.Written("/there")
			if tt.told == "" {
				assert.Empty(t, logs.All())
				return
			}
			require.Equal(t, 1, logs.Len(), "%v", logs.All())
			one := logs.All()[0]
			assert.Contains(t, one.Message, tt.told)
			assert.Equal(t, "/there", one.ContextMap()["group"])
			if tt.remedy != "" {
				assert.Contains(t, one.ContextMap()["remedy"], tt.remedy)
			}
		})
	}
}

func TestAGroupThatWasMadeIsNotLookedAt(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{IgnoreQuotas: true})
	made, _, _ := start(t, s, Options{RetentionDays: 7})
	require.NoError(t, made.Make(t.Context(), target("/new", "s")))
	made.Written("/new")
	made.Close()
	assert.Zero(t, s.Calls("logs", "DescribeLogGroups"))
}

func TestLookingThatIsDeniedIsToldOnceAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	s, _ := there(t, 30, "")
	_, err := s.Faults.Add(faults.Rule{Kind: faults.AccessDenied, Operation: "DescribeLogGroups"})
	require.NoError(t, err)
	core, logs := zapobserver.New(zap.InfoLevel)
	made, _, _ := start(t, s, Options{RetentionDays: 7, Logger: zap.New(core)})
	made.Written("/there")
	require.Eventually(t, func() bool { return logs.Len() == 1 }, time.Minute, time.Millisecond)
	made.Written("/there-too")
	made.Close()
	assert.EqualValues(t, 1, s.Calls("logs", "DescribeLogGroups"))
	assert.Contains(t, logs.All()[0].Message, "allow logs:DescribeLogGroups")
}

func TestLookingIsTriedAgainAfterThrottling(t *testing.T) {
	t.Parallel()
	s, client := there(t, 30, "")
	_, err := s.Faults.Add(faults.Rule{Kind: faults.Throttle, Operation: "DescribeLogGroups", Count: 1})
	require.NoError(t, err)
	made, _, _ := start(t, s, Options{RetentionDays: 60, ExistingRetention: ExtendRetention})
	made.Written("/there")
	assert.Eventually(t, func() bool { return days(t, client) == 60 }, time.Minute, 10*time.Millisecond)
}

// TestWhatAnotherExporterWantsIsToldAndNotChanged keeps two of one process from setting a retention in turn.
func TestWhatAnotherExporterWantsIsToldAndNotChanged(t *testing.T) {
	t.Parallel()
	s, client := there(t, 30, "")
	core, logs := zapobserver.New(zap.InfoLevel)
	made, _, _ := start(t, s, Options{
		RetentionDays: 7, ExistingRetention: SetRetention, Logger: zap.New(core),
		Claim: func(string) *groups.Wish { return &groups.Wish{Exporter: "cloudwatch_logs/b", Days: 30} },
	})
	made.Written("/there")
	require.Eventually(t, func() bool { return logs.Len() == 1 }, time.Minute, time.Millisecond)
	made.Close()
	assert.Contains(t, logs.All()[0].Message, "Two exporters want different things")
	assert.Equal(t, "cloudwatch_logs/b", logs.All()[0].ContextMap()["other_exporter"])
	assert.EqualValues(t, 30, days(t, client))
}
