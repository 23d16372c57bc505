package sending

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
)

// Upstream are keys of upstream's exporters to CloudWatch Logs that have no place of their own here.
type Upstream struct {
	// RoleARN is a role that is assumed on top of all others, with ExternalID if its policy asks for one.
	RoleARN    string `mapstructure:"role_arn"`
	ExternalID string `mapstructure:"external_id"`
	// NumWorkers is the most requests that are on their way at once. Default: 64.
	NumWorkers int `mapstructure:"num_workers"`
	// RequestTimeoutSeconds bounds a request. Default: 30.
	RequestTimeoutSeconds int `mapstructure:"request_timeout_seconds"`
	// NoVerifySSL and ProxyAddress are refused where they are set: endpoint_routing does what they are for.
	NoVerifySSL  bool   `mapstructure:"no_verify_ssl"`
	ProxyAddress string `mapstructure:"proxy_address"`
	// MaxRetries, LocalMode and ResourceARN have no effect.
	MaxRetries  int    `mapstructure:"max_retries"`
	LocalMode   bool   `mapstructure:"local_mode"`
	ResourceARN string `mapstructure:"resource_arn"`
}

// apply puts what the keys mean into the AWS configuration.
func (u *Upstream) apply(conf *confmap.Conf, c *AWS) {
	if conf.IsSet("role_arn") && u.RoleARN != "" {
		c.Credentials.AssumeRole = append(c.Credentials.AssumeRole, awsconfig.AssumeRole{RoleARN: u.RoleARN, ExternalID: u.ExternalID})
	}
	if c.Endpoint != "" && !strings.Contains(c.Endpoint, "://") {
		c.Endpoint = "https://" + c.Endpoint // the SDK of old added it
	}
}

func (u *Upstream) check() error {
	var errs []error
	if u.NumWorkers < 1 || u.NumWorkers > maxParallel {
		errs = append(errs, fmt.Errorf("num_workers: %d is not between 1 and %d requests at once", u.NumWorkers, maxParallel))
	}
	if u.RequestTimeoutSeconds < 1 || u.RequestTimeoutSeconds > int(time.Hour/time.Second) {
		errs = append(errs, fmt.Errorf("request_timeout_seconds: %d is not between 1 and 3600", u.RequestTimeoutSeconds))
	}
	if u.ExternalID != "" && u.RoleARN == "" {
		errs = append(errs, fmt.Errorf("external_id: %q belongs to a role, and role_arn is not set", u.ExternalID))
	}
	if u.NoVerifySSL {
		errs = append(errs, errors.New("no_verify_ssl: certificates are always verified; name the authority of yours in AWS_CA_BUNDLE, or in ca_file of endpoint_routing"))
	}
	if u.ProxyAddress != "" {
		errs = append(errs, fmt.Errorf("proxy_address: %q: write it as a route of the extension endpoint_routing (routes: [{name: proxy, http_proxy: {url: %q}}]), which credentials take too", u.ProxyAddress, u.ProxyAddress))
	}
	return errors.Join(errs...)
}

// warn says which keys have no effect, of those that the exporter of that name has.
func (c *Config) warn(logger *zap.Logger, upstream string) {
	u := c.Upstream
	for key, set := range map[string]bool{
		"max_retries": u.MaxRetries != 0, "local_mode": u.LocalMode, "resource_arn": u.ResourceARN != "",
	} {
		if set {
			logger.Warn("This key of "+upstream+" has no effect here; retry_on_failure decides about retries", zap.String("key", key))
		}
	}
	if c.maxSize {
		logger.Warn("sending_queue::batch::max_size is not used: the queue would drop records above it; requests are divided by what CloudWatch takes")
	}
}
