package logs

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const invalidParameter = "InvalidParameterException"

// Limits of names, tags and pages (service model).
const (
	maxName       = 512 // characters of a group's or stream's name
	maxIdentifier = 2048
	maxARN        = 1011
	maxKMSKeyID   = 256
	maxTags       = 50
	maxTagKey     = 128
	maxTagValue   = 256
	maxDescribe   = 50 // groups or streams in one answer, and the default
	maxEvents     = 10_000
	maxPattern    = 1024
	maxStreamList = 100
)

var (
	groupNamePattern  = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]*$`)
	streamNamePattern = regexp.MustCompile(`^[^:*]*$`)
	identifierPattern = regexp.MustCompile(`^[\w#+=/:,.@-]*$`)
	arnPattern        = regexp.MustCompile(`^[\w+=/:,.@-]*$`)
	tagPattern        = regexp.MustCompile(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)
	kmsKeyPattern     = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`)
)

// violations are the service model's constraints on members that many operations share.
type violations struct{ wire.Constraints }

func (v *violations) err() error { return v.Err(invalidParameter) }

// text checks the length and the characters of a string.
func (v *violations) text(member string, value *string, required bool, limit int, pattern *regexp.Regexp) {
	if value == nil {
		if required {
			v.Required(member)
		}
		return
	}
	v.Length(member, *value, utf8.RuneCountInString(*value), 1, limit)
	if !pattern.MatchString(*value) {
		shown := strings.TrimSuffix(strings.TrimPrefix(pattern.String(), "^"), "$")
		if pattern == groupNamePattern {
			shown = `[\.\-_/#A-Za-z0-9]+`
		}
		v.Add(member, *value, "Member must satisfy regular expression pattern: "+shown)
	}
}

func (v *violations) logGroupName(name *string, required bool) {
	if name != nil && plainName(*name) {
		return
	}
	v.text("logGroupName", name, required, maxName, groupNamePattern)
}

func (v *violations) logStreamName(name *string, required bool) {
	if name != nil && plainName(*name) {
		return
	}
	v.text("logStreamName", name, required, maxName, streamNamePattern)
}

// plainName tells of most good names at once that they are good: it is on the path of every
// PutLogEvents, where the patterns would cost as much as a hundred events.
func plainName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || '-' <= c && c <= '9' || 'A' <= c && c <= 'Z' || c == '_') { // '-' to '9' has '.' and '/'
			return false
		}
	}
	return true
}

// event notes what is wrong with event i of a batch.
func (v *violations) event(i int, e *event) {
	member := fmt.Sprintf("logEvents.%d.member.", i+1)
	switch {
	case e.time == noTime:
		v.Required(member + "timestamp")
	case e.time < 0:
		v.Add(member+"timestamp", e.time, "Member must have value greater than or equal to 0")
	}
	switch e.size {
	case noMessage:
		v.Required(member + "message")
	case 0:
		v.Add(member+"message", "", "Member must have length greater than or equal to 1")
	}
}

func (v *violations) limit(limit *int64, maximum int64) {
	if limit != nil {
		v.Range("limit", *limit, 1, maximum)
	}
}

func (v *violations) times(start, end *int64) {
	if start != nil && *start < 0 {
		v.Add("startTime", *start, "Member must have value greater than or equal to 0")
	}
	if end != nil && *end < 0 {
		v.Add("endTime", *end, "Member must have value greater than or equal to 0")
	}
}

func (v *violations) token(token *string) {
	if token != nil {
		v.Length("nextToken", *token, len(*token), 1, 1<<20)
	}
}

func (v *violations) enum(member string, value *string, values ...string) {
	if value == nil {
		return
	}
	for _, known := range values {
		if *value == known {
			return
		}
	}
	v.Add(member, *value, "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
}

// tags checks a map of tags.
func (v *violations) tags(tags map[string]string) {
	v.Length("tags", tags, len(tags), 1, maxTags)
	for key, value := range tags {
		if n := utf8.RuneCountInString(key); n < 1 || n > maxTagKey || !tagPattern.MatchString(key) {
			v.Add("tags", tags, "Map keys must satisfy constraint: [Member must have length less than or equal to 128, "+
				"Member must have length greater than or equal to 1, "+
				`Member must satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$]`)
		}
		if utf8.RuneCountInString(value) > maxTagValue || !tagPattern.MatchString(value) {
			v.Add("tags", tags, "Map value must satisfy constraint: [Member must have length less than or equal to 256, "+
				"Member must have length greater than or equal to 0, "+
				`Member must satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$]`)
		}
	}
}

// number is the value of an optional limit.
func number(limit *int64, otherwise int) int {
	if limit == nil {
		return otherwise
	}
	return int(*limit)
}
