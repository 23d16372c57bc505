package metadata

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSwitchedOffIsNotFound(t *testing.T) {
	m := newMachine(t, Config{})
	paths := map[string][]string{
		"ec2": {"/latest", "/latest/meta-data/instance-id"},
		"ecs": {"/v4/" + containerID, credentialsPath + "/" + credentialsID, "/v3/" + containerID + "/task"},
	}
	code := func(path string) int { return m.do(http.MethodGet, path, tokenHeader, m.newToken(m.now.Add(1e9))).Code }
	for _, ec2 := range []bool{false, true} {
		for _, ecs := range []bool{false, true} {
			m.SetEC2(ec2)
			m.SetECS(ecs)
			for part, on := range map[string]bool{"ec2": ec2, "ecs": ecs} {
				for _, path := range paths[part] {
					assert.Equal(t, on, code(path) == http.StatusOK, path)
					assert.Equal(t, !on, code(path) == http.StatusNotFound, path)
				}
			}
			if !ec2 {
				assert.Equal(t, http.StatusNotFound, m.do(http.MethodPut, "/latest/api/token", ttlHeader, "60").Code)
			}
		}
	}
}

func TestHandles(t *testing.T) {
	for path, want := range map[string]bool{
		"/latest": true, "/latest/": true, "/latest/api/token": true, "/latest/meta-data/": true,
		"/v2/credentials": true, "/v2/credentials/x": true, "/v3/x/task": true, "/v4/x": true,
		"/": false, "/latestnews": false, "/v2/other": false, "/v40": false, "/v1/logs": false, "/TraceSegments": false,
	} {
		assert.Equal(t, want, Handles(path), path)
	}
}

func TestEnvLeadsToWhatIsOn(t *testing.T) {
	m := newMachine(t, Config{})
	assert.Equal(t, []string{"AWS_EC2_METADATA_DISABLED=true"}, m.Env("http://127.0.0.1:1"))
	m.SetEC2(true)
	assert.Equal(t, []string{"AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1/"}, m.Env("http://127.0.0.1:1/"))
	m.SetEC2(false)
	m.SetECS(true)
	m.SetAuthorizationToken("secret")
	assert.Equal(t, []string{
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/v2/credentials/" + credentialsID,
		"ECS_CONTAINER_METADATA_URI=http://127.0.0.1:1/v3/" + containerID,
		"ECS_CONTAINER_METADATA_URI_V4=http://127.0.0.1:1/v4/" + containerID,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN=secret",
	}, m.Env("http://127.0.0.1:1"))
}
