package ssmstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Stamp tells two states of a reference apart without its values: versions, and when they were written, as
// a parameter that is deleted and made again begins anew with version 1. It is empty where nothing is.
type Stamp string

func stampOf(found []parameter) Stamp {
	if len(found) == 0 {
		return ""
	}
	h := sha256.New()
	for _, p := range found {
		fmt.Fprintf(h, "%s %d %d\n", p.ref.Name, p.version, p.modified.UnixNano())
	}
	return Stamp(hex.EncodeToString(h.Sum(nil)))
}

// Seen is what Look found out about one reference.
type Seen struct {
	Stamp Stamp
	Err   error

	found []parameter // values of SecureStrings are ciphertext
}

// Complete reports whether Finish needs no call: nothing has to be decrypted, and there are no parts.
func (seen Seen) Complete() bool {
	return !slices.ContainsFunc(seen.found, func(p parameter) bool {
		if p.kind == types.ParameterTypeSecureString {
			return true
		}
		e, is, err := parseEnvelope(p.value)
		return err == nil && is && e.Chunks > 0
	})
}

// Finish is Read for what Look has just seen. It calls only for what a look leaves out.
func (s *Store) Finish(ctx context.Context, r Ref, seen Seen) (Snapshot, error) {
	switch {
	case seen.Err != nil:
		return Snapshot{}, seen.Err
	case len(seen.found) == 0:
		return Snapshot{}, s.missing(r)
	}
	found := slices.Clone(seen.found)
	err := s.decrypt(ctx, found)
	if err == nil {
		var snap Snapshot
		if snap, err = s.assemble(ctx, found); err == nil {
			return snap, nil
		}
	}
	if IsKind(err, Damaged) { // another version may have taken over since the look
		return s.Read(ctx, r)
	}
	return Snapshot{}, err
}

// Look reads versions, and the values that cost nothing more: ten parameters a call, nothing decrypted. A
// parameter that the caller may not read does not keep the others from being looked at. calls is how many
// calls it took.
func (s *Store) Look(ctx context.Context, refs []Ref) (seen map[Ref]Seen, calls int) {
	seen = make(map[Ref]Seen, len(refs))
	var single []Ref
	for _, r := range refs {
		if !r.IsPath() {
			single = append(single, r)
			continue
		}
		found, n, err := s.walk(ctx, r)
		calls += n
		seen[r] = Seen{Stamp: stampOf(found), Err: err, found: found}
	}
	for _, batch := range batches(single) {
		calls += s.stampBatch(ctx, batch, seen)
	}
	return seen, calls
}

func (s *Store) stampBatch(ctx context.Context, batch []Ref, seen map[Ref]Seen) (calls int) {
	found, err := s.batch(ctx, batch, false)
	calls = 1
	if len(batch) > 1 && err != nil && !isTemporary(err) && ctx.Err() == nil {
		// One name fails the call for all: halves find it in few calls.
		half := len(batch) / 2
		return calls + s.stampBatch(ctx, batch[:half], seen) + s.stampBatch(ctx, batch[half:], seen)
	}
	for _, r := range batch {
		switch p, ok := found[r]; {
		case err != nil:
			seen[r] = Seen{Err: err}
		case !ok:
			seen[r] = Seen{}
		default:
			found := []parameter{p}
			seen[r] = Seen{Stamp: stampOf(found), found: found}
		}
	}
	return calls
}

func isTemporary(err error) bool {
	return IsKind(err, Throttled) || IsKind(err, Unavailable) || IsKind(err, Credentials)
}
