package ssmstore

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
)

// Limits of names and labels (Systems Manager API, PutParameter and LabelParameterVersion).
const (
	maxName   = 1011
	maxLevels = 15
	maxLabel  = 100
)

const arnStart = "arn:"

var (
	namePattern  = regexp.MustCompile(`^(?:/[a-zA-Z0-9_.-]+(?:/[a-zA-Z0-9_.-]+)*|[a-zA-Z0-9_.-]+)$`)
	labelPattern = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]*$`)
	arnPattern   = regexp.MustCompile(`^arn:(aws[a-z-]*):ssm:([a-z0-9-]+):([0-9]{12}):parameter/([a-zA-Z0-9_.-]+(?:/[a-zA-Z0-9_.-]+)*/?)$`)
	chunkPattern = regexp.MustCompile(`\.chunk\.([0-9a-f]{12})\.[0-9]{4}$`)
)

func (u *URI) parseName(text string) error {
	name, selector, selected := text, "", false
	if strings.HasPrefix(text, arnStart) {
		if at := strings.Index(text, ":parameter/"); at >= 0 {
			head := at + len(":parameter/")
			name, selector, selected = strings.Cut(text[head:], ":")
			name = text[:head] + name
		}
		parts := arnPattern.FindStringSubmatch(name)
		switch {
		case parts == nil:
			return fmt.Errorf("%q is not a parameter's ARN: write arn:aws:ssm:REGION:ACCOUNT:parameter/NAME", clip(name))
		case strings.HasSuffix(name, "/"):
			return fmt.Errorf("%q ends with a slash: only a path of the own account can be read whole, such as ssm:/fleet/", clip(name))
		}
		u.Region = parts[2]
	} else {
		name, selector, selected = strings.Cut(text, ":")
		if err := checkName(name); err != nil {
			return err
		}
	}
	if len(name) > maxName {
		return fmt.Errorf("the name %q has %d characters; Parameter Store takes %d", clip(name), len(name), maxName)
	}
	u.Name = name
	if !selected {
		return nil
	}
	return u.parseSelector(selector)
}

func (u *URI) parseSelector(text string) error {
	if text != "" && strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return fmt.Errorf("%s: the version %q is not one: versions count from 1", u.Name, clip(text))
		}
		if u.IsPath() {
			return fmt.Errorf("%s: a path has no version %d: name one parameter, or a label", u.Name, n)
		}
		u.Version = n
		return nil
	}
	if err := CheckLabel(text); err != nil {
		return fmt.Errorf("%s: after the colon stands a version or a label: %w", u.Name, err)
	}
	u.Label = text
	return nil
}

// CheckLabel says what is wrong with a label.
func CheckLabel(label string) error {
	lower := strings.ToLower(label)
	if len(label) > maxLabel || !labelPattern.MatchString(label) || strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm") || label[0] == '-' {
		return fmt.Errorf("the label %q is not one: take up to %d letters, digits and any of . _ -, not beginning with a digit, a hyphen, aws or ssm", clip(label), maxLabel)
	}
	return nil
}

// checkName applies the rules for names that may be read. A path ends with a slash.
func checkName(name string) error {
	bare := strings.TrimSuffix(name, "/")
	switch {
	case name == "/":
		return nil
	case name == "":
		return errors.New("the parameter's name is missing: write ssm:NAME, such as ssm:/fleet/base")
	case strings.Contains(name, "/") && name[0] != '/':
		return fmt.Errorf("the name %q has a slash, but does not begin with one: write %q", clip(name), clip("/"+name))
	case !namePattern.MatchString(bare):
		return fmt.Errorf("the name %q is not one: it is made of letters, digits and any of . _ -, with single slashes between its parts", clip(name))
	case strings.Count(strings.TrimPrefix(bare, "/"), "/")+1 > maxLevels:
		return fmt.Errorf("the name %q has more than the %d levels that Parameter Store takes", clip(name), maxLevels)
	}
	return nil
}

// CheckTarget says why a reference cannot be written.
func CheckTarget(r Ref) error {
	lower := strings.ToLower(strings.TrimPrefix(r.Name, "/"))
	switch {
	case r.IsARN():
		return fmt.Errorf("%s: Parameter Store writes by name only: give the name, and the region as ?region=", r)
	case r.selector() != "":
		return fmt.Errorf("%s: a new version cannot be %s: leave it out", r, strings.TrimPrefix(r.selector(), ":"))
	case strings.HasPrefix(lower, "aws"), strings.HasPrefix(lower, "ssm"):
		return fmt.Errorf("%s: names that begin with aws or ssm are reserved: choose another", r)
	case IsChunk(r.Name):
		return fmt.Errorf("%s is the name of a part of a configuration: choose another", r)
	}
	return nil
}

// IsChunk tells whether a parameter is a part of a configuration, by its name.
func IsChunk(name string) bool { return chunkPattern.MatchString(name) }

// options are those of a URI.
var options = []string{"external_id", "optional", "poll", "region", "role_arn"}

func (u *URI) parseOptions(query string) error {
	if strings.Contains(query, "#") {
		return errors.New("a # stands among the options: the key goes before them, ssm:NAME#KEY?OPTIONS")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("the options are not NAME=VALUE with & between them, and %XX for special characters")
	}
	for name, all := range values {
		if !slices.Contains(options, name) {
			return fmt.Errorf("the option %q is not one of %s", clip(name), strings.Join(options, ", "))
		}
		if len(all) != 1 || all[0] == "" {
			return fmt.Errorf("the option %s needs one value: it has %d, or an empty one", name, len(all))
		}
	}
	if err := u.parsePoll(values.Get("poll")); err != nil {
		return err
	}
	switch text := values.Get("optional"); text {
	case "", "false":
	case "true":
		u.Optional = true
	default:
		return fmt.Errorf("the option optional is %q: it is true or false", clip(text))
	}
	if region := values.Get("region"); region != "" {
		if u.Region != "" && u.Region != region {
			return fmt.Errorf("the option region is %q, and the ARN is of %s: leave the option out", clip(region), u.Region)
		}
		u.Region = region
	}
	u.RoleARN, u.ExternalID = values.Get("role_arn"), values.Get("external_id")
	if u.ExternalID != "" && u.RoleARN == "" {
		return errors.New("the option external_id belongs to role_arn, which is missing")
	}
	if err := u.Access().Validate(); err != nil {
		return fmt.Errorf("options: %w", err)
	}
	return nil
}

func (u *URI) parsePoll(text string) error {
	switch text {
	case "":
		return nil
	case "0", "off":
		u.Poll = NeverPoll
		return nil
	}
	d, err := time.ParseDuration(text)
	switch {
	case err == nil && d == 0:
		u.Poll = NeverPoll
	case err != nil || d < MinPoll || d > MaxPoll:
		return fmt.Errorf("the option poll is %q: give a duration from %s to %s, or off", clip(text), MinPoll, MaxPoll)
	default:
		u.Poll = d
	}
	return nil
}

// Access is how AWS is called for the URI: its region, and its role on top of what is configured.
func (u URI) Access() awsconfig.Config {
	c := awsconfig.Config{Region: u.Region}
	if u.RoleARN != "" {
		c.Credentials.AssumeRole = []awsconfig.AssumeRole{{RoleARN: u.RoleARN, ExternalID: u.ExternalID}}
	}
	return c
}
