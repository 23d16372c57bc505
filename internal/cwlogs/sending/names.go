package sending

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/admission"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// The keys of names.
const (
	groupKey  = "log_group_name"
	streamKey = "log_stream_name"
)

// CheckNames tells what is wrong with the templates of the names, and with the lists of what they can become. Errors name
// the keys.
func (c *Config) CheckNames(group, stream string) error {
	_, groups := names.ParsePatterns(names.Group, "allowed_groups", c.AllowedGroups)
	_, streams := names.ParsePatterns(names.Stream, "allowed_streams", c.AllowedStreams)
	return errors.Join(c.checkGroup(group), checkName(names.Stream, streamKey, stream), groups, streams)
}

func (c *Config) checkGroup(text string) error {
	if err := checkName(names.Group, groupKey, text); err != nil {
		return err
	}
	if t, err := names.Parse(names.Group, groupKey, text, nil); err == nil && !t.Anchored() && len(c.AllowedGroups) == 0 {
		return fmt.Errorf("%s %q: whoever sends could name any log group, as the name begins with what resources, scopes or records say: "+
			"begin it with text, as in /app/%s, or list the groups that there can be in allowed_groups", groupKey, text, text)
	}
	return nil
}

func checkName(kind names.Kind, key, text string) error {
	if text == "" {
		return fmt.Errorf("%s is not set; name the %s, such as /fleet/{hostname}", key, kind)
	}
	_, err := names.Parse(kind, key, text, hostfacts.Names())
	return err
}

// Group and Stream bind the template of a name to the facts of this host, and to its environment.
func (c *Config) Group(ctx context.Context, logger *zap.Logger, text string) (*names.Namer, error) {
	return namer(ctx, logger, names.Group, groupKey, text, len(c.AllowedGroups) > 0)
}

// Stream is like Group.
func (c *Config) Stream(ctx context.Context, logger *zap.Logger, text string) (*names.Namer, error) {
	return namer(ctx, logger, names.Stream, streamKey, text, len(c.AllowedStreams) > 0)
}

func namer(ctx context.Context, logger *zap.Logger, kind names.Kind, key, text string, slashes bool) (*names.Namer, error) {
	t, err := names.Parse(kind, key, text, hostfacts.Names())
	if err != nil {
		return nil, err
	}
	return t.Bind(names.Host{Slashes: slashes, LookupEnv: os.LookupEnv, Fact: func(name string) string {
		value, err := hostfacts.Process().Fact(ctx, name)
		if err != nil {
			logger.Warn("A name has no value for a fact of this host; its place says undefined, or what stands after |", zap.String("key", key), zap.Error(err))
		}
		return value
	}}), nil
}

// Admission bounds the targets of names that depend on this, which reduce makes.
func (c *Config) Admission(group, stream names.Depends, reduce func(*names.Source, names.Depends) cwlogs.Target) (*admission.Admission, error) {
	groups, err := names.ParsePatterns(names.Group, "allowed_groups", c.AllowedGroups)
	if err != nil {
		return nil, err
	}
	streams, err := names.ParsePatterns(names.Stream, "allowed_streams", c.AllowedStreams)
	if err != nil {
		return nil, err
	}
	return admission.New(admission.Options{
		Reduce: reduce, GroupDepends: group, StreamDepends: stream, Groups: groups, Streams: streams, Limits: c.MaxTargets,
	}), nil
}
