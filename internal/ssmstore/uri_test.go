package ssmstore

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestURIsAreReadPartByPart(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/fleet/base"
	for text, want := range map[string]URI{
		"ssm:AmazonCloudWatch-linux": {Ref: Ref{Name: "AmazonCloudWatch-linux"}},
		"ssm:/fleet/base":            {Ref: Ref{Name: "/fleet/base"}},
		"ssm:/fleet/base:7":          {Ref: Ref{Name: "/fleet/base", Version: 7}},
		"ssm:/fleet/base:live":       {Ref: Ref{Name: "/fleet/base", Label: "live"}},
		"ssm:/fleet/":                {Ref: Ref{Name: "/fleet/"}},
		"ssm:/fleet/:live":           {Ref: Ref{Name: "/fleet/", Label: "live"}},
		"ssm:/":                      {Ref: Ref{Name: "/"}},
		"ssm:" + arn:                 {Ref: Ref{Name: arn}, Region: "eu-central-1"},
		"ssm:" + arn + ":live":       {Ref: Ref{Name: arn, Label: "live"}, Region: "eu-central-1"},
		"ssm:/db#user.name":          {Ref: Ref{Name: "/db"}, Key: "user.name"},
		"ssm:/db#a%3Fb:-x":           {Ref: Ref{Name: "/db"}, Key: "a?b", Default: "x", HasDefault: true},
		"ssm:/db:-":                  {Ref: Ref{Name: "/db"}, HasDefault: true},
		"ssm:/db:3:-a:-b?c#d":        {Ref: Ref{Name: "/db", Version: 3}, Default: "a:-b?c#d", HasDefault: true},
		"ssm:/db?poll=off":           {Ref: Ref{Name: "/db"}, Poll: NeverPoll},
		"ssm:/db?poll=0s":            {Ref: Ref{Name: "/db"}, Poll: NeverPoll},
		"ssm:/fleet/?optional=true&poll=90s&region=eu-west-1": {
			Ref: Ref{Name: "/fleet/"}, Optional: true, Poll: 90 * time.Second, Region: "eu-west-1"},
		"ssm:/db?role_arn=arn:aws:iam::123456789012:role/reader&external_id=a%2Bb": {
			Ref: Ref{Name: "/db"}, RoleARN: "arn:aws:iam::123456789012:role/reader", ExternalID: "a+b"},
		"ssm:/aws/service/ami": {Ref: Ref{Name: "/aws/service/ami"}},
	} {
		got, err := ParseURI(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestWrongURIsSayWhichPartAndWhatToDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"s3:x":                        `the scheme "s3" is not ssm`,
		"ssm:":                        "name is missing",
		"ssm:fleet/base":              `write "/fleet/base"`,
		"ssm://fleet":                 `the name "//fleet" is not one`,
		"ssm:/a b":                    "is made of letters",
		"ssm:/a:0":                    "count from 1",
		"ssm:/a:99999999999999999999": "count from 1",
		"ssm:/a:":                     `the label "" is not one`,
		"ssm:/a:1x":                   `the label "1x"`,
		"ssm:/a:awsome":               `the label "awsome"`,
		"ssm:/a/:3":                   "a path has no version 3",
		"ssm:/a/#k":                   "a path has no key",
		"ssm:/a/:-x":                  "a path has no default",
		"ssm:/a#":                     `the key ""`,
		"ssm:/a?colour=red":           "not one of external_id, optional, poll, region, role_arn",
		"ssm:/a?region":               "region needs one value",
		"ssm:/a?region=x&region=y":    "it has 2",
		"ssm:/a?poll=5s":              "from 10s to 24h0m0s, or off",
		"ssm:/a?optional=yes":         "true or false",
		"ssm:/a?region=nowhere":       `region "nowhere"`,
		"ssm:/a?role_arn=x":           "role_arn",
		"ssm:/a?external_id=abc":      "belongs to role_arn",
		"ssm:/a?region=eu-west-1#k":   "the key goes before them",
		"ssm:/a?%zz=1":                "NAME=VALUE",
		"ssm:arn:aws:s3:::b":          "not a parameter's ARN",
		"ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/a/":                  "ends with a slash",
		"ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/a?region=eu-north-1": "leave the option out",
		"ssm:" + strings.Repeat("/a", 16):                                      "15 levels",
		"ssm:" + strings.Repeat("a", 1012):                                     "1012 characters",
	} {
		_, err := ParseURI(text)
		assert.ErrorContains(t, err, want, text)
	}
	_, err := ParseURI("ssm:a/b:-hunter2")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestTargetsAreNamesThatCanBeWritten(t *testing.T) {
	t.Parallel()
	assert.NoError(t, CheckTarget(Ref{Name: "/fleet/base"}))
	for _, r := range []Ref{
		{Name: "arn:aws:ssm:eu-west-1:123456789012:parameter/a"}, {Name: "/a", Version: 3}, {Name: "/a", Label: "live"},
		{Name: "/aws/x"}, {Name: "SSM-x"}, {Name: "/a.chunk.0123456789ab.0001"},
	} {
		assert.Error(t, CheckTarget(r), r)
	}
}

func FuzzParseURI(f *testing.F) {
	for _, seed := range []string{"ssm:/a:1#k?poll=10s:-d", "ssm:/a/:live", "ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/a", "ssm:a%:?#", "ssm:/a#%3A-?role_arn=arn:aws:iam::123456789012:role/-x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURI(text)
		if err != nil {
			return
		}
		again, err := ParseURI(u.String())
		require.NoError(t, err, u.String())
		u.Default, u.HasDefault = "", false
		require.Equal(t, u, again, u.String())
	})
}
