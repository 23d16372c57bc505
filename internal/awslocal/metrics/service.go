package metrics

import (
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Defaults of Config.
const (
	// DefaultMaxSeries is far above what one host or a test sends, and a month of such an account
	// would cost five figures: more of them are a mistake in the dimensions, which evictions show.
	DefaultMaxSeries = 100_000
	// DefaultMaxPoints is a day of minutes, and the most that GetMetricStatistics returns.
	DefaultMaxPoints = 1440
	// DefaultMaxBytes bounds the memory of all series together, by estimate.
	DefaultMaxBytes = 256 << 20
)

// maxSeconds is how many one-second points a high-resolution series keeps: the three hours for
// which CloudWatch keeps them.
const maxSeconds = 3 * 60 * 60

// Config says what a Service is. Region and Account are informative; zero limits mean defaults.
type Config struct {
	Region  string
	Account string // 12 digits
	// Now is the clock for log events; calls bring their own time. Default: time.Now.
	Now func() time.Time

	// MaxSeries is how many series are kept. Default: DefaultMaxSeries.
	MaxSeries int
	// MaxPoints is how many one-minute points of a series are kept. Default: DefaultMaxPoints.
	MaxPoints int
	// MaxBytes is how much memory the series may take, by estimate. Default: DefaultMaxBytes.
	MaxBytes int64
}

// Service holds the metrics of one account in one region.
type Service struct {
	config Config

	mu     sync.Mutex
	store  store
	totals Totals
	emf    EMFStatus
	recent []InvalidEMF // a ring of the last maxInvalid ones
	next   int          // where the next one goes in the ring
}

// New makes an empty service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxSeries <= 0 {
		c.MaxSeries = DefaultMaxSeries
	}
	if c.MaxPoints <= 0 {
		c.MaxPoints = DefaultMaxPoints
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	return &Service{config: c, store: newStore(c)}
}

// Operations implements wire.Service.
func (s *Service) Operations() map[string]wire.Handler {
	return map[string]wire.Handler{
		"PutMetricData":       s.putMetricData,
		"ListMetrics":         s.listMetrics,
		"GetMetricStatistics": s.getMetricStatistics,
		"GetMetricData":       s.getMetricData,
	}
}
