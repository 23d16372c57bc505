package ssmstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// writer is how the parameters of one configuration are written.
type writer struct {
	name     string
	kind     types.ParameterType
	keyID    string
	tier     Tier
	raises   bool // the tier is a higher one
	warnings []string
}

// writer joins what is wanted with what there is.
func (s *Store) writer(name string, last Version, o PushOptions) (writer, error) {
	w := writer{name: name, kind: types.ParameterTypeString, tier: o.Tier, keyID: o.KMSKeyID}
	if w.tier == "" {
		w.tier = TierStandard
	}
	if o.Secure || o.KMSKeyID != "" {
		w.kind = types.ParameterTypeSecureString
	}
	if last.Number == 0 {
		return w, nil
	}
	switch {
	case last.kind == types.ParameterTypeStringList:
		return w, s.invalid(name, errors.New("it is a StringList, which holds no configuration: choose another name"))
	case w.kind == types.ParameterTypeSecureString && last.kind != w.kind:
		return w, s.invalid(name, errors.New("it is a String, and Parameter Store cannot make a SecureString of one: choose another name, or delete it first"))
	}
	w.kind = last.kind
	if w.keyID == "" {
		w.keyID = last.keyID
	}
	if last.Tier == string(types.ParameterTierAdvanced) {
		if o.Tier == TierStandard {
			w.warnings = append(w.warnings, "it stays in the Advanced tier: there is no way back")
		}
		w.tier = TierAdvanced
	}
	w.raises = w.tier == TierAdvanced && last.Tier != string(types.ParameterTierAdvanced)
	return w, nil
}

func (w writer) input(name, value string, tier Tier) *ssm.PutParameterInput {
	in := &ssm.PutParameterInput{Name: &name, Value: &value, Type: w.kind, Tier: tier.api()}
	if w.kind == types.ParameterTypeSecureString && w.keyID != "" {
		in.KeyId = &w.keyID
	}
	return in
}

// putChunks writes the parts of a configuration, which nobody reads yet.
func (s *Store) putChunks(ctx context.Context, w writer, p packed) error {
	for i, part := range p.parts {
		in := w.input(chunkName(w.name, p.set, i+1), part, TierStandard)
		in.Description = aws.String(fmt.Sprintf("Part %d of %d of a version of %s.", i+1, len(p.parts), w.name))
		in.Overwrite = aws.Bool(true) // the set is ours alone: what is there was written by an attempt whose answer was lost
		q := question{operation: "PutParameter", name: *in.Name, secret: part}
		if _, err := ask(ctx, s, q, func(ctx context.Context) (*ssm.PutParameterOutput, error) { return s.api.PutParameter(ctx, in) }); err != nil {
			return fmt.Errorf("nothing has changed for readers, as part %d of %d could not be written: %w", i+1, len(p.parts), err)
		}
	}
	return nil
}

// putOnce writes a version exactly once: before it tries again after a lost answer it looks whether the
// first attempt has arrived.
func (s *Store) putOnce(ctx context.Context, in *ssm.PutParameterInput, expected int64) (*ssm.PutParameterOutput, error) {
	began := time.Now()
	q := question{operation: "PutParameter", name: *in.Name, secret: *in.Value}
	for attempt := 0; ; attempt++ {
		out, err := attemptOf(ctx, s, q, func(ctx context.Context) (*ssm.PutParameterOutput, error) { return s.api.PutParameter(ctx, in) })
		exists := hasCode(err, "ParameterAlreadyExists")
		if attempt == 0 && exists {
			return nil, s.conflict(*in.Name, 0, 1)
		}
		if err == nil || !exists && !s.again(ctx, began, attempt, err) {
			return out, err
		}
		if IsKind(err, Throttled) {
			continue // it was not carried out
		}
		found, lookErr := s.batch(ctx, []Ref{{Name: *in.Name}}, true)
		if lookErr != nil {
			return nil, errors.Join(err, lookErr)
		}
		switch p := found[Ref{Name: *in.Name}]; {
		case p.version == expected && !exists:
		case p.version == expected+1 && p.value == *in.Value:
			return &ssm.PutParameterOutput{Version: p.version, Tier: in.Tier}, nil
		default:
			return nil, s.conflict(*in.Name, expected, p.version)
		}
	}
}
