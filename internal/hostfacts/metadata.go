package hostfacts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// TaskVariable is where ECS names the task metadata endpoint, version 4 (Amazon ECS Developer Guide).
const TaskVariable = "ECS_CONTAINER_METADATA_URI_V4"

// maxMetadata bounds an answer of a metadata service, which has a few kilobytes.
const maxMetadata = 1 << 20

// Instance is EC2's instance identity document.
type Instance = imds.InstanceIdentityDocument

// Task is what ECS says of a task.
type Task struct{ Cluster, TaskARN, LaunchType, AvailabilityZone string }

// AskInstance asks EC2's metadata service, version 2, until ctx ends: the caller sets the limit. It does
// not ask that of another cloud, which has the same address. A nil document comes with the reason.
func AskInstance(ctx context.Context, host Machine) (document *Instance, why string) {
	if (host.Azure() || host.Google()) && os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT") == "" {
		return nil, "not asked: the address is another cloud's here"
	}
	if strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return nil, "not asked: AWS_EC2_METADATA_DISABLED is true"
	}
	options := imds.Options{HTTPClient: direct(), Retryer: aws.NopRetryer{}, EnableFallback: aws.FalseTernary}
	const mode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
	if err := options.EndpointMode.SetFromString(os.Getenv(mode)); err != nil {
		return nil, fmt.Sprintf("not asked: %s is %q, and must be IPv4 or IPv6", mode, os.Getenv(mode))
	}
	out, err := imds.New(options).GetInstanceIdentityDocument(ctx, &imds.GetInstanceIdentityDocumentInput{})
	if err != nil {
		return nil, "no answer" + metadataStatus(err)
	}
	return &out.InstanceIdentityDocument, ""
}

// metadataStatus tells an answer that was a refusal: of a hop limit or a firewall, for instance.
func metadataStatus(err error) string {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() != 0 {
		return fmt.Sprintf(" but status %d", answer.HTTPStatusCode())
	}
	return ""
}

// AskTask asks the task metadata endpoint at base, the value of TaskVariable, until ctx ends.
func AskTask(ctx context.Context, base string) (Task, error) {
	var task Task
	url := strings.TrimSuffix(base, "/") + "/task"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return task, err
	}
	answer, err := direct().Do(r)
	if err != nil {
		return task, err
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	if answer.StatusCode != http.StatusOK {
		return task, fmt.Errorf("%s: status %d", url, answer.StatusCode)
	}
	return task, json.NewDecoder(io.LimitReader(answer.Body, maxMetadata)).Decode(&task)
}

// direct is a client that takes no proxy, as metadata is this host's own, and leaves no connection.
func direct() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }
