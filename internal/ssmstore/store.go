package ssmstore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// API is what the store uses of Parameter Store. *ssm.Client is one; it must not retry by itself.
type API interface {
	GetParameters(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error)
	GetParametersByPath(context.Context, *ssm.GetParametersByPathInput, ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
	GetParameterHistory(context.Context, *ssm.GetParameterHistoryInput, ...func(*ssm.Options)) (*ssm.GetParameterHistoryOutput, error)
	DescribeParameters(context.Context, *ssm.DescribeParametersInput, ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error)
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	LabelParameterVersion(context.Context, *ssm.LabelParameterVersionInput, ...func(*ssm.Options)) (*ssm.LabelParameterVersionOutput, error)
	DeleteParameters(context.Context, *ssm.DeleteParametersInput, ...func(*ssm.Options)) (*ssm.DeleteParametersOutput, error)
}

// Limits of Parameter Store (Systems Manager API reference and service quotas).
const (
	// MaxStandard and MaxAdvanced are the bytes of a value, by tier.
	MaxStandard = 4096
	MaxAdvanced = 8192

	maxNames    = 10  // of GetParameters and DeleteParameters
	pageByPath  = 10  // results of GetParametersByPath
	pageHistory = 50  // results of GetParameterHistory and DescribeParameters
	maxVersions = 100 // that are kept of a parameter
)

// Options are what New's caller decides. The zero value works.
type Options struct {
	// RetryFor bounds how long one call is tried again, besides its context. Default: 30 seconds.
	RetryFor time.Duration
	// Account is the account of the credentials, where that is known without a call. It is for errors.
	Account func() string
}

// defaultRetryFor lets a command end while its user still looks.
const defaultRetryFor = 30 * time.Second

// Store is Parameter Store in one region, for one caller. It is safe for concurrent use.
type Store struct {
	api      API
	region   string
	account  func() string
	retryFor time.Duration
	once     bool
}

// New makes a store. Nothing is called.
func New(config aws.Config, o Options) *Store {
	client := ssm.NewFromConfig(config, func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} }) // retries are this package's
	return NewWithAPI(client, config.Region, o)
}

// NewWithAPI makes a store of a client.
func NewWithAPI(api API, region string, o Options) *Store {
	s := &Store{api: api, region: region, account: o.Account, retryFor: o.RetryFor}
	if s.retryFor <= 0 {
		s.retryFor = defaultRetryFor
	}
	if s.account == nil {
		s.account = func() string { return "" }
	}
	return s
}

// Region is where the parameters are.
func (s *Store) Region() string { return s.region }

// Once is the same store for a caller that comes again by itself: no call is tried twice.
func (s *Store) Once() *Store {
	once := *s
	once.once = true
	return &once
}
