package awsconfig

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of STS (service model: AssumeRole; IAM User Guide, "Roles terms and concepts" for chained roles).
const (
	minSession     = 15 * time.Minute
	maxSession     = 12 * time.Hour
	maxChained     = time.Hour
	defaultSession = time.Hour

	minExternalID, maxExternalID = 2, 1224
)

// temporaryKey is how the access key ids of temporary credentials start (IAM User Guide, "Unique
// identifiers"); they are worth nothing without a session token.
const temporaryKey = "ASIA"

var (
	regionPattern     = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	roleARNPattern    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[\x21-\x7e]+/)?[\w+=,.@-]{1,64}$`)
	sessionPattern    = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalIDPattern = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)

// Validate tells what is wrong with a configuration, all of it.
func (c Config) Validate() error {
	var errs []error
	if c.Region != "" && !regionPattern.MatchString(c.Region) {
		errs = append(errs, fmt.Errorf("region %q is not the name of a region; give one such as eu-central-1", c.Region))
	}
	if c.Endpoint != "" {
		errs = append(errs, checkEndpoint("endpoint", c.Endpoint))
		for key, set := range map[string]bool{"use_fips_endpoint": c.UseFIPSEndpoint, "use_dualstack_endpoint": c.UseDualStackEndpoint} {
			if set {
				errs = append(errs, fmt.Errorf("%s is true, but has no effect on endpoint %q; remove one of them", key, c.Endpoint))
			}
		}
	}
	return errors.Join(append(errs, c.Credentials.validate())...)
}

func checkEndpoint(key, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("%s %q is not a URL; give one such as https://HOST or https://HOST:PORT", key, value)
	}
	return nil
}

// setting is one key below credentials, and the sources that use it.
type setting struct {
	key   string
	set   bool
	users []Source
}

func (c Credentials) settings() []setting {
	return []setting{
		{"profile", c.Profile != "", []Source{SourceProfile, SourceSSMAgent}},
		{"shared_credentials_file", len(c.SharedCredentialsFile) > 0, []Source{SourceProfile, SourceSSMAgent}},
		{"config_file", c.ConfigFile != "", []Source{SourceProfile}},
		{"process", c.Process != "", []Source{SourceProcess}},
		{"web_identity", c.WebIdentity != WebIdentity{}, []Source{SourceWebIdentity}},
		{"static", c.Static != Static{}, []Source{SourceStatic}},
	}
}

func (c Credentials) validate() error {
	var errs []error
	source := c.source()
	if !slices.Contains(Sources, source) {
		return fmt.Errorf("credentials::source %q is not one of %s", source, joined(Sources))
	}
	for _, s := range c.settings() {
		if s.set && !slices.Contains(s.users, source) {
			errs = append(errs, fmt.Errorf("credentials::%s is set, but credentials::source %q does not use it; remove it or set source to %s",
				s.key, source, joined(s.users)))
		}
	}
	if slices.ContainsFunc(c.SharedCredentialsFile, func(f string) bool { return strings.TrimSpace(f) == "" }) {
		errs = append(errs, errors.New(`credentials::shared_credentials_file has an empty path ""; give a file or leave the key out`))
	}
	switch source {
	case SourceProcess:
		if strings.TrimSpace(c.Process) == "" {
			errs = append(errs, errors.New(`credentials::process is "", but credentials::source is "process"; give the command that prints credentials`))
		}
	case SourceWebIdentity:
		errs = append(errs, c.WebIdentity.validate())
	case SourceStatic:
		errs = append(errs, c.Static.validate())
	}
	for i, role := range c.AssumeRole {
		errs = append(errs, role.validate(fmt.Sprintf("credentials::assume_role::%d::", i), i > 0 || source.isRole()))
	}
	return errors.Join(errs...)
}

// isRole tells whether a source always gives a role's session, so that a role on top is a chained one.
func (s Source) isRole() bool {
	return slices.Contains([]Source{SourceSSMAgent, SourceWebIdentity, SourceContainer, SourceInstance}, s)
}

func (w WebIdentity) validate() error {
	const prefix = "credentials::web_identity::"
	var errs []error
	if w.RoleARN != "" {
		errs = append(errs, checkRoleARN(prefix, w.RoleARN))
	}
	return errors.Join(append(errs, checkSessionName(prefix, w.SessionName))...)
}

func (s Static) validate() error {
	const prefix = "credentials::static::"
	var errs []error
	if s.AccessKeyID == "" {
		errs = append(errs, errors.New(prefix+`access_key_id is ""; give it, or choose another credentials::source`))
	}
	if s.SecretAccessKey == "" {
		errs = append(errs, errors.New(prefix+`secret_access_key is ""; give it, such as ${env:NAME}, or choose another credentials::source`))
	}
	if strings.HasPrefix(s.AccessKeyID, temporaryKey) && s.SessionToken == "" {
		errs = append(errs, fmt.Errorf("%ssession_token is \"\", but access_key_id %q belongs to temporary credentials; give their token, too", prefix, lastFour(s.AccessKeyID)))
	}
	return errors.Join(errs...)
}

func (r AssumeRole) validate(prefix string, chained bool) error {
	errs := []error{checkRoleARN(prefix, r.RoleARN), checkSessionName(prefix, r.SessionName)}
	if n := len(r.ExternalID); n > 0 && (n < minExternalID || n > maxExternalID || !externalIDPattern.MatchString(r.ExternalID)) {
		errs = append(errs, fmt.Errorf("%sexternal_id %q is not one that STS takes; give 2 to 1224 letters, digits or any of _+=,.@:/-", prefix, r.ExternalID))
	}
	switch {
	case r.Duration == 0:
	case r.Duration < minSession || r.Duration > maxSession:
		errs = append(errs, fmt.Errorf("%sduration %q is outside of what STS gives; choose from 15m to 12h", prefix, r.Duration))
	case chained && r.Duration > maxChained:
		errs = append(errs, fmt.Errorf("%sduration %q is more than the hour that STS gives to a role assumed with a role's credentials; choose from 15m to 1h", prefix, r.Duration))
	}
	return errors.Join(errs...)
}

func checkRoleARN(prefix, arn string) error {
	if roleARNPattern.MatchString(arn) {
		return nil
	}
	return fmt.Errorf("%srole_arn %q is not a role's ARN; give one such as arn:aws:iam::123456789012:role/NAME", prefix, arn)
}

func checkSessionName(prefix, name string) error {
	if name == "" || sessionPattern.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%ssession_name %q is not one that STS takes; give 2 to 64 letters, digits or any of _+=,.@-", prefix, name)
}
