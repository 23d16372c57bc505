package endpointrouting

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig/credserver"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// Config is a route table and what is offered to those that cannot use it directly.
type Config struct {
	// Config has the keys of the table: region, policy, routes, probe, listen and so on.
	awsroute.Config `mapstructure:",squash"`
	// ProcessProxy sets HTTPS_PROXY in the collector's own environment to the CONNECT listener, so that
	// every component's calls to AWS take the table, STS included. HTTPS calls to others are then
	// refused unless NO_PROXY names them. It needs listen with host:port. Default: false.
	ProcessProxy bool `mapstructure:"process_proxy"`
	// Credentials are those that the credentials endpoint serves. Default: the SDK's chain.
	Credentials awsconfig.Credentials `mapstructure:"credentials"`
	// CredentialsEndpoint serves the current credentials on loopback as a container credentials
	// endpoint. Default: none.
	CredentialsEndpoint *credserver.Config `mapstructure:"credentials_endpoint"`
}

var (
	_ component.Config   = (*Config)(nil)
	_ xconfmap.Validator = (*Config)(nil)
)

func createDefaultConfig() component.Config { return &Config{Config: awsroute.NewDefaultConfig()} }

// Validate says what is wrong between the parts of the configuration. The collector asks the parts
// themselves.
func (c *Config) Validate() error {
	var errs []error
	if c.ProcessProxy {
		if network, _ := awsroute.ListenNetwork(c.Listen); c.Listen == "" || network != "tcp" {
			errs = append(errs, fmt.Errorf("process_proxy is true and listen is %q: HTTPS_PROXY can only name host:port, such as 127.0.0.1:4443", c.Listen))
		}
	}
	if c.CredentialsEndpoint == nil && !isZero(c.Credentials) {
		errs = append(errs, errors.New("credentials is set without credentials_endpoint, which would serve them"))
	}
	return errors.Join(errs...)
}

func isZero(c awsconfig.Credentials) bool {
	return c.Source == "" && c.Profile == "" && c.Process == "" && c.ConfigFile == "" && len(c.SharedCredentialsFile) == 0 &&
		len(c.AssumeRole) == 0 && c.Static.AccessKeyID == "" && c.WebIdentity == awsconfig.WebIdentity{}
}
