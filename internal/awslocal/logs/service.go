package logs

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const (
	// DefaultMaxBytes is how much a store holds before the oldest events go, in bytes: about two and
	// a half million lines of 200 bytes, and little enough for a laptop.
	DefaultMaxBytes = 512 << 20

	// maxGroups and maxStreams bound what the store keeps beside events. AWS allows 1,000,000 groups
	// and any number of streams; a test that makes this many has lost control of its names.
	maxGroups  = 10_000
	maxStreams = 100_000
)

// Config says what a Service is.
type Config struct {
	Region  string
	Account string // 12 digits

	// MaxBytes bounds the stored events: the bytes of their messages, 26 for each event and a
	// constant for each PutLogEvents call. The oldest events of the whole store go first, a call's
	// events at a time. Default: DefaultMaxBytes.
	MaxBytes int64

	// OmitSequenceToken leaves the deprecated tokens (nextSequenceToken, uploadSequenceToken) out of
	// answers, as the service may.
	OmitSequenceToken bool

	// OnEMF, if not nil, is called for every accepted event that looks like a document in embedded
	// metric format (a JSON object that mentions "_aws"), in a log group of class STANDARD, the only
	// one from which the service extracts metrics. It is called before the answer is sent and
	// without locks. The message shares memory with the other messages of its call.
	OnEMF func(group, stream, message string, eventTime time.Time)

	// OnEvent, if not nil, is called like OnEMF for every other accepted event.
	OnEvent func(group, stream, message string, eventTime time.Time)
}

// Service is the CloudWatch Logs of one account in one region.
type Service struct {
	config    Config
	partition string

	mu     sync.RWMutex
	groups map[string]*group

	streams  atomic.Int64  // of all groups
	sequence atomic.Uint64 // of the last stored chunk
	ledger   ledger
	batches  sync.Pool // of *batch
	counts   counts
}

// counts are the totals of the Status.
type counts struct {
	calls, accepted, tooNew, tooOld, expired atomic.Int64
}

// New makes an empty Service.
func New(config Config) *Service {
	config.MaxBytes = cmp.Or(config.MaxBytes, DefaultMaxBytes)
	s := &Service{config: config, groups: map[string]*group{}}
	s.partition, _ = wire.Partition(config.Region)
	s.ledger.limit = config.MaxBytes
	s.batches.New = func() any { return new(batch) }
	return s
}

// Operations implements wire.Service.
func (s *Service) Operations() map[string]wire.Handler {
	return map[string]wire.Handler{
		"CreateLogGroup":                s.createLogGroup,
		"DeleteLogGroup":                s.deleteLogGroup,
		"DescribeLogGroups":             s.describeLogGroups,
		"PutLogGroupDeletionProtection": s.putLogGroupDeletionProtection,
		"PutRetentionPolicy":            s.putRetentionPolicy,
		"DeleteRetentionPolicy":         s.deleteRetentionPolicy,
		"CreateLogStream":               s.createLogStream,
		"DeleteLogStream":               s.deleteLogStream,
		"DescribeLogStreams":            s.describeLogStreams,
		"PutLogEvents":                  s.putLogEvents,
		"GetLogEvents":                  s.getLogEvents,
		"FilterLogEvents":               s.filterLogEvents,
		"TagResource":                   s.tagResource,
		"UntagResource":                 s.untagResource,
		"ListTagsForResource":           s.listTagsForResource,
		"TagLogGroup":                   s.tagLogGroup,
		"UntagLogGroup":                 s.untagLogGroup,
		"ListTagsLogGroup":              s.listTagsLogGroup,
	}
}

// group finds a log group by name.
func (s *Service) group(name string) (*group, error) {
	s.mu.RLock()
	g := s.groups[name]
	s.mu.RUnlock()
	if g == nil {
		return nil, errNoGroup()
	}
	return g, nil
}

func errNoGroup() error {
	return wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

func errNoStream() error {
	return wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
}

func errInvalid(format string, args ...any) error {
	return wire.Errorf(invalidParameter, format, args...)
}
