package metadata

import (
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
)

// maxRefreshAhead is how long before their end credentials are replaced at most. EC2 promises new
// ones at least five minutes before (EC2 User Guide, "Retrieve security credentials").
const maxRefreshAhead = 15 * time.Minute

// session is a set of credentials in use.
type session struct {
	auth.Credentials
	issued time.Time
}

// credentials returns those of a session name, new ones when the old are about to end.
func (s *Service) credentials(sessionName string) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	ahead := min(maxRefreshAhead, s.config.SessionDuration/6)
	current, ok := s.sessions[sessionName]
	if !ok || !now.Before(current.Expires.Add(-ahead)) {
		current = session{s.config.Keyring.IssueSession(now, s.config.RoleName, sessionName, s.config.SessionDuration), now}
		s.sessions[sessionName] = current
	}
	return current
}

// Rotate forgets the credentials: the next request gets new ones. Those in use stay valid until they
// end.
func (s *Service) Rotate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}
