package awsconfig

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cabundle"
)

// Options are what the program, rather than its user, decides. The zero value works.
type Options struct {
	// Router decides which addresses are dialed. Default: the SDK's transport, with the proxy of the
	// environment.
	Router Router
	// DefaultRegion is the route table's region, for configurations without one.
	DefaultRegion string
	// Endpoints are URLs by service, as the route table names them (logs, monitoring, ssm, sts, …).
	Endpoints map[string]string
	// Logger is told which credentials are used. Default: none.
	Logger *zap.Logger
	// UserAgent is PRODUCT/VERSION. Default: the SDK's alone.
	UserAgent string
	// MaxAttempts is how often the SDK tries a call. Default: 1, as callers own retries.
	MaxAttempts int
}

// Session is a way to call AWS.
type Session struct {
	// Config is for the SDK's clients.
	Config aws.Config
	// Region is Config's; RegionSource tells where it was found: one of the constants, the name of an
	// environment variable or a profile.
	Region, RegionSource string
	// CredentialSource describes where credentials come from, before any were fetched.
	CredentialSource string
	// Credentials are Config's.
	Credentials *Provider

	close func()
}

// Close ends the connections that rest. Requests in flight go on.
func (s *Session) Close() { s.close() }

// Load makes a session. It looks for the region, but does not fetch credentials: the first call does.
func Load(ctx context.Context, c Config, o Options) (*Session, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	ends, err := newEndpoints(c.Endpoint, o.Endpoints)
	if err != nil {
		return nil, err
	}
	unrouted := buildable(o.Router)
	common := sharedOptions(c, o)
	if path := os.Getenv("AWS_CA_BUNDLE"); path != "" {
		bundle, err := cabundle.Read(path)
		if err != nil {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		common = append(common, func(o *config.LoadOptions) error {
			o.CustomCABundle = bytes.NewReader(bundle)
			return nil
		})
	}
	plain, err := config.LoadDefaultConfig(ctx, append(common,
		config.WithHTTPClient(unrouted),
		config.WithCredentialsProvider(aws.AnonymousCredentials{}), // the real ones need the region
	)...)
	if err != nil {
		var unknown config.SharedConfigProfileNotExistError
		if errors.As(err, &unknown) {
			return nil, fmt.Errorf("AWS configuration: %w", noProfile(c.Credentials))
		}
		return nil, fmt.Errorf("AWS configuration: %w; check AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CA_BUNDLE", err)
	}
	withBundle, ok := plain.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		return nil, fmt.Errorf("the SDK gave an HTTP client of type %T", plain.HTTPClient)
	}
	template := withBundle.GetTransport()
	routed, metadata := newClient(o.Router, template), metadataClient(template)

	s := &Session{close: routed.close}
	s.Region, s.RegionSource, err = resolveRegion(ctx, c, o, plain, metadata)
	if err == nil {
		err = checkRegion(s.Region, s.RegionSource)
	}
	if err != nil {
		return nil, err
	}
	plain.Region = s.Region
	plain.HTTPClient = routed
	plain.Credentials = nil
	plain.ServiceOptions = append(plain.ServiceOptions, ends.set)

	b := &builder{config: c, options: o, common: common, plain: plain, unrouted: unrouted, metadata: metadata, ends: ends}
	if s.Credentials, err = b.provider(); err != nil {
		return nil, err
	}
	s.CredentialSource = b.describe()
	s.Config = plain
	s.Config.Credentials = s.Credentials
	s.Config.APIOptions = append(plain.APIOptions[:len(plain.APIOptions):len(plain.APIOptions)], refreshOnRefusal(s.Credentials.top))
	return s, nil
}

// sharedOptions are those of every load of the SDK's configuration.
func sharedOptions(c Config, o Options) []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			if o.MaxAttempts <= 1 {
				return aws.NopRetryer{}
			}
			return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts = o.MaxAttempts })
		}),
		config.WithLogger(sdkLogger(o.Logger)),
		config.WithAPIOptions([]func(*middleware.Stack) error{correctClock(o.Logger)}),
	}
	if o.UserAgent != "" {
		product, version, _ := strings.Cut(o.UserAgent, "/")
		options = append(options, config.WithAPIOptions([]func(*middleware.Stack) error{
			awsmiddleware.AddUserAgentKeyValue(product, cmp.Or(version, "unknown")),
		}))
	}
	if c.UseFIPSEndpoint {
		options = append(options, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if c.UseDualStackEndpoint {
		options = append(options, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	if c.Credentials.source() == SourceProfile {
		if c.Credentials.Profile != "" {
			options = append(options, config.WithSharedConfigProfile(c.Credentials.Profile))
		}
		if files := c.Credentials.SharedCredentialsFile; len(files) > 0 {
			options = append(options, config.WithSharedCredentialsFiles(files))
		}
		if file := c.Credentials.ConfigFile; file != "" {
			options = append(options, config.WithSharedConfigFiles([]string{file}))
		}
	}
	return options
}

// sdkLogger passes on what the SDK has to say, for those who look closely.
func sdkLogger(logger *zap.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) {
		logger.Debug("AWS SDK", zap.String("message", fmt.Sprintf(format, args...)))
	})
}

// builder has what the making of credentials needs.
type builder struct {
	config   Config
	options  Options
	common   []func(*config.LoadOptions) error
	plain    aws.Config // without credentials
	unrouted *awshttp.BuildableClient
	metadata *http.Client
	ends     endpoints
}

var errNoCredentials = errors.New("no AWS credentials")
