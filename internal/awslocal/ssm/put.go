package ssm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

type putParameterInput struct {
	Name           *string
	Description    *string
	Value          *string
	Type           *string
	KeyId          *string // the wire name
	Overwrite      bool
	AllowedPattern *string
	Tags           []tag
	Tier           *string
	Policies       *string
	DataType       *string
}

type putParameterOutput struct {
	Version int64
	Tier    string
}

var (
	keyIDPattern = regexp.MustCompile(`^[a-zA-Z0-9:/_-]+$`)
	imagePattern = regexp.MustCompile(`^ami-[0-9a-f]{8}([0-9a-f]{9})?$`)
)

func (in *putParameterInput) check() error {
	var c wire.Constraints
	if in.Name == nil {
		c.Required("name")
	} else {
		c.Length("name", *in.Name, utf8.RuneCountInString(*in.Name), 1, maxNameParameter)
	}
	switch {
	case in.Value == nil:
		c.Required("value")
	case *in.Value == "":
		c.AddSecret("value", "Member must have length greater than or equal to 1")
	}
	if in.Description != nil {
		c.Length("description", *in.Description, utf8.RuneCountInString(*in.Description), 0, 1024)
	}
	if in.Type != nil && !slices.Contains([]string{typeString, typeStringList, typeSecureString}, *in.Type) {
		c.Add("type", *in.Type, "Member must satisfy enum value set: [SecureString, StringList, String]")
	}
	if in.KeyId != nil {
		c.Length("keyId", *in.KeyId, utf8.RuneCountInString(*in.KeyId), 1, 256)
		if !keyIDPattern.MatchString(*in.KeyId) {
			c.Add("keyId", *in.KeyId, "Member must satisfy regular expression pattern: ^([a-zA-Z0-9:/_-]+)$")
		}
	}
	if in.AllowedPattern != nil {
		c.Length("allowedPattern", *in.AllowedPattern, utf8.RuneCountInString(*in.AllowedPattern), 0, 1024)
	}
	if in.Tier != nil && !slices.Contains([]string{tierStandard, tierAdvanced, tierIntelligent}, *in.Tier) {
		c.Add("tier", *in.Tier, "Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]")
	}
	if in.Policies != nil && *in.Policies != "" { // "" ends the policies that there are
		c.Length("policies", *in.Policies, utf8.RuneCountInString(*in.Policies), 1, 4096)
	}
	if in.DataType != nil {
		c.Length("dataType", *in.DataType, utf8.RuneCountInString(*in.DataType), 0, 128)
	}
	checkTags(&c, in.Tags)
	return c.Err("ValidationException")
}

func (s *Service) putParameter(c *wire.Call) (any, error) {
	var in putParameterInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	name := trim(*in.Name)
	if err := s.checkNewName(name); err != nil {
		return nil, err
	}
	if in.Overwrite && len(in.Tags) > 0 {
		return nil, wire.Errorf("ValidationException", "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, "+
			"please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	if len(in.Tags) > MaxTags {
		return nil, errTooManyTags
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.parameters[name]; p != nil && p.expired(c.Now) {
		s.remove(name)
	}
	p := s.parameters[name]
	if p != nil && !in.Overwrite {
		return nil, wire.Errorf("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	}
	v, err := s.newVersion(&in, p)
	if err != nil {
		return nil, err
	}
	v.modified, v.user = c.Now, c.Caller.ARN
	if v.kind == typeSecureString {
		v.stored = s.sealer.seal(v.stored, s.arn(name))
	}
	s.store(name, p, v, in.Tags)
	return &putParameterOutput{Version: v.number, Tier: v.tier}, nil
}

// newVersion checks everything that a put may be refused for, and changes nothing. What the request
// leaves out is taken from the version before.
func (s *Service) newVersion(in *putParameterInput, p *parameter) (*version, error) {
	v := &version{number: 1, stored: *in.Value, size: len(*in.Value), dataType: dataText}
	previousTier := ""
	if p != nil {
		last := p.latest()
		v.number, v.kind, v.dataType = last.number+1, last.kind, last.dataType
		v.description, v.pattern, v.policies = last.description, last.pattern, last.policies
		v.keyID, previousTier = last.keyID, last.tier
	}
	for value, field := range map[*string]*string{in.Type: &v.kind, in.Description: &v.description, in.AllowedPattern: &v.pattern, in.DataType: &v.dataType} {
		if value != nil {
			*field = *value
		}
	}
	if v.kind == "" {
		return nil, wire.Errorf("ValidationException", "A parameter type is required when you create a parameter.")
	}
	if v.dataType == "" {
		v.dataType = dataText
	}
	if err := s.chooseKey(in, v); err != nil {
		return nil, err
	}
	if in.Policies != nil {
		policies, err := parsePolicies(*in.Policies)
		if err != nil {
			return nil, err
		}
		v.policies = policies
	}
	if err := s.chooseTier(in, v, previousTier); err != nil {
		return nil, err
	}
	if err := checkValue(v); err != nil {
		return nil, err
	}
	if p != nil && len(p.versions) >= MaxVersions && len(p.versions[0].labels) > 0 {
		return nil, wire.Errorf("ParameterMaxVersionLimitExceeded", "You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. "+
			"Version %d, the oldest version, can't be deleted because it has a label associated with it. "+
			"Move the label to another version of the parameter, and try again.", p.name, p.versions[0].number)
	}
	return v, nil
}

func (s *Service) chooseKey(in *putParameterInput, v *version) error {
	if v.kind != typeSecureString {
		v.keyID = ""
		if in.KeyId != nil {
			return wire.Errorf("ValidationException", "KeyId is required for SecureString type parameter only.")
		}
		return nil
	}
	if in.KeyId != nil {
		v.keyID = *in.KeyId
	}
	if v.keyID == "" {
		v.keyID = s.defaultKMSKey
	}
	if len(s.kmsKeys) > 0 && v.keyID != s.defaultKMSKey && !slices.Contains(s.kmsKeys, v.keyID) {
		return wire.Errorf("InvalidKeyId", "Invalid keyId %s", v.keyID)
	}
	return nil
}

// chooseTier decides between the standard and the advanced tier and enforces their limits.
func (s *Service) chooseTier(in *putParameterInput, v *version, previous string) error {
	asked := tierStandard // the account's default tier
	switch {
	case in.Tier != nil:
		asked = *in.Tier
	case previous != "":
		asked = previous
	}
	standardFull := previous == "" && s.standard >= MaxStandardParameters
	v.tier = asked
	if asked == tierIntelligent {
		v.tier = tierStandard
		if previous == tierAdvanced || v.size > MaxStandardValue || len(v.policies) > 0 || standardFull {
			v.tier = tierAdvanced
		}
	}
	switch {
	case v.tier == tierStandard && previous == tierAdvanced:
		return wire.Errorf("ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. "+
			"If necessary, you can delete the advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value limit of %d characters.", MaxStandardValue)
	case v.tier == tierStandard && len(v.policies) > 0:
		return wire.Errorf("ValidationException", "Parameter policies are only supported for parameters that use the advanced-parameter tier.")
	case v.tier == tierStandard && v.size > MaxStandardValue:
		return wire.Errorf("ValidationException", "Standard tier parameters support a maximum parameter value of %d characters. "+
			"To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. "+
			"For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", MaxStandardValue)
	case v.size > MaxAdvancedValue:
		return wire.Errorf("ValidationException", "The specified parameter value is too large. Advanced-tier parameters support a maximum parameter value of %d characters.", MaxAdvancedValue)
	case v.tier == tierStandard && standardFull:
		return wire.Errorf("ParameterLimitExceeded", "You have reached the maximum number of standard parameters for this AWS account and Region (%d). "+
			"To add more parameters, either delete existing parameters or upgrade to the advanced-parameter tier (charges apply).", MaxStandardParameters)
	case v.tier == tierAdvanced && previous == "" && len(s.names)-s.standard >= MaxAdvancedParameters:
		return wire.Errorf("ParameterLimitExceeded", "You have reached the maximum number of advanced parameters for this AWS account and Region (%d).", MaxAdvancedParameters)
	case s.bytes+int64(v.size) > maxStoredBytes:
		return wire.Errorf("ParameterLimitExceeded", "cloudwatch-local holds at most %d bytes of parameter values. Delete parameters and try again.", maxStoredBytes)
	}
	return nil
}

func checkValue(v *version) error {
	if at := strings.Index(v.stored, "{{"); at >= 0 && strings.Contains(v.stored[at:], "}}") {
		return wire.Errorf("ValidationException", `Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	}
	switch v.dataType {
	case dataText:
	case dataImage:
		if v.kind != typeString {
			return wire.Errorf("ValidationException", "The data type %s is only supported for parameters of type String.", dataImage)
		}
		// The service checks the image after it answered, and drops the change when there is no such
		// image; a value that cannot be one is refused here at once.
		if !imagePattern.MatchString(v.stored) {
			return wire.Errorf("ValidationException", "Parameter value, %s, is not a valid image ID for data type %s.", v.stored, dataImage)
		}
	case dataIntegration:
		if v.kind != typeSecureString {
			return wire.Errorf("ValidationException", "The data type %s is only supported for parameters of type SecureString.", dataIntegration)
		}
	default:
		return wire.Errorf("ValidationException", "The following data type is not supported: %s (Data type names are all lowercase.)", v.dataType)
	}
	if v.pattern == "" {
		return nil
	}
	// RE2 lacks Java's look-around; such a pattern is refused rather than passed over.
	pattern, err := regexp.Compile(fmt.Sprintf("^(?:%s)$", v.pattern))
	if err != nil {
		return wire.Errorf("InvalidAllowedPatternException", "The request does not meet the regular expression requirement: %s", v.pattern)
	}
	items := []string{v.stored}
	if v.kind == typeStringList {
		items = strings.Split(v.stored, ",")
	}
	for _, item := range items {
		if !pattern.MatchString(item) {
			return wire.Errorf("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", v.pattern)
		}
	}
	return nil
}

// store adds a version that passed every check.
func (s *Service) store(name string, p *parameter, v *version, tags []tag) {
	s.bytes += int64(v.size)
	if p == nil {
		p = &parameter{name: name, versions: []*version{v}, tags: map[string]string{}, expires: expiration(v.policies)}
		for _, t := range tags {
			p.tags[*t.Key] = *t.Value
		}
		s.insert(p)
		if v.tier == tierStandard {
			s.standard++
		}
		return
	}
	if p.latest().tier == tierStandard && v.tier == tierAdvanced {
		s.standard--
	}
	if len(p.versions) >= MaxVersions {
		s.bytes -= int64(p.versions[0].size)
		p.versions = slices.Delete(p.versions, 0, 1)
	}
	p.versions = append(p.versions, v)
	p.expires = expiration(v.policies)
}
