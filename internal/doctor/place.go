package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxMetadata bounds an answer of a metadata service, which has a few kilobytes.
const maxMetadata = 1 << 20

// machine is what the host's firmware says about it. Whoever starts a virtual machine writes these.
type machine struct {
	vendor, product, uuid, board, chassis string
}

// azureChassis is the asset tag of every Azure virtual machine. Hyper-V elsewhere has the same vendor,
// but not this tag (cloud-init's documentation of the Azure data source).
const azureChassis = "7783-7084-3265-9085-8269-3286-77"

func (m machine) amazon() bool {
	// Nitro instances name the vendor; Xen ones show it in the first characters of the UUID (EC2 User
	// Guide, "Detect whether a host is an EC2 instance").
	return strings.Contains(m.vendor, "Amazon EC2") || strings.HasPrefix(strings.ToLower(m.uuid), "ec2")
}

func (m machine) azure() bool  { return m.chassis == azureChassis }
func (m machine) google() bool { return m.vendor == "Google" || m.product == "Google Compute Engine" }

// findPlace looks at the environment, the firmware and AWS's own metadata services, in this order of
// trust: a task, a pod, an instance, another cloud, none.
func findPlace(ctx context.Context, o Options) Check {
	host := readMachine(o.Root)
	instance, why := askInstance(ctx, host)
	pod := os.Getenv("KUBERNETES_SERVICE_HOST")
	c := Check{Status: OK}
	switch {
	case os.Getenv("ECS_CONTAINER_METADATA_URI_V4") != "":
		describeTask(ctx, &c, os.Getenv("ECS_CONTAINER_METADATA_URI_V4"))
	case pod != "":
		describePod(&c, host, instance)
	case instance != nil:
		c.Detail = "EC2 instance " + instance.InstanceID
		c.fact("known by", "the instance metadata service, version 2")
	case host.amazon():
		c.Status, c.Detail = Warning, "EC2 instance whose metadata service does not answer"
		c.Remedy = "enable IMDSv2 (in a container: a hop limit of 2), or set region and credentials::source"
		c.fact("known by", "the firmware: "+host.facts())
		c.fact("metadata service", why)
	case host.azure():
		c.Detail = "Azure virtual machine"
		c.fact("known by", "the firmware: "+host.facts())
	case host.google():
		c.Detail = "Google Compute Engine instance"
		c.fact("known by", "the firmware: "+host.facts())
	default:
		c.Detail = "on premises: no sign of a cloud or of Kubernetes"
		c.fact("instance metadata", why)
		c.fact("firmware", host.facts())
	}
	if instance != nil {
		c.fact("instance", strings.Join([]string{instance.InstanceID, instance.InstanceType, instance.AvailabilityZone}, ", "))
		c.fact("instance's account", instance.AccountID)
	}
	c.fact("hybrid activation", managedNode(o.Root))
	return c
}

func (m machine) facts() string {
	var known []string
	for _, s := range []string{m.vendor, m.product, m.board} {
		if s != "" {
			known = append(known, s)
		}
	}
	return strings.Join(known, ", ")
}

// askInstance asks EC2's metadata service, version 2. It does not ask that of another cloud, which has
// the same address.
func askInstance(ctx context.Context, host machine) (document *imds.InstanceIdentityDocument, why string) {
	if (host.azure() || host.google()) && os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT") == "" {
		return nil, "not asked: the address is another cloud's here"
	}
	if strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return nil, "not asked: AWS_EC2_METADATA_DISABLED is true"
	}
	transport := &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: time.Second} // no proxy
	client := imds.New(imds.Options{
		HTTPClient: &http.Client{Transport: transport, Timeout: time.Second},
		Retryer:    aws.NopRetryer{}, EnableFallback: aws.FalseTernary,
	})
	out, err := client.GetInstanceIdentityDocument(ctx, &imds.GetInstanceIdentityDocumentInput{})
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

// describeTask asks the task metadata endpoint, version 4 (Amazon ECS Developer Guide).
func describeTask(ctx context.Context, c *Check, base string) {
	c.Detail = "ECS task"
	c.fact("known by", "ECS_CONTAINER_METADATA_URI_V4")
	var task struct{ Cluster, TaskARN, LaunchType, AvailabilityZone string }
	if err := getJSON(ctx, strings.TrimSuffix(base, "/")+"/task", &task); err != nil {
		c.Status = Warning
		c.fact("task metadata", oneLine(err))
		c.Remedy = "let the container reach the task metadata endpoint, or set region and credentials::source"
		return
	}
	if task.LaunchType != "" {
		c.Detail += " on " + task.LaunchType
	}
	c.fact("task", task.TaskARN)
	c.fact("cluster", task.Cluster)
	c.fact("zone", task.AvailabilityZone)
}

func getJSON(ctx context.Context, url string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", url, answer.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxMetadata)).Decode(v)
}

// describePod tells EKS from other Kubernetes.
func describePod(c *Check, host machine, instance *imds.InstanceIdentityDocument) {
	c.fact("known by", "KUBERNETES_SERVICE_HOST")
	identity, web := os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	switch {
	case strings.Contains(identity, "169.254.170.23") || strings.Contains(identity, "[fd00:ec2::23]"):
		c.Detail = "EKS pod with a pod identity"
		c.fact("and by", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
	case strings.Contains(web, "eks.amazonaws.com"):
		c.Detail = "EKS pod with a role for its service account"
		c.fact("and by", "AWS_WEB_IDENTITY_TOKEN_FILE")
	case instance != nil || host.amazon():
		c.Detail = "Kubernetes pod on an EC2 instance, probably EKS"
		c.fact("firmware", host.facts())
	default:
		c.Detail = "Kubernetes pod outside of EKS"
		c.fact("firmware", host.facts())
	}
}
