package targets

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/groups"
)

// ExistingRetention says what becomes of the retention of groups that somebody else made.
type ExistingRetention string

// What becomes of it. A shorter retention deletes events for good.
const (
	// KeepRetention leaves it as it is, and tells where it is another one.
	KeepRetention ExistingRetention = "keep"
	// ExtendRetention makes it longer, and never shorter.
	ExtendRetention ExistingRetention = "extend"
	// SetRetention makes it what log_retention says.
	SetRetention ExistingRetention = "set"
)

const (
	// describeRate is how many groups are looked at in a second: the service allows an account in a region 10 DescribeLogGroups
	// (CloudWatch Logs User Guide, quotas), which its console needs too.
	describeRate = 1
	// mostExisting bounds the groups that are looked at: contents may name many.
	mostExisting = 10_000
)

// existing are the groups that are there. The lock of Targets guards it.
type existing struct {
	known map[string]struct{} // looked at, about to be, or made here
	queue []string
	busy  bool
	blind bool // looking is not allowed
}

// Written is called when a group has taken events. One that was not made here is looked at, once, where something is asked
// for of it.
func (t *Targets) Written(group string) {
	if t.o.RetentionDays == 0 && t.o.Class == "" || !t.o.Asks() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &t.existing
	if _, ok := e.known[group]; ok || e.blind || len(e.known) >= mostExisting || t.context.Err() != nil {
		return
	}
	e.known[group] = struct{}{}
	e.queue = append(e.queue, group)
	if !e.busy {
		e.busy = true
		t.running.Go(t.lookAtAll)
	}
}

// Asks reports whether groups get what Options say: those that are made, or those that exist.
func (o Options) Asks() bool {
	return !o.Existing || o.ExistingRetention == ExtendRetention || o.ExistingRetention == SetRetention
}

// madeHere notes that a group is ours.
func (t *Targets) madeHere(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.existing.known) < mostExisting {
		t.existing.known[group] = struct{}{}
	}
}

func (t *Targets) lookAtAll() {
	for {
		t.mu.Lock()
		e := &t.existing
		if len(e.queue) == 0 || e.blind {
			e.queue, e.busy = nil, false
			t.mu.Unlock()
			return
		}
		group := e.queue[0]
		e.queue = e.queue[1:]
		t.mu.Unlock()
		if other := t.o.Claim(group); other != nil {
			t.o.Logger.Warn("Two exporters want different things of one log group; the other one's are kept, which was the first to write to it",
				zap.String("group", group), zap.String("other_exporter", other.Exporter), zap.String("log_retention", groups.Days(t.o.RetentionDays)),
				zap.String("other_log_retention", groups.Days(other.Days)), zap.String("log_group_class", t.o.Class), zap.String("other_log_group_class", other.Class),
				zap.String("remedy", "write the same in both, or use two groups"))
			continue
		}
		if !t.lookAt(group) {
			t.mu.Lock()
			e.busy = false
			t.mu.Unlock()
			return
		}
	}
}

// lookAt compares a group with what is asked for. It returns false when the program ends.
func (t *Targets) lookAt(name string) bool {
	for try, pause := 1, retentionPause; ; try, pause = try+1, 2*pause {
		if t.describing.Wait(t.context) != nil {
			return false
		}
		out, err := t.api.DescribeLogGroups(t.context, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name, Limit: aws.Int32(1)}) // sorted by name: the shortest is the first
		if t.context.Err() != nil {
			return false
		}
		if err == nil {
			if len(out.LogGroups) > 0 && aws.ToString(out.LogGroups[0].LogGroupName) == name {
				t.compare(name, &out.LogGroups[0])
			}
			return true
		}
		failure := cwlogs.FromAPI("DescribeLogGroups", err)
		if failure.Class == cwlogs.Denied {
			t.mu.Lock()
			t.existing.blind = true
			t.mu.Unlock()
			t.o.Logger.Info("Whether log groups that exist are as log_retention and log_group_class say is not known: allow logs:DescribeLogGroups, or leave those keys out",
				zap.String("group", name), zap.Error(failure))
			return true
		}
		if failure.Class == cwlogs.Invalid || failure.Class == cwlogs.Missing || try == retentionTries {
			t.o.Logger.Info("A log group that exists could not be looked at", zap.String("group", name), zap.Error(failure))
			return true
		}
		select {
		case <-time.After(max(pause, failure.RetryAfter)):
		case <-t.context.Done():
			return false
		}
	}
}

func (t *Targets) compare(name string, g *types.LogGroup) {
	has := string(g.LogGroupClass)
	if has == "" {
		has = string(types.LogGroupClassStandard)
	}
	if t.o.Class != "" && t.o.Class != has {
		t.o.Logger.Warn("A log group that exists has another class than log_group_class says, and a class cannot be changed: write what it has, or use another group",
			zap.String("group", name), zap.String("has", has), zap.String("log_group_class", t.o.Class))
	}
	days, wanted := aws.ToInt32(g.RetentionInDays), t.o.RetentionDays
	if wanted == 0 || days == wanted {
		return
	}
	longer := days != 0 && days < wanted
	fields := []zap.Field{zap.String("group", name), zap.String("has", groups.Days(days)), zap.String("log_retention", groups.Days(wanted))}
	switch {
	case has == string(types.LogGroupClassDelivery):
		t.o.Logger.Warn("A log group that exists keeps events for a fixed time, as it is of the class DELIVERY: leave log_retention out", fields...)
	case t.o.ExistingRetention == SetRetention, t.o.ExistingRetention == ExtendRetention && longer:
		t.o.Logger.Info("The retention of a log group that exists is set to log_retention", fields...)
		t.running.Go(func() { t.retain(name) })
	case t.o.ExistingRetention == ExtendRetention:
		t.o.Logger.Warn("A log group that exists keeps events for longer than log_retention says. existing_log_retention: extend makes nothing shorter; set does, and events that are older are deleted",
			fields...)
	default:
		remedy := "write existing_log_retention: set, and events that are older are deleted, or set it once by hand"
		if longer {
			remedy = "write existing_log_retention: extend, or set it once by hand"
		}
		t.o.Logger.Warn("A log group that exists keeps its events for another time than log_retention says", append(fields, zap.String("remedy", remedy))...)
	}
}

// Describer is the part of API that looks at groups.
type Describer interface {
	DescribeLogGroups(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
}

func (r ExistingRetention) validate(days int32) error {
	switch r {
	case "", KeepRetention:
	case ExtendRetention, SetRetention:
		if days == 0 {
			return fmt.Errorf("existing_log_retention: %q needs to know for how long; set log_retention to a number of days, or leave it out", r)
		}
	default:
		return fmt.Errorf("existing_log_retention: %q is none; use %s, %s or %s", r, KeepRetention, ExtendRetention, SetRetention)
	}
	return nil
}
