package trust

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPatternsOfLogs(t *testing.T) {
	for _, c := range []struct {
		goos, pattern string
		want          bool
	}{
		{"linux", "/var/log/app/**/*.log", true},
		{"linux", "/var/log/{a,b/{c,d}}.log", true},
		{"linux", "/hostfs/var/log/messages*", true},
		{"linux", "/var/log", false},
		{"linux", "/var/log/", false},
		{"linux", "/var/logs/x", false},
		{"linux", "/var/*/x", false},
		{"linux", "/**/x", false},
		{"linux", "/var/log/./../x", false},
		{"linux", "//var/log/x", false},
		{"linux", "var/log/x", false},
		{"linux", "/var/log/{a,../../etc}/x", false},
		{"linux", "/var/log/{a", false},
		{"linux", "/var/log/a}", false},
		{"linux", "/var/l[o]g/x", false},
		{"linux", `/var/log/\x`, false},
		{"linux", "/hostfs/etc/x", false},
		{"windows", `C:\ProgramData\app\logs\*.log`, true},
		{"windows", "c:/programdata/*/logs/*.log*", true},
		{"windows", "C:/ProgramData/**/logs/x", false},
		{"windows", "C:/ProgramData/app/secrets/x", false},
		{"windows", "C:/ProgramData/app/logs/.. /../x", false},
		{"windows", "C:/ProgramData/app/logs/.../x", false},
		{"windows", `\\?\C:\ProgramData\app\logs\x`, false},
		{"windows", `\\server\share\x`, false},
		{"windows", "D:/ProgramData/app/logs/x", false},
		{"darwin", "/Library/Logs/app.log", true},
	} {
		p := Policy{Paths: DefaultPaths(c.goos, "/hostfs")}
		assert.Equal(t, c.want, p.logs(c.pattern, c.goos), "%s %s", c.goos, c.pattern)
	}
}

// Braces that stand for too many patterns are refused in time that does not grow with them.
func TestBracesAreBounded(t *testing.T) {
	pattern := "/var/log/"
	for range 60 {
		pattern += "{a,b}"
	}
	assert.False(t, Policy{Paths: []string{"/var/log"}}.logs(pattern, "linux"))
}

func FuzzPatternsStayBelow(f *testing.F) {
	f.Add("/var/log/{a,b}/../x")
	f.Fuzz(func(t *testing.T, pattern string) {
		if (Policy{Paths: []string{"/var/log"}}).logs(pattern, "linux") {
			all, ok := alternatives(pattern)
			assert.True(t, ok)
			for _, one := range all {
				assert.True(t, inside(one, "/var/log", "linux"), one)
			}
		}
	})
}
