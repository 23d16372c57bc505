package ssmstore

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// maxListed bounds what one path may hold; AWS allows 10,000 Standard parameters for an account and region.
const maxListed = 20_000

// walk lists the parameters below a path, chunks left out, in the order of their names. The values of
// SecureStrings are ciphertext: listing costs no KMS call. It says how many calls it took.
func (s *Store) walk(ctx context.Context, r Ref) (found []parameter, calls int, err error) {
	path := r.Name
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	in := &ssm.GetParametersByPathInput{
		Path: &path, Recursive: aws.Bool(true), WithDecryption: aws.Bool(false), MaxResults: aws.Int32(pageByPath),
	}
	if r.Label != "" {
		in.ParameterFilters = []types.ParameterStringFilter{{Key: aws.String("Label"), Option: aws.String("Equals"), Values: []string{r.Label}}}
	}
	q := question{operation: "GetParametersByPath", name: r.String()}
	for seen := 0; ; {
		out, err := ask(ctx, s, q, func(ctx context.Context) (*ssm.GetParametersByPathOutput, error) {
			return s.api.GetParametersByPath(ctx, in)
		})
		calls++
		if err != nil {
			return nil, calls, err
		}
		if seen += len(out.Parameters); seen > maxListed {
			e := s.fault(q, Refused, "there are too many parameters below this path")
			e.Remedy = "name a path with less below it"
			return nil, calls, e
		}
		for _, p := range out.Parameters {
			if name := aws.ToString(p.Name); !IsChunk(name) {
				found = append(found, parameterOf(Ref{Name: name, Label: r.Label}, p))
			}
		}
		// A page may be empty and not the last.
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			break
		}
	}
	slices.SortFunc(found, func(a, b parameter) int { return strings.Compare(a.ref.Name, b.ref.Name) })
	return found, calls, nil
}

// below is walk with the values of SecureStrings.
func (s *Store) below(ctx context.Context, r Ref) ([]parameter, error) {
	found, _, err := s.walk(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, s.missing(r)
	}
	return found, s.decrypt(ctx, found)
}

// nothingBelow is the error of a path without parameters.
func (s *Store) nothingBelow(r Ref) error {
	e := s.fault(question{operation: "GetParametersByPath", name: r.String()}, NotFound, "there is no parameter below this path")
	if r.Label != "" {
		e.detail = "there is no parameter with this label below this path"
	}
	e.Remedy = "check the path, the region and the account, or write one with config push"
	return e
}

// decrypt reads the values of the SecureStrings that were listed. One that is not there any more makes what was
// listed Damaged: Read then lists again.
func (s *Store) decrypt(ctx context.Context, found []parameter) error {
	var secure []Ref
	for _, p := range found {
		if p.kind == types.ParameterTypeSecureString {
			secure = append(secure, p.ref)
		}
	}
	open, err := s.named(ctx, secure, true)
	if IsKind(err, NotFound) {
		return s.damaged(secure[0], "a SecureString was deleted while it was read")
	}
	if err != nil {
		return err
	}
	for _, p := range open {
		for i := range found {
			if found[i].ref == p.ref {
				found[i] = p
			}
		}
	}
	return nil
}
