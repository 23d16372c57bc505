package targets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
)

// Options are of the groups that are made.
type Options struct {
	// RetentionDays is how long events are kept. 0: for ever.
	RetentionDays int32
	// Tags are at most 50.
	Tags map[string]string
	// Class is STANDARD, INFREQUENT_ACCESS or DELIVERY; it cannot be changed later. Default: STANDARD.
	Class string
	// KMSKeyID is the ARN of the key with which events are encrypted. Default: the service's own.
	KMSKeyID string
	// ExistingRetention says what becomes of the retention of groups that somebody else made. Default: KeepRetention.
	ExistingRetention ExistingRetention
	// Claim says that a group is written to, and returns what another exporter wants of it, if that was the first and wants
	// something else. Default: there is none.
	Claim func(group string) *groups.Wish
	// Existing says that nothing is made: Make fails.
	Existing bool
	// Logger is told what is made. Default: none.
	Logger *zap.Logger
	// RetentionFailed is called when a group was made and its retention could not be set. Default: nothing.
	RetentionFailed func(group string, err error)
}

// Limits of tags (CloudWatch Logs API Reference, CreateLogGroup).
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// Retentions are the days that PutRetentionPolicy takes (CloudWatch Logs API Reference).
var Retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

var (
	tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	keyARN  = regexp.MustCompile(`^arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:(key|alias)/\S+$`)
)

// Validate returns the first mistake. Errors name the keys log_retention, tags, log_group_class and
// kms_key_id.
func (o Options) Validate() error {
	if o.RetentionDays != 0 && !slices.Contains(Retentions, o.RetentionDays) {
		return fmt.Errorf("log_retention: CloudWatch keeps events for no %d days; use 0 (for ever) or one of %v", o.RetentionDays, Retentions)
	}
	if o.Class != "" && !slices.Contains(types.LogGroupClass("").Values(), types.LogGroupClass(o.Class)) {
		return fmt.Errorf("log_group_class: %q is no class; use one of %v", o.Class, types.LogGroupClass("").Values())
	}
	if o.Class == string(types.LogGroupClassDelivery) && o.RetentionDays != 0 {
		return fmt.Errorf("log_retention: groups of the class DELIVERY keep events for a fixed time; leave %d out", o.RetentionDays)
	}
	if o.KMSKeyID != "" && !keyARN.MatchString(o.KMSKeyID) {
		return fmt.Errorf("kms_key_id: %q is no ARN of a key; use arn:aws:kms:REGION:ACCOUNT:key/ID", o.KMSKeyID)
	}
	if err := o.ExistingRetention.validate(o.RetentionDays); err != nil {
		return err
	}
	return validateTags(o.Tags)
}

func validateTags(tags map[string]string) error {
	if tags != nil && len(tags) == 0 {
		return fmt.Errorf("tags: there are none; leave the key out, or write 1 to %d", maxTags)
	}
	if len(tags) > maxTags {
		return fmt.Errorf("tags: %d are more than the %d that a log group can have", len(tags), maxTags)
	}
	for k, v := range tags {
		switch {
		case k == "" || utf8.RuneCountInString(k) > maxTagKey:
			return fmt.Errorf("tags: the key %q has %d characters; use 1 to %d", k, utf8.RuneCountInString(k), maxTagKey)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return fmt.Errorf("tags: the key %q begins with aws:, which is AWS's own; choose another", k)
		case !tagText.MatchString(k):
			return fmt.Errorf("tags: the key %q has characters beside letters, digits, spaces and _.:/=+-@", k)
		case utf8.RuneCountInString(v) > maxTagValue:
			return fmt.Errorf("tags: the value of %q has %d characters; use at most %d", k, utf8.RuneCountInString(v), maxTagValue)
		case !tagText.MatchString(v):
			return fmt.Errorf("tags: the value %q of %q has characters beside letters, digits, spaces and _.:/=+-@", v, k)
		}
	}
	return nil
}
