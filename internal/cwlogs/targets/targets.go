package targets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
)

// Rates per second that leave room for others: the service allows an account in a region 10 CreateLogGroup,
// 50 CreateLogStream and 5 PutRetentionPolicy (CloudWatch Logs User Guide, quotas).
const (
	groupRate     = 8
	streamRate    = 40
	retentionRate = 4
)

// retentionTries is how often a retention is set before it is told that it could not be. Each waits for twice
// as long as the one before it, from retentionPause on.
const (
	retentionTries = 5
	retentionPause = time.Second
)

// justMade is longer than the answer takes to a question that was asked before a group was made.
const justMade = time.Minute

// API is what is called. *cloudwatchlogs.Client has it.
type API interface {
	CreateLogGroup(context.Context, *cloudwatchlogs.CreateLogGroupInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error)
	PutRetentionPolicy(context.Context, *cloudwatchlogs.PutRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error)
	Describer
}

// Targets makes targets. It is safe for concurrent use.
type Targets struct {
	api     API
	o       Options
	groups  *rate.Limiter
	streams turns
	keeping *rate.Limiter
	// describing is for groups that exist.
	describing *rate.Limiter

	context context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	making map[string]*making // by group
	// made is when groups were made, of those that justMade has not passed for.
	made map[string]time.Time
	// tried are the groups whose making had no answer. One of them that exists now is held for ours.
	tried    map[string]struct{}
	existing existing
}

// making is a CreateLogGroup that is on its way.
type making struct {
	done chan struct{}
	err  error
}

// New makes Targets. Close ends what they do.
func New(api API, o Options) *Targets {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.RetentionFailed == nil {
		o.RetentionFailed = func(string, error) {}
	}
	if o.Claim == nil {
		o.Claim = func(string) *groups.Wish { return nil }
	}
	t := &Targets{
		api: api, o: o,
		groups:  rate.NewLimiter(groupRate, groupRate),
		streams: turns{limit: rate.NewLimiter(streamRate, streamRate)},
		keeping: rate.NewLimiter(retentionRate, retentionRate), describing: rate.NewLimiter(describeRate, 2*describeRate),
		existing: existing{known: map[string]struct{}{}},
		making:   map[string]*making{}, made: map[string]time.Time{}, tried: map[string]struct{}{},
	}
	t.context, t.cancel = context.WithCancel(context.Background())
	return t
}

// Close ends what is being made.
func (t *Targets) Close() {
	t.cancel()
	t.running.Wait()
}

// Make makes what is missing of a target. An error is a *cwlogs.Error.
func (t *Targets) Make(ctx context.Context, to cwlogs.Target) error {
	if t.o.Existing {
		return &cwlogs.Error{Class: cwlogs.Missing, Code: "ResourceNotFoundException", Message: fmt.Sprintf(
			"log group %q or its log stream %q does not exist, and create is false; make them, or set create to true", to.Group, to.Stream)}
	}
	asked := time.Now()
	err := t.stream(ctx, to)
	if err == nil || err.Class != cwlogs.Missing {
		return plain(err)
	}
	if err := t.group(ctx, to.Group, asked); err != nil {
		return plain(err)
	}
	return plain(t.stream(ctx, to))
}

// plain keeps a nil pointer from becoming an error.
func plain(err *cwlogs.Error) error {
	if err == nil {
		return nil
	}
	return err
}

func exists(err error) bool {
	_, ok := errors.AsType[*types.ResourceAlreadyExistsException](err)
	return ok
}

func (t *Targets) stream(ctx context.Context, to cwlogs.Target) *cwlogs.Error {
	if err := t.streams.wait(ctx, &t.running, t.context, to.Group, to.Stream); err != nil {
		return cwlogs.FromAPI("CreateLogStream", err)
	}
	_, err := t.api.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &to.Group, LogStreamName: &to.Stream})
	if err == nil {
		t.o.Logger.Info("created log stream", zap.String("group", to.Group), zap.String("stream", to.Stream))
	}
	if err == nil || exists(err) {
		return nil
	}
	return cwlogs.FromAPI("CreateLogStream", err)
}

// group makes a group, in one call for all that ask for it meanwhile, or have asked before it was answered.
func (t *Targets) group(ctx context.Context, name string, asked time.Time) *cwlogs.Error {
	t.mu.Lock()
	if t.made[name].After(asked) {
		t.mu.Unlock()
		return nil
	}
	m := t.making[name]
	if m == nil {
		m = &making{done: make(chan struct{})}
		t.making[name] = m
		t.running.Go(func() {
			m.err = plain(t.create(name))
			t.mu.Lock()
			delete(t.making, name)
			if m.err == nil {
				now := time.Now()
				maps.DeleteFunc(t.made, func(_ string, at time.Time) bool { return now.Sub(at) > justMade })
				t.made[name] = now
			}
			t.mu.Unlock()
			close(m.done)
		})
	}
	t.mu.Unlock()
	select {
	case <-m.done:
	case <-ctx.Done():
		return cwlogs.FromAPI("CreateLogGroup", ctx.Err())
	}
	failure, _ := errors.AsType[*cwlogs.Error](m.err)
	return failure
}

// create is the call. It belongs to no caller: others wait for it too.
func (t *Targets) create(name string) *cwlogs.Error {
	if err := t.groups.Wait(t.context); err != nil {
		return cwlogs.FromAPI("CreateLogGroup", err)
	}
	in := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: t.o.Tags, LogGroupClass: types.LogGroupClass(t.o.Class)}
	if t.o.KMSKeyID != "" {
		in.KmsKeyId = &t.o.KMSKeyID
	}
	_, err := t.api.CreateLogGroup(t.context, in)
	failure := cwlogs.FromAPI("CreateLogGroup", err)
	unanswered := err != nil && !exists(err) && (failure.Status == 0 || failure.Status >= http.StatusInternalServerError)
	tried := t.remember(name, unanswered)
	switch {
	case err == nil, exists(err) && tried:
		t.o.Logger.Info("created log group", zap.String("group", name))
		t.madeHere(name)
		t.o.Claim(name)
		if t.o.RetentionDays > 0 {
			t.running.Go(func() { t.retain(name) })
		}
		return nil
	case exists(err): // somebody else's
		return nil
	}
	return failure
}

// remember notes whether making a group had no answer, and tells whether the time before had none.
func (t *Targets) remember(name string, unanswered bool) (before bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, before = t.tried[name]
	delete(t.tried, name)
	if unanswered {
		t.tried[name] = struct{}{}
	}
	return before
}

// retain sets a group's retention. Events need not wait for it.
func (t *Targets) retain(name string) {
	for try, pause := 1, retentionPause; ; try, pause = try+1, 2*pause {
		if t.keeping.Wait(t.context) != nil {
			return // the program ends
		}
		_, err := t.api.PutRetentionPolicy(t.context, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: aws.Int32(t.o.RetentionDays)})
		if err == nil || t.context.Err() != nil {
			return
		}
		failure := cwlogs.FromAPI("PutRetentionPolicy", err)
		lasting := failure.Class == cwlogs.Denied || failure.Class == cwlogs.Invalid || failure.Class == cwlogs.Missing
		if lasting || try == retentionTries {
			t.o.Logger.Warn("the retention of a log group could not be set: it stays as it is until somebody sets it",
				zap.String("group", name), zap.Int32("days", t.o.RetentionDays), zap.Error(failure))
			t.o.RetentionFailed(name, failure)
			return
		}
		select {
		case <-time.After(pause):
		case <-t.context.Done():
			return
		}
	}
}
