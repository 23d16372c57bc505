package awsaccess

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig/credserver"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// Config is a route table and what is offered to those that cannot use it directly.
type Config struct {
	// Config has the keys of the table: region, policy, routes, probe, listen and so on.
	awsroute.Config `mapstructure:",squash"`
	// ProcessProxy sets HTTPS_PROXY in the collector's own environment to the CONNECT listener, so that
	// every component's calls to AWS take the table, STS included. HTTPS calls to others take the ways of other_hosts.
	// It needs listen with host:port. Default: false.
	ProcessProxy bool `mapstructure:"process_proxy"`
	// HelperEnvironment is what the program of credentials::process gets under process_proxy: routed, so that its calls
	// take the table, or original, the environment that the collector was started with. Default: routed.
	HelperEnvironment HelperEnvironment `mapstructure:"helper_environment"`
	// Credentials are those of our own calls, and those that the credentials endpoint serves. Default:
	// the SDK's chain.
	Credentials awsconfig.Credentials `mapstructure:"credentials"`
	// CredentialsEndpoint serves the current credentials on loopback as a container credentials
	// endpoint. Default: none.
	CredentialsEndpoint *credserver.Config `mapstructure:"credentials_endpoint"`
}

// NewDefaultConfig has every default and neither a region nor routes.
func NewDefaultConfig() Config {
	return Config{Config: awsroute.NewDefaultConfig(), HelperEnvironment: HelpersRouted}
}

func unknownHelpers(value string) error {
	return fmt.Errorf("helper_environment is %q: use %s or %s", value, HelpersRouted, HelpersOriginal)
}

// Validate says what is wrong beside the route table and the endpoint, which the collector asks
// themselves.
func (c *Config) Validate() error {
	var errs []error
	if network, _ := awsroute.ListenNetwork(c.Listen); c.ProcessProxy && (c.Listen == "" || network != "tcp") {
		errs = append(errs, fmt.Errorf("process_proxy is true and listen is %q: HTTPS_PROXY can only name host:port, such as 127.0.0.1:4443", c.Listen))
	}
	if h := c.HelperEnvironment; h != "" && h != HelpersRouted && h != HelpersOriginal {
		errs = append(errs, unknownHelpers(string(h)))
	}
	return errors.Join(append(errs, awsconfig.Config{Credentials: c.Credentials}.Validate())...)
}

// Check says everything that is wrong, for a configuration that no collector has checked.
func (c *Config) Check() error {
	errs := []error{c.Config.Validate(), c.Validate()}
	if c.CredentialsEndpoint != nil {
		errs = append(errs, c.CredentialsEndpoint.Validate())
	}
	return errors.Join(errs...)
}

// HasCredentials says whether credentials are configured, and not left to the SDK's chain.
func (c *Config) HasCredentials() bool { return !reflect.ValueOf(c.Credentials).IsZero() }
