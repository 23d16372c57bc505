package metadata

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
)

// What a machine is that was not told.
const (
	DefaultInstanceID   = "i-0abcdef1234567890"
	DefaultInstanceType = "t3.micro"
	DefaultImageID      = "ami-0abcdef1234567890"
	DefaultRoleName     = "cloudwatch-local"

	// DefaultSessionDuration is the life of EC2's and ECS's credentials, as seen on both: 6 hours.
	DefaultSessionDuration = 6 * time.Hour
)

// Config says which machine this is.
type Config struct {
	// Now is the clock. Default: time.Now.
	Now     func() time.Time
	Region  string
	Account string // 12 digits
	Keyring *auth.Keyring

	AvailabilityZone string            // default: the region's zone "a"
	InstanceID       string            // default: i-0abcdef1234567890
	InstanceType     string            // default: t3.micro
	ImageID          string            // default: ami-0abcdef1234567890
	Tags             map[string]string // of the instance; none by default, as in AWS

	// RoleName is the role of the instance and of the task. Default: cloudwatch-local.
	RoleName string
	// SessionDuration is the life of the credentials. They are replaced when a sixth of it is left,
	// at most 15 minutes before they end. Default: 6 hours.
	SessionDuration time.Duration

	// AuthorizationToken must be the Authorization header of requests for the task's credentials,
	// where it is set.
	AuthorizationToken string

	EC2    bool // serve the instance metadata service
	ECS    bool // serve the task metadata and credentials endpoints
	IMDSv1 bool // answer instance metadata requests without a token, too
}

// Service is the metadata service of one machine. It is safe for concurrent use.
type Service struct {
	config   Config
	started  time.Time
	tokenKey []byte

	ec2, ecs      atomic.Bool
	authorization atomic.Pointer[string]

	mu       sync.Mutex
	sessions map[string]session // by session name

	instance map[string]leaf // the instance metadata, by path below /latest/
}

// New is the metadata service of a machine that starts now.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.AvailabilityZone = cmp.Or(c.AvailabilityZone, c.Region+"a")
	c.InstanceID = cmp.Or(c.InstanceID, DefaultInstanceID)
	c.InstanceType = cmp.Or(c.InstanceType, DefaultInstanceType)
	c.ImageID = cmp.Or(c.ImageID, DefaultImageID)
	c.RoleName = cmp.Or(c.RoleName, DefaultRoleName)
	c.SessionDuration = cmp.Or(c.SessionDuration, DefaultSessionDuration)
	s := &Service{config: c, started: c.Now(), tokenKey: make([]byte, 32), sessions: map[string]session{}}
	rand.Read(s.tokenKey) // crypto/rand.Read never returns an error
	s.ec2.Store(c.EC2)
	s.ecs.Store(c.ECS)
	s.authorization.Store(&c.AuthorizationToken)
	s.instance = s.instanceTree()
	return s
}

// SetEC2 switches the instance metadata service on or off. Off, its paths are not found.
func (s *Service) SetEC2(on bool) { s.ec2.Store(on) }

// SetECS switches the task metadata and credentials endpoints on or off. Off, their paths are not
// found.
func (s *Service) SetECS(on bool) { s.ecs.Store(on) }

// SetAuthorizationToken replaces the token that requests for the task's credentials must carry; ""
// asks for none.
func (s *Service) SetAuthorizationToken(token string) { s.authorization.Store(&token) }

// Handles tells whether a path belongs to the metadata endpoints.
func Handles(path string) bool {
	for _, root := range []string{"/latest", credentialsPath, "/v3", "/v4"} {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return false
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	instance := r.URL.Path == "/latest" || strings.HasPrefix(r.URL.Path, "/latest/")
	switch {
	case instance && s.ec2.Load():
		s.serveInstance(w, r)
	case !instance && s.ecs.Load():
		s.serveTask(w, r)
	default:
		instanceError(w, http.StatusNotFound)
	}
}

// Env is the environment that leads a client to what is switched on. baseURL is the server's address,
// such as http://127.0.0.1:4566.
//
// AWS_EC2_METADATA_SERVICE_ENDPOINT stands for 169.254.169.254, and the ECS variables are those that
// the ECS agent sets in a container, with absolute instead of relative addresses. A client asks the
// container endpoint first where both are on.
func (s *Service) Env(baseURL string) []string {
	baseURL = strings.TrimSuffix(baseURL, "/")
	env := []string{"AWS_EC2_METADATA_DISABLED=true"}
	if s.ec2.Load() {
		// Without the slash at the end botocore 1.29 makes http://HOST:PORTlatest/… of it.
		env = []string{"AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + baseURL + "/"}
	}
	if s.ecs.Load() {
		env = append(env,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI="+baseURL+credentialsPath+"/"+credentialsID,
			"ECS_CONTAINER_METADATA_URI="+baseURL+"/v3/"+containerID,
			"ECS_CONTAINER_METADATA_URI_V4="+baseURL+"/v4/"+containerID,
		)
		if token := *s.authorization.Load(); token != "" {
			env = append(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+token)
		}
	}
	return env
}
