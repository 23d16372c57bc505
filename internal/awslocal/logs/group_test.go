package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tags(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("key", i)] = "value"
	}
	return m
}

func TestCreateLogGroupChecksItsInput(t *testing.T) {
	tests := []struct {
		name  string
		input in
		want  string // part of the error's message; "" where the group is created
	}{
		{"every character", in{"logGroupName": "/aws/Lambda_1-2.3#4"}, ""},
		{"512 characters", in{"logGroupName": repeated(512)}, ""},
		{"513 characters", in{"logGroupName": repeated(513)}, "Member must have length less than or equal to 512"},
		{"empty name", in{"logGroupName": ""}, "Member must have length greater than or equal to 1"},
		{"colon", in{"logGroupName": "a:b"}, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`},
		{"space", in{"logGroupName": "a b"}, "regular expression"},
		{"not ASCII", in{"logGroupName": "ä"}, "regular expression"},
		{"reserved", in{"logGroupName": "aws/x"}, "Log groups starting with AWS/ are reserved for AWS."},
		{"class", in{"logGroupName": "g", "logGroupClass": "INFREQUENT_ACCESS"}, ""},
		{"unknown class", in{"logGroupName": "g", "logGroupClass": "COLD"}, "Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]"},
		{"50 tags", in{"logGroupName": "g", "tags": tags(50)}, ""},
		{"51 tags", in{"logGroupName": "g", "tags": tags(51)}, "Member must have length less than or equal to 50"},
		{"longest tag", in{"logGroupName": "g", "tags": in{repeated(128): repeated(256)}}, ""},
		{"tag key too long", in{"logGroupName": "g", "tags": in{repeated(129): "v"}}, "Map keys must satisfy constraint"},
		{"tag value too long", in{"logGroupName": "g", "tags": in{"k": repeated(257)}}, "Map value must satisfy constraint"},
		{"tag with a character that is not allowed", in{"logGroupName": "g", "tags": in{"k": "a,b"}}, "Map value must satisfy constraint"},
		{"reserved tag", in{"logGroupName": "g", "tags": in{"aws:x": "v"}}, "aws:"},
		{"key ARN", in{"logGroupName": "g", "kmsKeyId": "arn:aws:kms:eu-central-1:123456789012:key/1234"}, ""},
		{"key that is no ARN", in{"logGroupName": "g", "kmsKeyId": "1234"}, "The specified KMS key does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t, Config{})
			if tt.want == "" {
				h.do("CreateLogGroup", tt.input)
				e := h.refused("CreateLogGroup", tt.input)
				assert.Equal(t, "ResourceAlreadyExistsException", e.Code)
				assert.Equal(t, "The specified log group already exists", e.Message)
				return
			}
			e := h.refused("CreateLogGroup", tt.input)
			assert.Equal(t, "InvalidParameterException", e.Code)
			assert.Contains(t, e.Message, tt.want)
			assert.Empty(t, h.s.Status(0).Groups)
		})
	}
}

func (h *harness) groups(input in) []logGroup {
	h.t.Helper()
	return h.do("DescribeLogGroups", input).(*describeLogGroupsOutput).LogGroups
}

func names(groups []logGroup) []string {
	var names []string
	for _, g := range groups {
		names = append(names, g.LogGroupName)
	}
	return names
}

func TestDescribeLogGroupsShowsWhatWasCreated(t *testing.T) {
	h := newHarness(t, Config{})
	key := "arn:aws:kms:eu-central-1:123456789012:key/1234"
	h.do("CreateLogGroup", in{"logGroupName": "/app", "kmsKeyId": key, "tags": in{"a": "b"}})
	h.stream("/app", "s")
	h.put("/app", "s", line{0, "12345"}, line{0, "67"})
	h.do("PutRetentionPolicy", in{"logGroupName": "/app", "retentionInDays": 7})
	stored, protected := int64(7+2*26), false
	assert.Equal(t, []logGroup{{
		LogGroupName: "/app", CreationTime: noon.UnixMilli(), RetentionInDays: 7, MetricFilterCount: new(int64),
		ARN:         "arn:aws:logs:eu-central-1:123456789012:log-group:/app:*",
		LogGroupARN: "arn:aws:logs:eu-central-1:123456789012:log-group:/app",
		StoredBytes: &stored, KMSKeyID: key, LogGroupClass: "STANDARD", DeletionProtectionEnabled: &protected,
	}}, h.groups(in{}))

	brief := h.groups(in{"logGroupNamePattern": "pp"})
	assert.Equal(t, []logGroup{{LogGroupName: "/app", CreationTime: noon.UnixMilli(),
		ARN: "arn:aws:logs:eu-central-1:123456789012:log-group:/app:*"}}, brief)
}

func TestDescribeLogGroupsFiltersAndPages(t *testing.T) {
	h := newHarness(t, Config{})
	for _, name := range []string{"/b/1", "/a/2", "/a/1", "B"} {
		h.do("CreateLogGroup", in{"logGroupName": name})
	}
	h.do("CreateLogGroup", in{"logGroupName": "/a/ia", "logGroupClass": "INFREQUENT_ACCESS"})
	assert.Equal(t, []string{"/a/1", "/a/2", "/a/ia", "/b/1", "B"}, names(h.groups(in{})))
	assert.Equal(t, []string{"/a/1", "/a/2", "/a/ia"}, names(h.groups(in{"logGroupNamePrefix": "/a"})))
	assert.Equal(t, []string{"/a/1", "/b/1"}, names(h.groups(in{"logGroupNamePattern": "/1"})))
	assert.Len(t, h.groups(in{"logGroupNamePattern": ""}), 5)
	assert.Equal(t, []string{"/a/ia"}, names(h.groups(in{"logGroupClass": "INFREQUENT_ACCESS"})))
	assert.Equal(t, []string{"/b/1", "B"}, names(h.groups(in{"logGroupIdentifiers": []string{"B", h.s.logGroupARN("/b/1"), "none"}})))
	e := h.refused("DescribeLogGroups", in{"logGroupNamePrefix": "a", "logGroupNamePattern": "b"})
	assert.Equal(t, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.", e.Message)

	for _, limit := range []int{1, 2, 4, 5, 50} {
		var all []string
		input := in{"limit": limit}
		for {
			out := h.do("DescribeLogGroups", input).(*describeLogGroupsOutput)
			require.LessOrEqual(t, len(out.LogGroups), limit)
			all = append(all, names(out.LogGroups)...)
			if out.NextToken == "" {
				break
			}
			input["nextToken"] = out.NextToken
		}
		assert.Equal(t, []string{"/a/1", "/a/2", "/a/ia", "/b/1", "B"}, all)
	}
	for _, limit := range []int{0, 51} {
		assert.Contains(t, h.refused("DescribeLogGroups", in{"limit": limit}).Message, "'limit'")
	}
	assert.Equal(t, "The specified nextToken is invalid.", h.refused("DescribeLogGroups", in{"nextToken": "?"}).Message)
}

func TestDescribeLogGroupsReturns50ByDefault(t *testing.T) {
	h := newHarness(t, Config{})
	for i := range 51 {
		h.do("CreateLogGroup", in{"logGroupName": fmt.Sprint("g", i)})
	}
	assert.Len(t, h.groups(in{}), 50)
}

func TestDeletedGroupIsGoneWithItsEvents(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	h.put("g", "s", line{0, "x"})
	h.do("DeleteLogGroup", in{"logGroupName": "g"})
	assert.Empty(t, h.groups(in{}))
	assert.Zero(t, h.s.Status(0).HeldBytes)
	h.stream("g", "s")
	assert.Empty(t, h.read("g", "s"))
}

func TestProtectedGroupIsNotDeleted(t *testing.T) {
	h := newHarness(t, Config{})
	h.do("CreateLogGroup", in{"logGroupName": "g", "deletionProtectionEnabled": true})
	h.stream("g", "s")
	assert.Equal(t, "ValidationException", h.refused("DeleteLogGroup", in{"logGroupName": "g"}).Code)
	assert.Equal(t, "ValidationException", h.refused("DeleteLogStream", in{"logGroupName": "g", "logStreamName": "s"}).Code)
	h.do("PutLogGroupDeletionProtection", in{"logGroupIdentifier": "g", "deletionProtectionEnabled": false})
	h.do("DeleteLogGroup", in{"logGroupName": "g"})
}

func TestOnlyListedRetentionDaysAreTaken(t *testing.T) {
	h := newHarness(t, Config{})
	h.do("CreateLogGroup", in{"logGroupName": "g"})
	for days := range int64(4000) {
		_, err := h.try("PutRetentionPolicy", in{"logGroupName": "g", "retentionInDays": days})
		if strings.Contains(retentionSet(), fmt.Sprintf(" %d,", days)) || days == 1 || days == 3653 {
			assert.NoError(t, err, days)
			assert.Equal(t, days, h.groups(in{})[0].RetentionInDays)
		} else {
			assert.ErrorContains(t, err, "Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]", days)
		}
	}
	h.do("DeleteRetentionPolicy", in{"logGroupName": "g"})
	assert.Zero(t, h.groups(in{})[0].RetentionInDays)
}

func TestExpiredEventsAreNotRead(t *testing.T) {
	h := newHarness(t, Config{})
	h.stream("g", "s")
	h.put("g", "s", line{-25 * time.Hour, "old"}, line{-23 * time.Hour, "young"})
	h.do("PutRetentionPolicy", in{"logGroupName": "g", "retentionInDays": 1})
	assert.Equal(t, []string{"young"}, h.read("g", "s"))
	out := h.do("FilterLogEvents", in{"logGroupName": "g", "startTime": 0}).(*filterLogEventsOutput)
	assert.Len(t, out.Events, 1)
	h.do("DeleteRetentionPolicy", in{"logGroupName": "g"})
	assert.Equal(t, []string{"old", "young"}, h.read("g", "s"))
}

func TestDeliveryClassKeepsEventsForADay(t *testing.T) {
	h := newHarness(t, Config{})
	h.do("CreateLogGroup", in{"logGroupName": "g", "logGroupClass": "DELIVERY"})
	h.stream("g", "s")
	out := h.put("g", "s", line{-25 * time.Hour, "a"}, line{-2 * time.Hour, "b"})
	require.NotNil(t, out.RejectedLogEventsInfo)
	assert.Equal(t, 1, *out.RejectedLogEventsInfo.ExpiredLogEventEndIndex)
}

func TestOnlyStandardClassIsReadable(t *testing.T) {
	h := newHarness(t, Config{})
	h.do("CreateLogGroup", in{"logGroupName": "g", "logGroupClass": "INFREQUENT_ACCESS"})
	h.stream("g", "s")
	h.put("g", "s", line{0, "x"})
	e := h.refused("FilterLogEvents", in{"logGroupName": "g"})
	assert.Equal(t, "InvalidOperationException", e.Code)
	assert.Equal(t, "The log group g is of log-group-class INFREQUENT_ACCESS. FilterLogEvents is not supported for this log class.", e.Message)
	assert.Equal(t, "InvalidOperationException", h.refused("GetLogEvents", in{"logGroupName": "g", "logStreamName": "s"}).Code)
}

func TestTagsAreAddedReplacedAndRemoved(t *testing.T) {
	h := newHarness(t, Config{})
	h.do("CreateLogGroup", in{"logGroupName": "g", "tags": in{"a": "1"}})
	arn := "arn:aws:logs:eu-central-1:123456789012:log-group:g"
	list := func() map[string]string {
		return h.do("ListTagsForResource", in{"resourceArn": arn}).(*tagsOutput).Tags
	}
	h.do("TagResource", in{"resourceArn": arn, "tags": in{"a": "2", "b": ""}})
	assert.Equal(t, map[string]string{"a": "2", "b": ""}, list())
	h.do("UntagResource", in{"resourceArn": arn, "tagKeys": []string{"a", "none"}})
	assert.Equal(t, map[string]string{"b": ""}, list())
	h.do("TagLogGroup", in{"logGroupName": "g", "tags": in{"c": "3"}})
	h.do("UntagLogGroup", in{"logGroupName": "g", "tags": []string{"b"}})
	assert.Equal(t, map[string]string{"c": "3"}, h.do("ListTagsLogGroup", in{"logGroupName": "g"}).(*tagsOutput).Tags)

	h.do("TagResource", in{"resourceArn": arn, "tags": tags(49)})
	e := h.refused("TagResource", in{"resourceArn": arn, "tags": in{"one": "more"}})
	assert.Equal(t, "TooManyTagsException", e.Code)
	assert.Equal(t, arn, e.Fields["resourceName"])
	assert.Len(t, list(), 50)
	assert.Equal(t, "InvalidParameterException", h.refused("TagLogGroup", in{"logGroupName": "g", "tags": in{"one": "more"}}).Code)

	e = h.refused("TagResource", in{"resourceArn": arn + ":*", "tags": in{"a": "b"}})
	assert.Equal(t, "InvalidParameterException", e.Code)
	e = h.refused("TagResource", in{"resourceArn": arn + "x", "tags": in{"a": "b"}})
	assert.Equal(t, "ResourceNotFoundException", e.Code)
	assert.Equal(t, "InvalidParameterException", h.refused("ListTagsForResource", in{"resourceArn": "g"}).Code)
	assert.Equal(t, "InvalidParameterException", h.refused("TagResource", in{"resourceArn": arn, "tags": in{}}).Code)
}

func TestEntityIsValidated(t *testing.T) {
	service := in{"Type": "Service", "Name": "n", "Environment": "e"}
	tests := []struct {
		name   string
		class  string
		entity in
		want   string
	}{
		{"service", "STANDARD", in{"keyAttributes": service, "attributes": in{"a": "b"}}, ""},
		{"resource", "STANDARD", in{"keyAttributes": in{"Type": "AWS::Resource", "ResourceType": "r", "Identifier": "i"}}, ""},
		{"no key attributes", "STANDARD", in{}, "MissingRequiredFields"},
		{"no type", "STANDARD", in{"keyAttributes": in{"Name": "n", "Environment": "e"}}, "MissingRequiredFields"},
		{"no name", "STANDARD", in{"keyAttributes": in{"Type": "Service", "Environment": "e"}}, "MissingRequiredFields"},
		{"unknown type", "STANDARD", in{"keyAttributes": in{"Type": "Thing", "Name": "n"}}, "InvalidTypeValue"},
		{"unknown key attribute", "STANDARD", in{"keyAttributes": in{"Type": "Service", "Name": "n", "Colour": "red"}}, "InvalidKeyAttributes"},
		{"five key attributes", "STANDARD", in{"keyAttributes": in{"Type": "Service", "Name": "n", "Environment": "e", "ResourceType": "r", "Identifier": "i"}}, "InvalidKeyAttributes"},
		{"empty value", "STANDARD", in{"keyAttributes": in{"Type": "Service", "Name": ""}}, "InvalidKeyAttributes"},
		{"longest value", "STANDARD", in{"keyAttributes": in{"Type": "Service", "Name": repeated(512)}}, ""},
		{"value too long", "STANDARD", in{"keyAttributes": in{"Type": "Service", "Name": repeated(513)}}, "InvalidKeyAttributes"},
		{"ten attributes", "STANDARD", in{"keyAttributes": service, "attributes": tags(10)}, ""},
		{"eleven attributes", "STANDARD", in{"keyAttributes": service, "attributes": tags(11)}, "InvalidAttributes"},
		{"attribute name too long", "STANDARD", in{"keyAttributes": service, "attributes": in{repeated(257): "v"}}, "InvalidAttributes"},
		{"other class", "INFREQUENT_ACCESS", in{"keyAttributes": service}, "UnsupportedLogGroupType"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t, Config{})
			h.do("CreateLogGroup", in{"logGroupName": "g", "logGroupClass": tt.class})
			h.stream("g", "s")
			out := h.do("PutLogEvents", in{"logGroupName": "g", "logStreamName": "s", "logEvents": h.events(line{0, "x"}), "entity": tt.entity}).(*putLogEventsOutput)
			if tt.want == "" {
				assert.Nil(t, out.RejectedEntityInfo)
			} else {
				require.NotNil(t, out.RejectedEntityInfo)
				assert.Equal(t, tt.want, out.RejectedEntityInfo.ErrorType)
			}
			assert.EqualValues(t, 1, h.s.Status(0).Accepted, "the events are kept")
		})
	}
}
