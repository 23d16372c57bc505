package ssmstore

import (
	"context"
	"fmt"
	"slices"
)

// Step is a rollback that may be done.
type Step struct {
	Name, Label string
	// From is the version that has the label; the newest where none has it. To gets it.
	From, To Version
	// Newest is what readers without a label get.
	Newest int64
}

// PlanRollback says where a rollback leads: to a version, or with 0 to the one before the labelled one.
func (s *Store) PlanRollback(ctx context.Context, name, label string, version int64) (Step, error) {
	step := Step{Name: name, Label: label}
	if err := CheckTarget(Ref{Name: name}); err != nil {
		return step, err
	}
	if err := CheckLabel(label); err != nil {
		return step, err
	}
	versions, err := s.History(ctx, name)
	if err != nil {
		return step, err
	}
	last := newest(versions)
	step.From, step.Newest = last, last.Number
	if at := slices.IndexFunc(versions, func(v Version) bool { return slices.Contains(v.Labels, label) }); at >= 0 {
		step.From = versions[at]
	}
	for _, v := range versions {
		if version == 0 && v.Number < step.From.Number || version > 0 && v.Number == version {
			step.To = v
		}
	}
	if step.To.Number > 0 {
		return step, nil
	}
	e := s.fault(question{operation: "GetParameterHistory", name: name}, NotFound, fmt.Sprintf("version %d is not among its versions %d to %d", version, versions[0].Number, last.Number))
	if version == 0 {
		e.detail = fmt.Sprintf("there is no version before %d", step.From.Number)
	}
	e.Remedy = "config history shows the versions that there are"
	return step, e
}

// Rollback moves the label, once the version that it moves to has been read whole. With rewrite the old
// text is written as a new version as well, which gets the label; its number is returned, or else 0.
func (s *Store) Rollback(ctx context.Context, step Step, rewrite bool) (int64, error) {
	if _, err := s.Read(ctx, Ref{Name: step.Name, Version: step.To.Number}); err != nil {
		return 0, err
	}
	if !rewrite {
		return 0, s.labelled(ctx, step.Name, step.To, step.Label)
	}
	versions, err := s.history(ctx, step.Name, true)
	if err != nil {
		return 0, err
	}
	last := newest(versions)
	at := slices.IndexFunc(versions, func(v Version) bool { return v.Number == step.To.Number })
	if last.Number != step.Newest || at < 0 {
		return 0, s.conflict(step.Name, step.Newest, last.Number)
	}
	if err := s.room(step.Name, versions); err != nil {
		return 0, err
	}
	o := PushOptions{Expected: last.Number, Description: fmt.Sprintf("Version %d again.", step.To.Number)}
	w, err := s.writer(step.Name, last, o)
	if err != nil {
		return 0, err
	}
	// The value is taken over as it is: it names the same chunks.
	out, err := s.put(ctx, w, versions[at].value, o)
	if err != nil {
		return 0, err
	}
	return out.Version, s.label(ctx, step.Name, out.Version, step.Label)
}
