package metadata

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTaskMetadata(t *testing.T) {
	m := newMachine(t, Config{ECS: true})
	get := func(path string) map[string]any {
		t.Helper()
		w := m.do(http.MethodGet, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		return object(t, w.Body.String())
	}
	for version, wantLogs := range map[string]any{"v3": nil, "v4": "awslogs"} {
		base := "/" + version + "/" + containerID
		c := get(base)
		assert.Equal(t, []any{containerID, "RUNNING", wantLogs}, []any{c["DockerId"], c["KnownStatus"], c["LogDriver"]}, version)
		task := get(base + "/task")
		assert.Equal(t, "arn:aws:ecs:eu-central-1:123456789012:task/cloudwatch-local/"+taskID, task["TaskARN"], version)
		assert.Equal(t, "eu-central-1a", task["AvailabilityZone"], version)
		assert.Len(t, task["Containers"], 2, version)
	}
	assert.Equal(t, "FARGATE", get("/v4/" + containerID + "/task")["LaunchType"])
	assert.NotContains(t, get("/v3/"+containerID+"/task"), "LaunchType")
	assert.Contains(t, get("/v4/"+containerID+"/taskWithTags"), "TaskTags")
}

func TestContainerStatsGrow(t *testing.T) {
	m := newMachine(t, Config{ECS: true})
	usage := func() float64 {
		all := object(t, m.do(http.MethodGet, "/v4/"+containerID+"/task/stats").Body.String())
		one := object(t, m.do(http.MethodGet, "/v4/"+containerID+"/stats").Body.String())
		assert.Equal(t, all[containerID], one)
		return one["cpu_stats"].(map[string]any)["cpu_usage"].(map[string]any)["total_usage"].(float64)
	}
	assert.Zero(t, usage())
	m.now = m.now.Add(10 * time.Second)
	assert.EqualValues(t, 10*cpuNanosPerSecond, usage())
}

func TestUnknownTaskPaths(t *testing.T) {
	m := newMachine(t, Config{ECS: true})
	for path, want := range map[string]int{
		"/v4/other":                       404,
		"/v4":                             404,
		"/v4/" + containerID + "/unknown": 404,
		credentialsPath:                   400,
		credentialsPath + "/other":        400,
	} {
		assert.Equal(t, want, m.do(http.MethodGet, path).Code, path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, m.do(http.MethodPost, "/v4/"+containerID).Code)
}

func TestTaskCredentials(t *testing.T) {
	m := newMachine(t, Config{ECS: true, RoleName: "collector", SessionDuration: time.Hour})
	path := credentialsPath + "/" + credentialsID
	first := object(t, m.do(http.MethodGet, path).Body.String())
	assert.Equal(t, []any{"arn:aws:iam::123456789012:role/collector", "2026-03-01T13:00:00Z"}, []any{first["RoleArn"], first["Expiration"]})
	m.now = m.now.Add(50 * time.Minute)
	assert.NotEqual(t, first["AccessKeyId"], object(t, m.do(http.MethodGet, path).Body.String())["AccessKeyId"])
}

func TestTaskCredentialsMayNeedAToken(t *testing.T) {
	m := newMachine(t, Config{ECS: true, AuthorizationToken: "one"})
	path := credentialsPath + "/" + credentialsID
	assert.Equal(t, http.StatusUnauthorized, m.do(http.MethodGet, path).Code)
	assert.Equal(t, http.StatusOK, m.do(http.MethodGet, path, "Authorization", "one").Code)
	m.SetAuthorizationToken("two")
	refused := m.do(http.MethodGet, path, "Authorization", "one")
	assert.Equal(t, http.StatusUnauthorized, refused.Code)
	assert.Equal(t, "AccessDenied", object(t, refused.Body.String())["code"])
	assert.Equal(t, http.StatusOK, m.do(http.MethodGet, path, "Authorization", "two").Code)
}
