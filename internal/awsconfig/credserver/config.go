package credserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// DefaultEndpoint is a free port on loopback.
const DefaultEndpoint = "127.0.0.1:0"

// Config says where credentials are served.
type Config struct {
	// Endpoint is the loopback address to listen on, HOST:PORT. Default: 127.0.0.1:0, a free port.
	Endpoint string `mapstructure:"endpoint"`
	// TokenFile is written with the token, readable by the collector's user alone. Its folder is made
	// where it is missing. Default: none.
	TokenFile string `mapstructure:"token_file"`
}

// Validate tells what is wrong with a configuration.
func (c Config) Validate() error {
	if c.Endpoint == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Endpoint)
	if err != nil {
		return fmt.Errorf("endpoint %q: %w; give HOST:PORT, such as 127.0.0.1:4442", c.Endpoint, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("endpoint %q: %q is not a port; give 0 to 65535", c.Endpoint, port)
	}
	if strings.EqualFold(host, "localhost") {
		return nil
	}
	if address, err := netip.ParseAddr(host); err != nil || !address.IsLoopback() {
		return fmt.Errorf("endpoint %q is not on loopback, and credentials are served to this machine only; give 127.0.0.1, [::1] or localhost", c.Endpoint)
	}
	return nil
}

// errNotLoopback guards against a localhost that means something else.
var errNotLoopback = errors.New("the address is not on loopback; give 127.0.0.1 or [::1]")
