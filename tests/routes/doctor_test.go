//go:build linux

package routes

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// doctor runs the command for the station's configuration, and returns what it printed and its status.
func (s *station) doctor(env ...string) (text string, status int) {
	s.t.Helper()
	command := []string{collectorBinary(s.t), "doctor"}
	for _, config := range s.configs {
		command = append(command, "--config", config)
	}
	p := s.exec(command, append(s.env, env...)...)
	if err := p.wait(); err != nil {
		exit := (*exec.ExitError)(nil)
		require.True(s.t, errors.As(err, &exit), "%v", err)
		status = exit.ExitCode()
	}
	s.t.Logf("exit status %d\n%s", status, p.text())
	return p.text(), status
}

func TestDoctorTellsAGoodSetUpFromBrokenOnes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		recipe string
		spoil  func(t *testing.T, s *station)
		status int
		want   []string
	}{
		"good": {"routes/private-vif.yaml", func(*testing.T, *station) {}, 0, []string{"private-vif"}},
		"DNS leads the endpoint to a public address": {"routes/private-vif.yaml", func(_ *testing.T, s *station) {
			for _, name := range []string{vpceLogs, vpceLogsA, vpceLogsB} {
				s.dns.set(name, publicA)
			}
		}, 1, []string{publicA.String(), "a public address"}},
		"the keys have ended": {"routes/private-vif.yaml", func(t *testing.T, s *station) {
			file := filepath.Join(t.TempDir(), "credentials")
			put(t, file, s.keys("default", time.Hour))
			s.aws.Keys.ExpireSessions(time.Now())
			s.identity("ssm-agent.yaml", "/root/.aws/credentials", file)
		}, 1, []string{"Expired"}},
		"the private link is cut":    {"routes/private-vif.yaml", func(_ *testing.T, s *station) { s.cut(linkPrivate) }, 1, []string{"timeout"}},
		"the proxy wants a password": {"routes/http-proxy.yaml", func(_ *testing.T, s *station) { s.proxy.require("ann", "secret") }, 1, []string{"407"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, c.recipe, awslocal.Options{})
			s.write(1)
			c.spoil(t, s)
			text, status := s.doctor()
			assert.Equal(t, c.status, status)
			for _, want := range c.want {
				assert.Contains(t, text, want)
			}
		})
	}
}
