package ssmstore

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Unknown is the length of a text that the caller may not decrypt.
const Unknown = -1

// Version is one version of a parameter.
type Version struct {
	Number   int64
	Labels   []string
	Modified time.Time
	// User is the ARN of who wrote it.
	User        string
	Description string
	// Bytes is the length of the whole text, or Unknown. Chunks are the parameters it takes besides its own.
	Bytes, Chunks int
	Secure        bool
	// Tier is the API's name of it.
	Tier string

	kind  types.ParameterType
	keyID string
	value string // ciphertext where Bytes is Unknown
	set   string // of its chunks
	odd   bool   // it is an envelope that cannot be read
}

// History gives the versions of a parameter that Parameter Store has kept, oldest first: at most 100. It
// decrypts where it may.
func (s *Store) History(ctx context.Context, name string) ([]Version, error) {
	versions, err := s.history(ctx, name, true)
	if IsKind(err, Denied) || IsKind(err, Refused) { // a key that is disabled, or may not be used
		if plain, plainErr := s.history(ctx, name, false); plainErr == nil {
			return plain, nil
		}
	}
	return versions, err
}

func (s *Store) history(ctx context.Context, name string, decrypt bool) ([]Version, error) {
	var versions []Version
	in := &ssm.GetParameterHistoryInput{Name: &name, WithDecryption: &decrypt, MaxResults: aws.Int32(pageHistory)}
	for {
		out, err := ask(ctx, s, question{operation: "GetParameterHistory", name: name}, func(ctx context.Context) (*ssm.GetParameterHistoryOutput, error) {
			return s.api.GetParameterHistory(ctx, in)
		})
		if err != nil {
			return nil, err
		}
		for _, p := range out.Parameters {
			versions = append(versions, versionOf(p, decrypt))
		}
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			break
		}
	}
	slices.SortFunc(versions, func(a, b Version) int { return int(a.Number - b.Number) })
	return versions, nil
}

func versionOf(p types.ParameterHistory, decrypted bool) Version {
	v := Version{
		Number: p.Version, Labels: p.Labels, Modified: aws.ToTime(p.LastModifiedDate).UTC(), User: aws.ToString(p.LastModifiedUser),
		Description: aws.ToString(p.Description), Tier: string(p.Tier), kind: p.Type, keyID: aws.ToString(p.KeyId),
		value: aws.ToString(p.Value), Secure: p.Type == types.ParameterTypeSecureString,
	}
	slices.Sort(v.Labels)
	if v.Secure && !decrypted {
		v.Bytes, v.odd = Unknown, true
		return v
	}
	v.Bytes = len(v.value)
	if e, is, err := parseEnvelope(v.value); err != nil {
		v.odd = true
	} else if is {
		v.Bytes, v.Chunks, v.set = e.Bytes, e.Chunks, e.Set
	}
	return v
}

// Entry is one parameter of a list.
type Entry struct {
	Name string
	// Version is the newest; Labels are those of all versions, as LABEL=VERSION shows them.
	Version
	AllLabels map[string]int64
}

// List gives the parameters below a path, without the parts of configurations, in the order of their names.
func (s *Store) List(ctx context.Context, path string) ([]Entry, error) {
	found, _, err := s.walk(ctx, Ref{Name: path})
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, p := range found {
		versions, err := s.History(ctx, p.ref.Name)
		if IsKind(err, NotFound) {
			continue // it was deleted a moment ago
		}
		if err != nil {
			return nil, err
		}
		e := Entry{Name: p.ref.Name, AllLabels: map[string]int64{}}
		for _, v := range versions {
			e.Version = v
			for _, label := range v.Labels {
				e.AllLabels[label] = v.Number
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Names gives the names of the parameters below a path, without the parts of configurations, in their order.
func (s *Store) Names(ctx context.Context, path string) ([]string, error) {
	found, _, err := s.walk(ctx, Ref{Name: path})
	names := make([]string, len(found))
	for i, p := range found {
		names[i] = p.ref.Name
	}
	return names, err
}

// newest is the last of a history; the zero Version where there is none.
func newest(versions []Version) Version {
	if len(versions) == 0 {
		return Version{}
	}
	return versions[len(versions)-1]
}
