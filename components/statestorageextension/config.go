package statestorageextension

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statefolder"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

// Config is the extension's configuration.
type Config struct {
	// Directory is the folder of state. Default: /var/lib/otelcol-cloudwatch, C:/ProgramData/otelcol-cloudwatch/state.
	Directory string `mapstructure:"directory"`
	// CreateDirectory makes the folder with mode 0700 if it is not there. Default: true.
	CreateDirectory bool `mapstructure:"create_directory"`
	// FSync makes each change outlast a power cut before it counts. Else changes do so within about a second; a process
	// that is killed loses nothing either way. Default: false.
	FSync bool `mapstructure:"fsync"`
	// MaxUnsaved bounds the bytes of one component that are kept in memory while the folder takes nothing. Default: 64 MiB.
	MaxUnsaved int64 `mapstructure:"max_unsaved"`
}

// NewDefaultConfig has the defaults.
func NewDefaultConfig() *Config {
	return &Config{Directory: statefolder.Default(runtime.GOOS), CreateDirectory: true, MaxUnsaved: statelog.DefaultMaxUnsaved}
}

// drive begins a path of Windows, which a configuration for it has also where somebody checks it elsewhere.
var drive = regexp.MustCompile(`^([A-Za-z]:[/\\]|\\\\)`)

// Validate names what is wrong. It does not look at the folder: that may come later, and is no reason not to start.
func (c *Config) Validate() error {
	if c.Directory == "" {
		return errors.New("directory is empty: name the folder of state")
	}
	if c.MaxUnsaved <= 0 {
		return fmt.Errorf("invalid max_unsaved %d: use a number of bytes above 0", c.MaxUnsaved)
	}
	if !filepath.IsAbs(c.Directory) && !drive.MatchString(c.Directory) {
		return fmt.Errorf("invalid directory %q: it would be another folder for each folder that the collector is started in; write the whole path, such as %s", c.Directory, statefolder.Default(runtime.GOOS))
	}
	return nil
}
