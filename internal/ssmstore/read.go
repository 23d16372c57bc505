package ssmstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Document is a configuration, or a value, as it was written.
type Document struct {
	// Ref is what was asked for; for a document of a path, its own name.
	Ref Ref
	// Version is the parameter's.
	Version  int64
	Modified time.Time
	// Secure tells that it is a SecureString.
	Secure bool
	Text   []byte
}

// Name says where the document came from, in the words of an operator.
func (d Document) Name() string {
	if d.Ref.Version > 0 {
		return Scheme + ":" + d.Ref.Name + fmt.Sprintf(" (version %d)", d.Version)
	}
	return Scheme + ":" + d.Ref.String() + fmt.Sprintf(" (version %d)", d.Version)
}

// Snapshot is what a reference stood for.
type Snapshot struct {
	// Documents are in the order of their names. A reference to one parameter has one.
	Documents []Document
	Stamp     Stamp
}

const (
	// A set of chunks may be pruned, or its first reader may be early, while another version takes over:
	// the whole is then read again.
	wholeAttempts = 3
	wholePause    = 250 * time.Millisecond
)

// Read gives what a reference stands for. What is not there is an error of the kind NotFound, also below
// a path.
func (s *Store) Read(ctx context.Context, r Ref) (Snapshot, error) {
	for attempt := 1; ; attempt++ {
		snap, err := s.read(ctx, r)
		if !IsKind(err, Damaged) || attempt == wholeAttempts {
			return snap, err
		}
		if waited := sleep(ctx, time.Duration(attempt)*wholePause); waited != nil {
			return snap, err
		}
	}
}

func (s *Store) read(ctx context.Context, r Ref) (Snapshot, error) {
	found, err := s.parameters(ctx, r)
	if err != nil {
		return Snapshot{}, err
	}
	return s.assemble(ctx, found)
}

// assemble makes the documents of parameters that are decrypted.
func (s *Store) assemble(ctx context.Context, found []parameter) (Snapshot, error) {
	var snap Snapshot
	for _, p := range found {
		text, err := s.whole(ctx, p)
		if err != nil {
			return Snapshot{}, err
		}
		snap.Documents = append(snap.Documents, Document{
			Ref: p.ref, Version: p.version, Modified: p.modified, Secure: p.kind == types.ParameterTypeSecureString, Text: text,
		})
	}
	snap.Stamp = stampOf(found)
	return snap, nil
}

// parameter is one as it is stored, which is not yet what was written.
type parameter struct {
	ref      Ref
	version  int64
	modified time.Time
	kind     types.ParameterType
	value    string // of a SecureString only after a read with decryption
}

func parameterOf(r Ref, p types.Parameter) parameter {
	return parameter{ref: r, version: p.Version, modified: aws.ToTime(p.LastModifiedDate), kind: p.Type, value: aws.ToString(p.Value)}
}

// parameters finds those of a reference, with their values.
func (s *Store) parameters(ctx context.Context, r Ref) ([]parameter, error) {
	if r.IsPath() {
		return s.below(ctx, r)
	}
	return s.named(ctx, []Ref{r}, true)
}

// named reads parameters by name. Each that is not there is an error.
func (s *Store) named(ctx context.Context, refs []Ref, decrypt bool) ([]parameter, error) {
	var all []parameter
	for _, batch := range batches(refs) {
		found, err := s.batch(ctx, batch, decrypt)
		if err != nil {
			return nil, err
		}
		for _, r := range batch {
			p, ok := found[r]
			if !ok {
				return nil, s.missing(r)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

func (s *Store) missing(r Ref) error {
	if r.IsPath() {
		return s.nothingBelow(r)
	}
	e := s.fault(question{operation: "GetParameters", name: r.String()}, NotFound, "there is no such parameter")
	e.Remedy = "check the name, the region and the account, or write it with config push"
	if selector := strings.TrimPrefix(r.selector(), ":"); selector != "" {
		e.detail += fmt.Sprintf(", or it has no %s", selector)
		e.Remedy = "config history shows its versions and labels"
	}
	return e
}

// batch reads up to ten parameters in one call. Those that are not there are missing in the result.
func (s *Store) batch(ctx context.Context, refs []Ref, decrypt bool) (map[Ref]parameter, error) {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.String()
	}
	q := question{operation: "GetParameters", name: strings.Join(names, ", ")}
	out, err := ask(ctx, s, q, func(ctx context.Context) (*ssm.GetParametersOutput, error) {
		return s.api.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: &decrypt})
	})
	if err != nil {
		return nil, err
	}
	// A parameter that was asked for by its ARN is answered by its name.
	answers := make(map[string]types.Parameter, 2*len(out.Parameters))
	for _, p := range out.Parameters {
		answers[aws.ToString(p.Name)+aws.ToString(p.Selector)] = p
		answers[aws.ToString(p.ARN)+aws.ToString(p.Selector)] = p
	}
	found := make(map[Ref]parameter, len(refs))
	for i, r := range refs {
		if p, ok := answers[names[i]]; ok {
			found[r] = parameterOf(r, p)
		}
	}
	return found, nil
}

// batches divides references into calls. One call never names a parameter twice.
func batches(refs []Ref) [][]Ref {
	var all [][]Ref
	for _, r := range refs {
		at := 0
		for ; at < len(all); at++ {
			if len(all[at]) < maxNames && !hasName(all[at], r.Name) {
				break
			}
		}
		if at == len(all) {
			all = append(all, nil)
		}
		all[at] = append(all[at], r)
	}
	return all
}

func hasName(refs []Ref, name string) bool {
	for _, r := range refs {
		if r.Name == name {
			return true
		}
	}
	return false
}

// whole gives the text of a parameter, from its chunks where it has some.
func (s *Store) whole(ctx context.Context, p parameter) ([]byte, error) {
	e, is, err := parseEnvelope(p.value)
	if err != nil {
		return nil, s.damaged(p.ref, err.Error())
	}
	if !is {
		return []byte(p.value), nil
	}
	payload := e.Data
	if e.Chunks > 0 {
		if payload, err = s.chunks(ctx, p.ref, e); err != nil {
			return nil, err
		}
	}
	text, err := e.open(payload)
	if err != nil {
		return nil, s.damaged(p.ref, err.Error())
	}
	return text, nil
}

func (s *Store) chunks(ctx context.Context, r Ref, e envelope) (string, error) {
	var refs []Ref
	for i := range e.Chunks {
		refs = append(refs, Ref{Name: chunkName(r.Name, e.Set, i+1)})
	}
	var payload strings.Builder
	for len(refs) > 0 {
		batch := refs[:min(maxNames, len(refs))]
		refs = refs[len(batch):]
		found, err := s.batch(ctx, batch, true)
		if err != nil {
			return "", err
		}
		for _, r := range batch {
			p, ok := found[r]
			if !ok {
				return "", s.damaged(r, fmt.Sprintf("this part of %d is missing", e.Chunks))
			}
			payload.WriteString(p.value)
		}
	}
	return payload.String(), nil
}

func (s *Store) damaged(r Ref, detail string) error {
	e := s.fault(question{operation: "GetParameters", name: r.String()}, Damaged, detail)
	e.Remedy = "push the configuration again, or name an earlier version (config history)"
	return e
}
