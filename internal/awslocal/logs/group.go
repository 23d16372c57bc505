package logs

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Classes of log groups.
const (
	classStandard         = "STANDARD"
	classInfrequentAccess = "INFREQUENT_ACCESS"
	classDelivery         = "DELIVERY"
)

// deliveryRetention is how long events stay in a group of class DELIVERY (API reference,
// CreateLogGroup).
const deliveryRetention = 24 * time.Hour

// retentionDays are the retention settings that PutRetentionPolicy takes, in days.
var retentionDays = []int64{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// group is a log group.
type group struct {
	name    string
	class   string
	kmsKey  string
	created int64 // milliseconds

	days atomic.Int64 // of retention; 0 where events do not expire

	mu        sync.RWMutex
	deleted   bool
	protected bool // from deletion
	tags      map[string]string
	streams   map[string]*stream
}

// stream finds a log stream by name.
func (g *group) stream(name string) (*stream, error) {
	g.mu.RLock()
	s := g.streams[name]
	g.mu.RUnlock()
	if s == nil {
		return nil, errNoStream()
	}
	return s, nil
}

// retention is how long events are kept, or 0.
func (g *group) retention() time.Duration {
	days := time.Duration(g.days.Load()) * 24 * time.Hour
	if g.class == classDelivery {
		return deliveryRetention
	}
	return days
}

// horizon is the time, in milliseconds, before which events have expired. The service removes them
// within three days; here readers do not see them at once.
func (g *group) horizon(now time.Time) int64 {
	if retention := g.retention(); retention > 0 {
		return max(0, now.Add(-retention).UnixMilli())
	}
	return 0
}

// all are the group's streams, by name.
func (g *group) all() []*stream {
	g.mu.RLock()
	streams := slices.Collect(maps.Values(g.streams))
	g.mu.RUnlock()
	slices.SortFunc(streams, func(a, b *stream) int { return strings.Compare(a.name, b.name) })
	return streams
}

// storedBytes is what the group holds, as AWS counts it.
func (g *group) storedBytes() int64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var bytes int64
	for _, s := range g.streams {
		s.mu.RLock()
		bytes += s.bytes
		s.mu.RUnlock()
	}
	return bytes
}

// logGroupARN is the ARN without ":*" at the end.
func (s *Service) logGroupARN(name string) string {
	return "arn:" + s.partition + ":logs:" + s.config.Region + ":" + s.config.Account + ":log-group:" + name
}

// identified finds a group by name or ARN.
func (s *Service) identified(identifier string) (*group, error) {
	name := identifier
	if strings.HasPrefix(identifier, "arn:") {
		var ok bool
		if name, ok = strings.CutPrefix(identifier, s.logGroupARN("")); !ok {
			return nil, errNoGroup()
		}
	}
	return s.group(name)
}

// named finds the group of an operation that takes a name or an identifier, but not both.
func (s *Service) named(v *violations, name, identifier *string) (*group, error) {
	v.logGroupName(name, false)
	v.text("logGroupIdentifier", identifier, false, maxIdentifier, identifierPattern)
	if err := v.err(); err != nil {
		return nil, err
	}
	switch {
	case name != nil && identifier != nil:
		return nil, errInvalid("LogGroup name and LogGroup identifier are mutually exclusive parameters.")
	case name != nil:
		return s.group(*name)
	case identifier != nil:
		return s.identified(*identifier)
	default:
		return nil, errInvalid("Either LogGroup name or LogGroup identifier must be specified.")
	}
}

func (s *Service) createLogGroup(c *wire.Call) (any, error) {
	var in struct {
		LogGroupName              *string           `json:"logGroupName"`
		KMSKeyID                  *string           `json:"kmsKeyId"`
		Tags                      map[string]string `json:"tags"`
		LogGroupClass             *string           `json:"logGroupClass"`
		DeletionProtectionEnabled bool              `json:"deletionProtectionEnabled"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.logGroupName(in.LogGroupName, true)
	if in.KMSKeyID != nil {
		v.Length("kmsKeyId", *in.KMSKeyID, len(*in.KMSKeyID), 0, maxKMSKeyID)
	}
	if in.Tags != nil {
		v.tags(in.Tags)
	}
	v.enum("logGroupClass", in.LogGroupClass, classStandard, classInfrequentAccess, classDelivery)
	if err := v.err(); err != nil {
		return nil, err
	}
	name := *in.LogGroupName
	if len(name) >= 4 && strings.EqualFold(name[:4], "aws/") {
		return nil, errInvalid("Log groups starting with AWS/ are reserved for AWS.")
	}
	if err := reservedTags(in.Tags); err != nil {
		return nil, err
	}
	g := &group{
		name: name, class: classStandard, created: c.Now.UnixMilli(),
		tags: in.Tags, streams: map[string]*stream{}, protected: in.DeletionProtectionEnabled,
	}
	if g.tags == nil {
		g.tags = map[string]string{}
	}
	if in.LogGroupClass != nil {
		g.class = *in.LogGroupClass
	}
	if in.KMSKeyID != nil {
		if g.kmsKey = *in.KMSKeyID; !kmsKeyPattern.MatchString(g.kmsKey) {
			return nil, errInvalid("The specified KMS key does not exist or is not allowed to be used with Arn '%s'", s.logGroupARN(name))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	if len(s.groups) >= maxGroups {
		return nil, wire.Errorf("LimitExceededException", "Resource limit exceeded. (cloudwatch-local keeps at most %d log groups)", maxGroups)
	}
	s.groups[name] = g
	return nil, nil
}

func (s *Service) deleteLogGroup(c *wire.Call) (any, error) {
	g, err := s.onlyGroup(c)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	if g.protected {
		g.mu.Unlock()
		return nil, wire.Errorf("ValidationException", "The specified log group has deletion protection enabled.")
	}
	deleted := g.deleted
	streams := g.streams
	g.deleted, g.streams = true, nil
	g.mu.Unlock()
	if deleted {
		return nil, errNoGroup()
	}
	s.mu.Lock()
	delete(s.groups, g.name)
	s.mu.Unlock()
	for _, st := range streams {
		s.ledger.drop(st.close())
	}
	s.streams.Add(-int64(len(streams)))
	return nil, nil
}

// onlyGroup reads an input that names a group.
func (s *Service) onlyGroup(c *wire.Call) (*group, error) {
	var in struct {
		LogGroupName *string `json:"logGroupName"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.logGroupName(in.LogGroupName, true)
	if err := v.err(); err != nil {
		return nil, err
	}
	return s.group(*in.LogGroupName)
}

func (s *Service) putLogGroupDeletionProtection(c *wire.Call) (any, error) {
	var in struct {
		LogGroupIdentifier        *string `json:"logGroupIdentifier"`
		DeletionProtectionEnabled *bool   `json:"deletionProtectionEnabled"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.text("logGroupIdentifier", in.LogGroupIdentifier, true, maxIdentifier, identifierPattern)
	if in.DeletionProtectionEnabled == nil {
		v.Required("deletionProtectionEnabled")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	g, err := s.identified(*in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.protected = *in.DeletionProtectionEnabled
	g.mu.Unlock()
	return nil, nil
}

func (s *Service) putRetentionPolicy(c *wire.Call) (any, error) {
	var in struct {
		LogGroupName    *string `json:"logGroupName"`
		RetentionInDays *int64  `json:"retentionInDays"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var v violations
	v.logGroupName(in.LogGroupName, true)
	switch {
	case in.RetentionInDays == nil:
		v.Required("retentionInDays")
	case !slices.Contains(retentionDays, *in.RetentionInDays):
		v.Add("retentionInDays", *in.RetentionInDays, "Member must satisfy enum value set: "+retentionSet())
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	g, err := s.group(*in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.days.Store(*in.RetentionInDays)
	return nil, nil
}

func (s *Service) deleteRetentionPolicy(c *wire.Call) (any, error) {
	g, err := s.onlyGroup(c)
	if err != nil {
		return nil, err
	}
	g.days.Store(0)
	return nil, nil
}
