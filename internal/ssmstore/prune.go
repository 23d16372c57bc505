package ssmstore

import (
	"cmp"
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

// prune deletes the chunks of a parameter that none of its versions names.
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
	return s.DeleteParts(ctx, unneeded(sets, versions, newest(versions).Modified))
}

// unneeded returns the chunks of the sets that no version names and that are older than pruneAfter at now. A version that
// cannot be read may need any of them.
func unneeded(sets map[string]set, versions []Version, now time.Time) (names []string) {
	needed := map[string]bool{}
	for _, v := range versions {
		if v.odd {
			return nil
		}
		needed[v.set] = true
	}
	for _, id := range slices.Sorted(maps.Keys(sets)) {
		if !needed[id] && now.Sub(sets[id].newest) > pruneAfter {
			names = append(names, sets[id].names...)
		}
	}
	return names
}

// Leftovers finds the chunks that nothing needs any more, of a parameter or of all parameters below a path that ends with /:
// those of parameters that were deleted, and those of pushes that were cut off. What is younger than an hour may belong to a push
// that is still going on, and is left out.
func (s *Store) Leftovers(ctx context.Context, target string) (names []string, err error) {
	owners := map[string]map[string]set{target: nil}
	if (Ref{Name: target}).IsPath() {
		owners, err = s.setsBelow(ctx, target)
	} else {
		owners[target], err = s.sets(ctx, target)
	}
	if err != nil {
		return nil, err
	}
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		if len(owners[owner]) == 0 {
			continue
		}
		versions, err := s.historyOrNone(ctx, owner)
		if err != nil {
			return nil, err
		}
		// Without a version there is no clock of the service's to tell ages by.
		now := time.Now()
		if len(versions) > 0 {
			now = newest(versions).Modified
		}
		names = append(names, unneeded(owners[owner], versions, now)...)
	}
	return names, nil
}

// Deletion is what a parameter consists of.
type Deletion struct {
	Name     string
	Versions []Version
	// Parts are the chunks of all versions.
	Parts []string
}

// PlanDelete says what Delete would delete.
func (s *Store) PlanDelete(ctx context.Context, name string) (Deletion, error) {
	d := Deletion{Name: name}
	if err := CheckTarget(Ref{Name: name}); err != nil {
		return d, err
	}
	versions, err := s.History(ctx, name)
	if err != nil {
		return d, err
	}
	sets, err := s.sets(ctx, name)
	if err != nil {
		return d, err
	}
	d.Versions = versions
	for _, id := range slices.Sorted(maps.Keys(sets)) {
		d.Parts = append(d.Parts, sets[id].names...)
	}
	return d, nil
}

// Delete deletes a parameter with all of its versions, and then its parts: what is cut off in between leaves parts that Leftovers
// finds, and no parameter that cannot be read.
func (s *Store) Delete(ctx context.Context, d Deletion) error {
	if _, err := s.DeleteParts(ctx, []string{d.Name}); err != nil {
		return err
	}
	_, err := s.DeleteParts(ctx, d.Parts)
	return err
}

// DeleteParts deletes parameters by name, and returns how many of them were there.
func (s *Store) DeleteParts(ctx context.Context, names []string) (deleted int, err error) {
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

// sets finds the chunks of a parameter by set.
func (s *Store) sets(ctx context.Context, name string) (map[string]set, error) {
	start := name + ".chunk."
	owners, err := s.chunksWhere(ctx, start+"*", types.ParameterStringFilter{Key: aws.String("Name"), Option: aws.String("BeginsWith"), Values: []string{start}})
	// The filter also finds the same name with, or without, a leading slash.
	return owners[name], err
}

// setsBelow finds the chunks below a path, by the parameter that they belong to and by set.
func (s *Store) setsBelow(ctx context.Context, path string) (map[string]map[string]set, error) {
	folder := cmp.Or(strings.TrimSuffix(path, "/"), "/")
	return s.chunksWhere(ctx, path, types.ParameterStringFilter{Key: aws.String("Path"), Option: aws.String("Recursive"), Values: []string{folder}})
}

func (s *Store) chunksWhere(ctx context.Context, what string, filter types.ParameterStringFilter) (map[string]map[string]set, error) {
	in := &ssm.DescribeParametersInput{MaxResults: aws.Int32(pageHistory), ParameterFilters: []types.ParameterStringFilter{filter}}
	owners := map[string]map[string]set{}
	for seen := 0; seen <= maxListed; {
		out, err := ask(ctx, s, question{operation: "DescribeParameters", name: what}, func(ctx context.Context) (*ssm.DescribeParametersOutput, error) {
			return s.api.DescribeParameters(ctx, in)
		})
		if err != nil {
			return nil, err
		}
		seen += len(out.Parameters)
		for _, p := range out.Parameters {
			full := aws.ToString(p.Name)
			parts := chunkPattern.FindStringSubmatch(full)
			if parts == nil {
				continue
			}
			owner := strings.TrimSuffix(full, parts[0])
			if owners[owner] == nil {
				owners[owner] = map[string]set{}
			}
			one := owners[owner][parts[1]]
			one.names = append(one.names, full)
			if at := aws.ToTime(p.LastModifiedDate); at.After(one.newest) {
				one.newest = at
			}
			owners[owner][parts[1]] = one
		}
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			break
		}
	}
	return owners, nil
}
