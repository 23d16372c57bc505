package reload

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// Passwords that look like something else to YAML, to a shell or to the collector's resolver.
func TestPasswordsOfVariablesReachTheCollectorAsTheyAre(t *testing.T) {
	for _, password := range []string{
		"plain", "#hash", "abc #def", "&amp", "*star", "!bang", "%percent%41", "null", "~", "true", "no", "p@ss$w0rd", "p@ss$$w0rd", "${HOME}x", "${env:HOME}x",
		"12345678901234567890", "0123456", "1e5", "0x1F", "1_000", "2026-01-02", "a: b c", "[abc", "{abc", `"quoted"`, "it's", "- dash", " both ends ", `back\slash\n`, "ünïcödé",
	} {
		t.Setenv("RELOAD_PASSWORD", password)
		s := newSource()
		s.set("base", "receivers: {nop: {password: '${env:RELOAD_PASSWORD}'}}\nexporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}")
		p, _ := run(t, options(t, s, "mem:base"))
		var got struct {
			Password string `mapstructure:"password"`
		}
		conf, err := p.resolver.Resolve(t.Context())
		require.NoError(t, err)
		conf, err = conf.Sub("receivers::nop")
		require.NoError(t, err)
		require.NoError(t, conf.Unmarshal(&got, confmap.WithIgnoreUnused()), password)
		assert.Equal(t, password, got.Password)
		p.end(true)
	}
}
