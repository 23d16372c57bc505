package ssm

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Limits of Parameter Store (Systems Manager endpoints and quotas, and the service model).
const (
	MaxStandardParameters = 10_000  // per account and region
	MaxAdvancedParameters = 100_000 // per account and region
	MaxStandardValue      = 4096    // bytes of a value in the standard tier
	MaxAdvancedValue      = 8192    // bytes of a value in the advanced tier
	MaxVersions           = 100     // kept of a parameter; the oldest goes first
	MaxLabels             = 10      // of one version
	MaxLevels             = 15      // of a hierarchy, the parameter's own name included
	MaxFullName           = 1011    // characters, of which the ARN before the name takes its share
	MaxPageByPath         = 10      // results of GetParametersByPath
	MaxPage               = 50      // results of DescribeParameters and GetParameterHistory
	MaxNames              = 10      // of GetParameters and DeleteParameters
	MaxTags               = 50      // of a parameter
	MaxPolicies           = 10      // of a parameter
)

const (
	// DefaultKMSKey is the key of SecureString parameters that name none.
	DefaultKMSKey = "alias/aws/ssm"

	// defaultEmptyPageEvery makes every third page of a walk empty, so that clients meet in a test
	// what the API promises: a page may hold nothing and still have a token.
	defaultEmptyPageEvery = 3

	// maxStoredBytes bounds the memory for values of all versions: AWS's own limits would allow
	// 10,000 parameters of 100 versions of 4 KB. Past it, PutParameter says ParameterLimitExceeded.
	maxStoredBytes = 256 << 20
)

// Config says whose parameters these are.
type Config struct {
	Region  string // for ARNs
	Account string // 12 digits

	// DefaultKMSKey encrypts SecureString parameters that name no key. Default: alias/aws/ssm.
	DefaultKMSKey string
	// KMSKeys are the key ids, aliases or ARNs that exist beside the default one. When empty, every
	// well-formed key exists.
	KMSKeys []string

	// EmptyPageEvery makes every so-many-th page of GetParametersByPath and DescribeParameters empty
	// while there is more to come. Default: 3. Negative: never. 1 counts as 2.
	EmptyPageEvery int
}

// Service is one Parameter Store. It is safe for concurrent use.
type Service struct {
	region, account string
	arnPrefix       string // up to and with ":parameter"
	defaultKMSKey   string
	kmsKeys         []string
	emptyPageEvery  int
	sealer          *sealer
	maxName         int

	mu         sync.RWMutex
	parameters map[string]*parameter
	names      []string // sorted, for walks by path
	standard   int      // parameters of the standard tier
	bytes      int64    // of all values
}

// New is an empty Parameter Store.
func New(c Config) *Service {
	partition, _ := wire.Partition(c.Region)
	s := &Service{
		region:         c.Region,
		account:        c.Account,
		arnPrefix:      "arn:" + partition + ":ssm:" + c.Region + ":" + c.Account + ":parameter",
		defaultKMSKey:  c.DefaultKMSKey,
		kmsKeys:        slices.Clone(c.KMSKeys),
		emptyPageEvery: c.EmptyPageEvery,
		sealer:         newSealer(),
		parameters:     map[string]*parameter{},
	}
	if s.defaultKMSKey == "" {
		s.defaultKMSKey = DefaultKMSKey
	}
	switch {
	case s.emptyPageEvery == 0:
		s.emptyPageEvery = defaultEmptyPageEvery
	case s.emptyPageEvery == 1: // every page empty would never end
		s.emptyPageEvery = 2
	}
	s.maxName = MaxFullName - len(s.arnPrefix) - 1
	return s
}

// Operations implements wire.Service.
func (s *Service) Operations() map[string]wire.Handler {
	return map[string]wire.Handler{
		"PutParameter":            s.putParameter,
		"GetParameter":            s.getParameter,
		"GetParameters":           s.getParameters,
		"GetParametersByPath":     s.getParametersByPath,
		"GetParameterHistory":     s.getParameterHistory,
		"LabelParameterVersion":   s.labelParameterVersion,
		"UnlabelParameterVersion": s.unlabelParameterVersion,
		"DeleteParameter":         s.deleteParameter,
		"DeleteParameters":        s.deleteParameters,
		"DescribeParameters":      s.describeParameters,
		"AddTagsToResource":       s.addTagsToResource,
		"RemoveTagsFromResource":  s.removeTagsFromResource,
		"ListTagsForResource":     s.listTagsForResource,
	}
}

// Status is what the status page shows.
type Status struct {
	Parameters []ParameterStatus `json:"parameters"` // by name
}

// ParameterStatus is one parameter of the status page.
type ParameterStatus struct {
	Name         string    `json:"name"`
	Type         string    `json:"type"`
	Tier         string    `json:"tier"`
	Version      int64     `json:"version"`
	Labels       []string  `json:"labels,omitempty"` // of all versions, as LABEL=VERSION
	Size         int       `json:"size"`             // bytes of the latest value, before encryption
	Value        string    `json:"value,omitempty"`  // empty for a SecureString
	LastModified time.Time `json:"last_modified"`
	ModifiedBy   string    `json:"modified_by"`
}

// Status returns the parameters by name, without the values of SecureString parameters.
func (s *Service) Status() Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := Status{Parameters: make([]ParameterStatus, 0, len(s.names))}
	for _, name := range s.names {
		p := s.parameters[name]
		v := p.latest()
		status := ParameterStatus{
			Name: name, Type: v.kind, Tier: v.tier, Version: v.number,
			Size: v.size, LastModified: v.modified, ModifiedBy: v.user,
		}
		if v.kind != typeSecureString {
			status.Value = v.stored
		}
		for _, v := range p.versions {
			for _, label := range v.labels {
				status.Labels = append(status.Labels, label+"="+itoa(v.number))
			}
		}
		out.Parameters = append(out.Parameters, status)
	}
	return out
}

// find returns the parameter, unless its expiration policy has ended it.
func (s *Service) find(name string, now time.Time) *parameter {
	p := s.parameters[name]
	if p == nil || p.expired(now) {
		return nil
	}
	return p
}

func (s *Service) insert(p *parameter) {
	s.parameters[p.name] = p
	at, _ := slices.BinarySearch(s.names, p.name)
	s.names = slices.Insert(s.names, at, p.name)
}

func (s *Service) remove(name string) {
	p := s.parameters[name]
	for _, v := range p.versions {
		s.bytes -= int64(v.size)
	}
	if p.latest().tier == tierStandard {
		s.standard--
	}
	delete(s.parameters, name)
	at, _ := slices.BinarySearch(s.names, name)
	s.names = slices.Delete(s.names, at, at+1)
}

// under returns the names that start with a prefix and come after another name, in order.
func (s *Service) under(prefix, after string) []string {
	from, _ := slices.BinarySearch(s.names, max(prefix, after))
	if from < len(s.names) && after != "" && s.names[from] == after {
		from++
	}
	to := from
	for to < len(s.names) && strings.HasPrefix(s.names[to], prefix) {
		to++
	}
	return s.names[from:to]
}
