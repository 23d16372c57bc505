package ssmstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// DefaultLabel is the label that a push moves to what it wrote.
const DefaultLabel = "live"

// Tier is what a parameter costs, and how much it holds.
type Tier string

// The tiers.
const (
	// TierStandard is free, and holds 4,096 bytes.
	TierStandard Tier = "standard"
	// TierAdvanced has a price, and holds 8,192 bytes. There is no way back from it.
	TierAdvanced Tier = "advanced"
	// TierIntelligent is Standard until a value is too large for it.
	TierIntelligent Tier = "intelligent"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Tier) UnmarshalText(text []byte) error {
	switch tier := Tier(text); tier {
	case TierStandard, TierAdvanced, TierIntelligent:
		*t = tier
		return nil
	}
	return fmt.Errorf("the tier %q is not one of %s, %s, %s", clip(string(text)), TierStandard, TierAdvanced, TierIntelligent)
}

func (t Tier) limit() int {
	if t == TierAdvanced || t == TierIntelligent {
		return MaxAdvanced
	}
	return MaxStandard
}

func (t Tier) api() types.ParameterTier {
	switch t {
	case TierAdvanced:
		return types.ParameterTierAdvanced
	case TierIntelligent:
		return types.ParameterTierIntelligentTiering
	}
	return types.ParameterTierStandard
}

// PushOptions say how a configuration is written.
type PushOptions struct {
	// Expected is the version that the new one follows; 0 where there is none yet.
	Expected int64
	// Label is moved to the new version; none where it is empty.
	Label       string
	Description string
	// Secure makes a new parameter a SecureString; KMSKeyID is its key, the account's own by default.
	Secure   bool
	KMSKeyID string
	// Tier is that of a new parameter, or what one is raised to. Default: the parameter's own, or Standard.
	Tier Tier
}

// PushResult is what became of a push.
type PushResult struct {
	Version int64
	// Unchanged: the newest version has the same text, and nothing was written but perhaps the label.
	Unchanged bool
	// Chunks are the parameters that were written besides the named one.
	Chunks int
	// Secure and Tier are the parameter's.
	Secure bool
	Tier   string
	// Overwrote are versions that somebody else wrote in the same moment.
	Overwrote []int64
	// Pruned are the parts that were deleted, as no version needs them any more.
	Pruned int
	// Warnings are what did not go well, and does not matter to readers.
	Warnings []string
}

// Push writes a configuration as a new version, in one step for whoever reads.
func (s *Store) Push(ctx context.Context, name string, text []byte, o PushOptions) (PushResult, error) {
	var result PushResult
	if err := CheckTarget(Ref{Name: name}); err != nil {
		return result, err
	}
	if o.Label != "" {
		if err := CheckLabel(o.Label); err != nil {
			return result, err
		}
	}
	versions, err := s.historyOrNone(ctx, name)
	if err != nil {
		return result, err
	}
	w, err := s.writer(name, newest(versions), o)
	if err != nil {
		return result, err
	}
	result.Secure, result.Warnings = w.kind == types.ParameterTypeSecureString, w.warnings
	if len(versions) > 0 {
		same, err := s.same(ctx, name, text)
		if err != nil {
			return result, err
		}
		if same && !w.raises {
			last := newest(versions)
			result.Unchanged, result.Version, result.Tier = true, last.Number, last.Tier
			return result, s.labelled(ctx, name, last, o.Label)
		}
		if err := s.room(name, versions); err != nil {
			return result, err
		}
	}
	if now := newest(versions).Number; now != o.Expected {
		return result, s.conflict(name, o.Expected, now)
	}
	p, err := pack(text, w.tier.limit())
	if err != nil {
		return result, s.invalid(name, err)
	}
	if err := s.putChunks(ctx, w, p); err != nil {
		return result, err
	}
	result.Chunks = len(p.parts)
	out, err := s.put(ctx, w, p.value, o)
	if err != nil {
		return result, err
	}
	result.Version, result.Tier = out.Version, string(out.Tier)
	for v := o.Expected + 1; v < out.Version; v++ {
		result.Overwrote = append(result.Overwrote, v)
	}
	if err := s.label(ctx, name, out.Version, o.Label); err != nil {
		return result, fmt.Errorf("version %d is written, but has no label %s yet: %w", out.Version, o.Label, err)
	}
	if result.Pruned, err = s.prune(ctx, name); err != nil {
		result.Warnings = append(result.Warnings, "parts that no version needs were not deleted: "+err.Error())
	}
	return result, nil
}

func (s *Store) historyOrNone(ctx context.Context, name string) ([]Version, error) {
	versions, err := s.History(ctx, name)
	if IsKind(err, NotFound) {
		return nil, nil
	}
	return versions, err
}

func (s *Store) invalid(name string, err error) error {
	return s.fault(question{operation: "PutParameter", name: name}, Refused, err.Error())
}

// same tells whether the newest version has this text. One that cannot be put together has not.
func (s *Store) same(ctx context.Context, name string, text []byte) (bool, error) {
	snap, err := s.Read(ctx, Ref{Name: name})
	if err != nil {
		if IsKind(err, Damaged) || IsKind(err, NotFound) {
			return false, nil
		}
		return false, err
	}
	return bytes.Equal(snap.Documents[0].Text, text), nil
}

// room says whether Parameter Store can keep one more version.
func (s *Store) room(name string, versions []Version) error {
	oldest := versions[0]
	if len(versions) < maxVersions || len(oldest.Labels) == 0 {
		return nil
	}
	labels := strings.Join(oldest.Labels, ", ")
	e := s.fault(question{operation: "PutParameter", name: name}, Refused, fmt.Sprintf(
		"version %d, the oldest of %d, has the label %s, and Parameter Store deletes none that has one", oldest.Number, maxVersions, labels))
	e.Remedy = fmt.Sprintf("move it first: config rollback --label %s %s:%s %d", oldest.Labels[0], Scheme, name, newest(versions).Number)
	return e
}

// put writes the value that switches readers over.
func (s *Store) put(ctx context.Context, w writer, value string, o PushOptions) (*ssm.PutParameterOutput, error) {
	if err := s.unchangedSince(ctx, w.name, o.Expected); err != nil {
		return nil, err
	}
	in := w.input(w.name, value, w.tier)
	in.Overwrite = aws.Bool(o.Expected > 0)
	if o.Description != "" {
		in.Description = &o.Description
	}
	return s.putOnce(ctx, in, o.Expected)
}

// unchangedSince looks at the version right before it is overwritten.
func (s *Store) unchangedSince(ctx context.Context, name string, expected int64) error {
	found, err := s.batch(ctx, []Ref{{Name: name}}, false)
	if err != nil {
		return err
	}
	if now := found[Ref{Name: name}].version; now != expected {
		return s.conflict(name, expected, now)
	}
	return nil
}

func (s *Store) conflict(name string, expected, now int64) error {
	detail := fmt.Sprintf("it has version %d now, and had %d when its text was compared", now, expected)
	if expected == 0 {
		detail = fmt.Sprintf("somebody has made it in the meantime (version %d)", now)
	}
	e := s.fault(question{operation: "PutParameter", name: name}, Conflict, detail)
	e.Remedy = "look at config history, and push again"
	return e
}

// labelled gives a version a label that it may have.
func (s *Store) labelled(ctx context.Context, name string, v Version, label string) error {
	for _, has := range v.Labels {
		if has == label {
			return nil
		}
	}
	return s.label(ctx, name, v.Number, label)
}

func (s *Store) label(ctx context.Context, name string, version int64, label string) error {
	if label == "" {
		return nil
	}
	q := question{operation: "LabelParameterVersion", name: fmt.Sprintf("%s:%d", name, version)}
	out, err := ask(ctx, s, q, func(ctx context.Context) (*ssm.LabelParameterVersionOutput, error) {
		return s.api.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: &name, ParameterVersion: &version, Labels: []string{label}})
	})
	if err != nil {
		return err
	}
	if len(out.InvalidLabels) > 0 {
		return s.invalid(name, errors.New("the label "+label+" is not one that Parameter Store takes"))
	}
	return nil
}
