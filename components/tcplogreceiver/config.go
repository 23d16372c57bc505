package tcplogreceiver

import (
	"errors"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/adapter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/input/tcp"
	upstream "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/tcplogreceiver"
	"go.opentelemetry.io/collector/component"
)

// Config is the receiver's. Keys that upstream's receiver has mean what they mean there.
type Config struct {
	InputConfig        tcp.Config `mapstructure:",squash"`
	adapter.BaseConfig `mapstructure:",squash"`
	// Limits bound what senders can take of this process.
	Limits Limits `mapstructure:"limits"`
}

// Limits bound memory and connections.
type Limits struct {
	// MaxBytes is the memory of lines, in bytes as it is estimated: half of it for lines that are not finished, half for those
	// that the pipeline has not answered. Each half has to hold a line of max_log_size, which counts twice. Default: 32 MiB.
	MaxBytes int64 `mapstructure:"max_bytes"`
	// MaxConnections is how many there are at once. Default: 256.
	MaxConnections int `mapstructure:"max_connections"`
}

const (
	defaultMaxBytes       = 32 << 20
	defaultMaxConnections = 256
)

func createDefaultConfig() component.Config {
	theirs := upstream.NewFactory().CreateDefaultConfig().(*upstream.TCPLogConfig)
	return &Config{
		InputConfig: theirs.InputConfig, BaseConfig: theirs.BaseConfig,
		Limits: Limits{MaxBytes: defaultMaxBytes, MaxConnections: defaultMaxConnections},
	}
}

// maxLine is the longest line, in bytes.
func (c *Config) maxLine() int {
	if c.InputConfig.MaxLogSize == 0 {
		return tcp.DefaultMaxLogSize
	}
	return int(c.InputConfig.MaxLogSize)
}

// Validate returns every mistake of limits. Upstream's keys are looked at when the receiver is made.
func (c *Config) Validate() error {
	var errs []error
	if least := 2 * cost(c.maxLine()); c.Limits.MaxBytes < least {
		errs = append(errs, fmt.Errorf("limits::max_bytes: %d does not hold a line of max_log_size (%d bytes); use %d or more, or a smaller max_log_size", c.Limits.MaxBytes, c.maxLine(), least))
	}
	if c.Limits.MaxConnections < 1 {
		errs = append(errs, fmt.Errorf("limits::max_connections: %d: use 1 or more, or leave it out for %d", c.Limits.MaxConnections, defaultMaxConnections))
	}
	return errors.Join(errs...)
}
