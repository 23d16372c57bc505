package guide

import (
	"context"
	"net/url"
	"os"
	"path/filepath"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// Found is what this host says about itself, for defaults.
type Found struct {
	// OS is the system's: linux, windows, darwin.
	OS string
	// Region is empty where nothing tells it.
	Region string
	// Hybrid says that the SSM Agent was registered by a hybrid activation.
	Hybrid bool
	// Proxy is that of the environment, without user name and password.
	Proxy string
	// LogFiles are those of the usual patterns that match a file.
	LogFiles []string
}

// usualLogs are where systems write. The patterns cover rotated files, which are read to their end.
var usualLogs = map[string][]string{
	"windows": {"C:/ProgramData/*/logs/*.log*", "C:/inetpub/logs/LogFiles/*/*.log"},
	"darwin":  {"/var/log/system.log*", "/var/log/install.log*"},
	"": {
		"/var/log/syslog*", "/var/log/messages*", "/var/log/auth.log*", "/var/log/secure*", "/var/log/cloud-init*.log*",
		"/var/log/audit/audit.log*", "/var/log/nginx/*.log*", "/var/log/apache2/*.log*", "/var/log/httpd/*log*",
	},
}

// recipeLogs are the recipes' own, proposed where none of the usual files exists yet.
var recipeLogs = map[string][]string{
	"windows": usualLogs["windows"][:1],
	"":        usualLogs[""][:4],
}

func of(patterns map[string][]string, goos string) []string {
	if found, ok := patterns[goos]; ok {
		return found
	}
	return patterns[""]
}

// Look looks at this host for a configuration of a system. It asks metadata services as long as the
// finder does, and the files only where the system is this host's.
func Look(ctx context.Context, facts *hostfacts.Finder, goos string, match func(pattern string) ([]string, error)) Found {
	f := Found{OS: goos, Proxy: proxyOf(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy"))}
	f.Region, _ = facts.Fact(ctx, "region") // empty: it is asked for
	_, err := facts.Fact(ctx, "managed_instance_id")
	f.Hybrid = err == nil
	if own, _ := facts.Fact(ctx, "os"); own != goos {
		return f
	}
	for _, pattern := range of(usualLogs, goos) {
		if files, err := match(filepath.FromSlash(pattern)); err == nil && len(files) > 0 {
			f.LogFiles = append(f.LogFiles, pattern)
		}
	}
	return f
}

// proxyOf is the first address that is one, without its user.
func proxyOf(values ...string) string {
	for _, value := range values {
		if u, err := url.Parse(value); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
		}
	}
	return ""
}
