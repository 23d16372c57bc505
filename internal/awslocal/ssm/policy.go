package ssm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// policy is one parameter policy. Only expiration takes effect here: the two others would send
// events to EventBridge.
type policy struct {
	kind    string
	text    string
	expires time.Time
}

// policyOutput is the ParameterInlinePolicy shape.
type policyOutput struct {
	PolicyText   string
	PolicyType   string
	PolicyStatus string
}

func policyOutputs(policies []policy) []policyOutput {
	out := make([]policyOutput, 0, len(policies))
	for _, p := range policies {
		out = append(out, policyOutput{PolicyText: p.text, PolicyType: p.kind, PolicyStatus: "Pending"})
	}
	return out
}

// expiration is the moment at which the policies end a parameter, or zero.
func expiration(policies []policy) time.Time {
	for _, p := range policies {
		if !p.expires.IsZero() {
			return p.expires
		}
	}
	return time.Time{}
}

// parsePolicies reads a JSON array of policies; an empty text or array ends those that there are.
func parsePolicies(text string) ([]policy, error) {
	if text == "" {
		return nil, nil
	}
	var documents []json.RawMessage
	if err := json.Unmarshal([]byte(text), &documents); err != nil {
		return nil, wire.Errorf("InvalidPolicyAttributeException", "The policies are not a JSON array: %v", err)
	}
	if len(documents) > MaxPolicies {
		return nil, wire.Errorf("PoliciesLimitExceededException", "You specified more than the maximum number of allowed policies for the parameter. The maximum is %d.", MaxPolicies)
	}
	var policies []policy
	expirations := 0
	for _, document := range documents {
		p, err := parsePolicy(document)
		if err != nil {
			return nil, err
		}
		if p.kind == "Expiration" {
			expirations++
		}
		policies = append(policies, p)
	}
	if expirations > 1 {
		return nil, wire.Errorf("IncompatiblePolicyException", "There is a conflict in the policies specified for this parameter. You can't, for example, specify two Expiration policies for a parameter. Review your policies, and try again.")
	}
	return policies, nil
}

func parsePolicy(document json.RawMessage) (policy, error) {
	var in struct {
		Type, Version string
		Attributes    struct{ Timestamp, Before, After, Unit string }
	}
	if err := json.Unmarshal(document, &in); err != nil {
		return policy{}, wire.Errorf("InvalidPolicyAttributeException", "A policy attribute or its value is invalid: %v", err)
	}
	var text bytes.Buffer
	if err := json.Compact(&text, document); err != nil {
		return policy{}, wire.Errorf("InvalidPolicyAttributeException", "A policy attribute or its value is invalid: %v", err)
	}
	p := policy{kind: in.Type, text: text.String()}
	if in.Version != "1.0" {
		return policy{}, wire.Errorf("InvalidPolicyAttributeException", "The policy version %q is not supported. The version is 1.0.", in.Version)
	}
	amount := ""
	switch in.Type {
	case "Expiration":
		at, err := time.Parse(time.RFC3339, in.Attributes.Timestamp)
		if err != nil {
			return policy{}, wire.Errorf("InvalidPolicyAttributeException", "The Timestamp %q of the Expiration policy is not an ISO 8601 time, such as 2030-12-02T21:34:33.000Z.", in.Attributes.Timestamp)
		}
		p.expires = at
		return p, nil
	case "ExpirationNotification":
		amount = in.Attributes.Before
	case "NoChangeNotification":
		amount = in.Attributes.After
	default:
		return policy{}, wire.Errorf("InvalidPolicyTypeException", "The policy type isn't supported. Parameter Store supports the following policy types: Expiration, ExpirationNotification, and NoChangeNotification.")
	}
	n, err := strconv.Atoi(amount)
	if err != nil || n <= 0 || in.Attributes.Unit != "Days" && in.Attributes.Unit != "Hours" {
		return policy{}, wire.Errorf("InvalidPolicyAttributeException", "The %s policy needs a positive number and the unit Days or Hours.", in.Type)
	}
	return p, nil
}
