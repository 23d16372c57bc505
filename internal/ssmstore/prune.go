package ssmstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// pruneAfter is the age at which a set of chunks that no version names is left over: a push takes seconds
// between its first chunk and the value that names them, minutes at the worst.
const pruneAfter = time.Hour

// set is a set of chunks.
type set struct {
	names  []string
	newest time.Time
}

// prune deletes the chunks of a parameter that none of its versions names. Ages are told by the service's
// clock alone.
func (s *Store) prune(ctx context.Context, name string) (deleted int, err error) {
	sets, err := s.sets(ctx, name)
	if err != nil || len(sets) == 0 {
		return 0, err
	}
	// The history is read after the sets: a version that came in between names one of them, or a younger one.
	versions, err := s.history(ctx, name, true)
	if err != nil {
		return 0, err
	}
	for _, v := range versions {
		if v.odd {
			return 0, nil // nobody knows which it needs
		}
		delete(sets, v.set)
	}
	now := newest(versions).Modified
	var names []string
	for _, id := range slices.Sorted(maps.Keys(sets)) {
		if now.Sub(sets[id].newest) > pruneAfter {
			names = append(names, sets[id].names...)
		}
	}
	for batch := range slices.Chunk(names, maxNames) {
		q := question{operation: "DeleteParameters", name: strings.Join(batch, ", ")}
		out, err := ask(ctx, s, q, func(ctx context.Context) (*ssm.DeleteParametersOutput, error) {
			return s.api.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: batch})
		})
		if err != nil {
			return deleted, err
		}
		deleted += len(out.DeletedParameters)
	}
	return deleted, nil
}

// sets finds the chunks of a parameter.
func (s *Store) sets(ctx context.Context, name string) (map[string]set, error) {
	start := name + ".chunk."
	in := &ssm.DescribeParametersInput{
		MaxResults:       aws.Int32(pageHistory),
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("BeginsWith"), Values: []string{start}}},
	}
	sets := map[string]set{}
	for seen := 0; seen <= maxListed; {
		out, err := ask(ctx, s, question{operation: "DescribeParameters", name: start + "*"}, func(ctx context.Context) (*ssm.DescribeParametersOutput, error) {
			return s.api.DescribeParameters(ctx, in)
		})
		if err != nil {
			return nil, err
		}
		seen += len(out.Parameters)
		for _, p := range out.Parameters {
			full := aws.ToString(p.Name)
			parts := chunkPattern.FindStringSubmatch(full)
			// The filter also finds the same name with, or without, a leading slash.
			if parts == nil || len(full) != len(start)+len("0123456789ab.0001") || !strings.HasPrefix(full, start) {
				continue
			}
			one := sets[parts[1]]
			one.names = append(one.names, full)
			if at := aws.ToTime(p.LastModifiedDate); at.After(one.newest) {
				one.newest = at
			}
			sets[parts[1]] = one
		}
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			break
		}
	}
	return sets, nil
}
