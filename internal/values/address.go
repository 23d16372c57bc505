package values

import (
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/config/confignet"
)

const maxPort = 65535

// isAddress reports whether a type is where a component listens, or what it dials, as host and port.
func isAddress(t reflect.Type) bool {
	return t == reflect.TypeFor[confignet.AddrConfig]() || t == reflect.TypeFor[confignet.TCPAddrConfig]()
}

// address looks at an endpoint. The collector would find out when it listens.
func (c *checker) address(values map[string]any, path []string) {
	if transport, ok := values["transport"].(string); ok && !strings.HasPrefix(transport, "tcp") && !strings.HasPrefix(transport, "udp") {
		return // a socket file, or a protocol without ports
	}
	raw, ok := values["endpoint"]
	if !ok || raw == nil || raw == "" {
		return
	}
	path = at(path, "endpoint")
	text := fmt.Sprint(raw)
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		such := net.JoinHostPort(strings.Trim(text, "[]"), "4318")
		if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= maxPort {
			such = net.JoinHostPort("localhost", text)
		}
		c.wrong(path, "%q is not an address: write host and port, such as %s", text, such)
		return
	}
	if n, err := strconv.Atoi(port); port == "" || err == nil && (n < 0 || n > maxPort) {
		c.wrong(path, "%q has no port that exists: write one of 1 to %d, such as %s", text, maxPort, net.JoinHostPort(host, "4318"))
	}
}
