package doctor

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/hostfacts"
)

// metadataLimit bounds the questions to one metadata service, which is one hop away.
const metadataLimit = time.Second

// findPlace looks at the environment, the firmware and AWS's own metadata services, in this order of
// trust: a task, a pod, an instance, another cloud, none.
func findPlace(ctx context.Context, o Options) Check {
	host := hostfacts.ReadMachine(o.Root)
	instance, why := askInstance(ctx, host)
	pod := os.Getenv("KUBERNETES_SERVICE_HOST")
	c := Check{Status: OK}
	switch {
	case os.Getenv(hostfacts.TaskVariable) != "":
		describeTask(ctx, &c, os.Getenv(hostfacts.TaskVariable))
	case pod != "":
		describePod(&c, host, instance)
	case instance != nil:
		c.Detail = "EC2 instance " + instance.InstanceID
		c.fact("known by", "the instance metadata service, version 2")
	case host.Amazon():
		c.Status, c.Detail = Warning, "EC2 instance whose metadata service does not answer"
		c.Remedy = "enable IMDSv2 (in a container: a hop limit of 2), or set region and credentials::source"
		c.fact("known by", "the firmware: "+host.String())
		c.fact("metadata service", why)
	case host.Azure():
		c.Detail = "Azure virtual machine"
		c.fact("known by", "the firmware: "+host.String())
	case host.Google():
		c.Detail = "Google Compute Engine instance"
		c.fact("known by", "the firmware: "+host.String())
	default:
		c.Detail = "on premises: no sign of a cloud or of Kubernetes"
		c.fact("instance metadata", why)
		c.fact("firmware", host.String())
	}
	if instance != nil {
		c.fact("instance", strings.Join([]string{instance.InstanceID, instance.InstanceType, instance.AvailabilityZone}, ", "))
		c.fact("instance's account", instance.AccountID)
	}
	c.fact("hybrid activation", managedNode(o.Root))
	return c
}

// askInstance asks EC2's metadata service, if it may.
func askInstance(ctx context.Context, host hostfacts.Machine) (document *hostfacts.Instance, why string) {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	return hostfacts.AskInstance(ctx, host)
}

// describeTask asks the task metadata endpoint, version 4 (Amazon ECS Developer Guide).
func describeTask(ctx context.Context, c *Check, base string) {
	c.Detail = "ECS task"
	c.fact("known by", hostfacts.TaskVariable)
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	task, err := hostfacts.AskTask(ctx, base)
	if err != nil {
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

// describePod tells EKS from other Kubernetes.
func describePod(c *Check, host hostfacts.Machine, instance *hostfacts.Instance) {
	c.fact("known by", "KUBERNETES_SERVICE_HOST")
	identity, web := os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	switch {
	case strings.Contains(identity, "169.254.170.23") || strings.Contains(identity, "[fd00:ec2::23]"):
		c.Detail = "EKS pod with a pod identity"
		c.fact("and by", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
	case strings.Contains(web, "eks.amazonaws.com"):
		c.Detail = "EKS pod with a role for its service account"
		c.fact("and by", "AWS_WEB_IDENTITY_TOKEN_FILE")
	case instance != nil || host.Amazon():
		c.Detail = "Kubernetes pod on an EC2 instance, probably EKS"
		c.fact("firmware", host.String())
	default:
		c.Detail = "Kubernetes pod outside of EKS"
		c.fact("firmware", host.String())
	}
}

// managedNode says how the SSM Agent of this host is registered. Empty: not.
func managedNode(root string) string {
	r, err := hostfacts.ReadRegistration(root)
	switch {
	case err == nil:
		return strings.TrimSpace(r.ManagedInstanceID + " in " + r.Region)
	case errors.Is(err, os.ErrPermission):
		return r.Path + " exists, but is not readable by this user"
	case r.Path != "":
		return r.Path + " exists"
	}
	return ""
}
