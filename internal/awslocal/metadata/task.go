package metadata

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// The task: made up, and the same for every server. It has two containers: the one that asks, and the application beside
// which it runs.
const (
	credentialsPath = "/v2/credentials"
	credentialsID   = "5f1c7b1e-6d0f-4f0f-9a53-3f2f3b7a4c11"

	cluster       = "cloudwatch-local"
	family        = "collector"
	revision      = "1"
	taskID        = "158d1c8083dd49d6b527399fd6414f5c"
	containerID   = taskID + "-2531612879"
	containerName = "collector"
	containerARN  = "0206b271-b33f-47ab-86c6-a0ba208a70a9" // the last part of it

	appID   = taskID + "-0179205828"
	appName = "app"
	appARN  = "4b5e6f70-8192-4a3b-9c4d-5e6f708192a3"

	cpuLimit     = 0.25  // vCPU
	memoryLimit  = 512   // MiB
	storageLimit = 20496 // MiB of ephemeral storage, as Fargate gives
	storageUse   = 261   // MiB of it
)

func (s *Service) taskARN(kind, id string) string {
	partition, _ := wire.Partition(s.config.Region)
	return "arn:" + partition + ":ecs:" + s.config.Region + ":" + s.config.Account + ":" + kind + "/" + id
}

func (s *Service) serveTask(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		writeJSON(w, http.StatusMethodNotAllowed, "Method not allowed")
		return
	}
	if strings.HasPrefix(r.URL.Path, credentialsPath) {
		s.serveTaskCredentials(w, r)
		return
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	id, what, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	v4 := version == "v4"
	if id != containerID {
		writeJSON(w, http.StatusNotFound, "unable to get container metadata: unable to generate metadata for container '"+id+"'")
		return
	}
	switch what {
	case "":
		writeJSON(w, http.StatusOK, s.container(containerID, containerName, containerARN, v4))
	case "task":
		writeJSON(w, http.StatusOK, s.task(v4))
	case "taskWithTags":
		t := s.task(v4)
		t.TaskTags = map[string]string{"Name": family}
		writeJSON(w, http.StatusOK, t)
	case "stats":
		writeJSON(w, http.StatusOK, s.stats(containerID, containerName, v4))
	case "task/stats":
		writeJSON(w, http.StatusOK, map[string]stats{containerID: s.stats(containerID, containerName, v4), appID: s.stats(appID, appName, v4)})
	default:
		writeJSON(w, http.StatusNotFound, "404 page not found")
	}
}

// agentError is how the ECS agent refuses a request for credentials.
type agentError struct {
	Code          string `json:"code"`
	Message       string `json:"message"`
	HTTPErrorCode int    `json:"HTTPErrorCode"`
}

// serveTaskCredentials answers the relative address that the ECS agent hands out, and the absolute
// one, which may ask for a token.
func (s *Service) serveTaskCredentials(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		writeJSON(w, status, agentError{code, "CredentialsV2Request: " + message, status})
	}
	switch id := strings.Trim(strings.TrimPrefix(r.URL.Path, credentialsPath), "/"); id {
	case credentialsID:
	case "":
		refuse(http.StatusBadRequest, "NoIdInRequest", "No Credential ID in the request")
		return
	default:
		refuse(http.StatusBadRequest, "InvalidIdInRequest", "Credentials not found")
		return
	}
	want := *s.authorization.Load()
	if want != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) == 0 {
		refuse(http.StatusUnauthorized, "AccessDenied", "The Authorization header is missing or wrong")
		return
	}
	c := s.credentials(taskID)
	partition, _ := wire.Partition(s.config.Region)
	writeJSON(w, http.StatusOK, struct {
		RoleArn, AccessKeyId, SecretAccessKey, Token, Expiration string // the wire names
	}{
		"arn:" + partition + ":iam::" + s.config.Account + ":role/" + s.config.RoleName,
		c.AccessKeyID, c.SecretAccessKey, c.SessionToken, stamp(c.Expires),
	})
}

type network struct {
	NetworkMode              string
	IPv4Addresses            []string
	AttachmentIndex          *int   `json:",omitempty"` // version 4
	MACAddress               string `json:",omitempty"` // version 4
	IPv4SubnetCIDRBlock      string `json:",omitempty"` // version 4
	PrivateDNSName           string `json:",omitempty"` // version 4
	SubnetGatewayIpv4Address string `json:",omitempty"` // version 4
}

type limits struct {
	CPU    float64
	Memory int
}

type container struct {
	DockerID      string `json:"DockerId"`
	Name          string
	DockerName    string
	Image         string
	ImageID       string
	Labels        map[string]string
	DesiredStatus string
	KnownStatus   string
	Limits        limits
	CreatedAt     string
	StartedAt     string
	Type          string
	Networks      []network
	LogDriver     string            `json:",omitempty"` // version 4
	LogOptions    map[string]string `json:",omitempty"` // version 4
	ContainerARN  string            `json:",omitempty"` // version 4
}

func (s *Service) container(id, name, arn string, v4 bool) container {
	c := container{
		DockerID: id, Name: name, DockerName: name,
		Image:   "public.ecr.aws/cloudwatch-local/" + name + ":latest",
		ImageID: "sha256:" + strings.Repeat(taskID, 2),
		Labels: map[string]string{
			"com.amazonaws.ecs.cluster":                 s.taskARN("cluster", cluster),
			"com.amazonaws.ecs.container-name":          name,
			"com.amazonaws.ecs.task-arn":                s.taskARN("task", cluster+"/"+taskID),
			"com.amazonaws.ecs.task-definition-family":  family,
			"com.amazonaws.ecs.task-definition-version": revision,
		},
		DesiredStatus: "RUNNING", KnownStatus: "RUNNING", Type: "NORMAL",
		Limits:    limits{CPU: cpuLimit * 1024, Memory: memoryLimit},
		CreatedAt: s.started.UTC().Format(time.RFC3339Nano), StartedAt: s.started.UTC().Format(time.RFC3339Nano),
		Networks: []network{{NetworkMode: "awsvpc", IPv4Addresses: []string{privateIP}}},
	}
	if v4 {
		first := 0
		n := &c.Networks[0]
		n.AttachmentIndex, n.MACAddress, n.IPv4SubnetCIDRBlock = &first, macAddress, subnetCIDR
		n.PrivateDNSName, n.SubnetGatewayIpv4Address = hostname(s.config.Region), "10.0.0.1/24"
		c.ContainerARN = s.taskARN("container", cluster+"/"+taskID+"/"+arn)
		c.LogDriver = "awslogs"
		c.LogOptions = map[string]string{
			"awslogs-group": "/ecs/" + family, "awslogs-region": s.config.Region, "awslogs-stream": "ecs/" + name + "/" + taskID,
		}
	}
	return c
}

// storage is in MiB.
type storage struct{ Utilized, Reserved int64 }

type task struct {
	Cluster          string
	TaskARN          string
	Family           string
	Revision         string
	DesiredStatus    string
	KnownStatus      string
	Limits           limits
	PullStartedAt    string
	PullStoppedAt    string
	AvailabilityZone string
	LaunchType       string            `json:",omitempty"` // version 4
	VPCID            string            `json:",omitempty"` // version 4
	ServiceName      string            `json:",omitempty"` // version 4
	TaskTags         map[string]string `json:",omitempty"`
	EphemeralStorage *storage          `json:"EphemeralStorageMetrics,omitempty"` // version 4, Fargate
	Containers       []container
}

func (s *Service) task(v4 bool) task {
	t := task{
		Cluster: s.taskARN("cluster", cluster), TaskARN: s.taskARN("task", cluster+"/"+taskID),
		Family: family, Revision: revision, DesiredStatus: "RUNNING", KnownStatus: "RUNNING",
		Limits:        limits{CPU: cpuLimit, Memory: memoryLimit},
		PullStartedAt: s.started.UTC().Format(time.RFC3339Nano), PullStoppedAt: s.started.UTC().Format(time.RFC3339Nano),
		AvailabilityZone: s.config.AvailabilityZone,
		Containers:       []container{s.container(containerID, containerName, containerARN, v4), s.container(appID, appName, appARN, v4)},
	}
	if v4 {
		t.LaunchType, t.VPCID, t.ServiceName = "FARGATE", vpcID, family
		t.EphemeralStorage = &storage{storageUse, storageLimit}
	}
	return t
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone away
}
