package hostfacts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// source is one place where a fact is looked for. find gives its value, or why there is none.
type source struct {
	place string
	find  func(ctx context.Context, f *Finder) (value, why string)
}

// Places, as errors name them.
const (
	inTask         = "ECS task metadata"
	inInstance     = "EC2 instance metadata"
	inRegistration = "the SSM Agent's registration"
)

// serviceAccount holds a pod's namespace (Kubernetes, "Accessing the Kubernetes API from a Pod").
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// facts are all facts and their sources, the first of which wins. doc.go describes them.
var facts = map[string][]source{
	"name": {local("the operating system", func(_ context.Context, f *Finder) string { return short(f.hostname()) })},
	"fqdn": {local("the operating system", func(_ context.Context, f *Finder) string { return f.hostname() })},
	"ip": {
		local("the default route and the interfaces", func(ctx context.Context, f *Finder) string { return f.address(ctx, false) }),
		local("the same for IPv6", func(ctx context.Context, f *Finder) string { return f.address(ctx, true) }),
	},
	"ipv6": {local("the default route and the interfaces", func(ctx context.Context, f *Finder) string { return f.address(ctx, true) })},

	"region": {
		variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"), ofTask(Task.region),
		ofInstance(func(d *Instance) string { return d.Region }), ofRegistration(func(r Registration) string { return r.Region }),
	},
	"account_id": {
		variable("AWS_ACCOUNT_ID"), ofTask(func(t Task) string { return t.arn().AccountID }),
		ofInstance(func(d *Instance) string { return d.AccountID }),
	},
	"availability_zone": {
		ofTask(func(t Task) string { return t.AvailabilityZone }), ofInstance(func(d *Instance) string { return d.AvailabilityZone }),
	},
	"instance_id": {
		ofInstance(func(d *Instance) string { return d.InstanceID }), ofRegistration(func(r Registration) string { return r.ManagedInstanceID }),
	},
	"instance_type":       {ofInstance(func(d *Instance) string { return d.InstanceType })},
	"image_id":            {ofInstance(func(d *Instance) string { return d.ImageID })},
	"managed_instance_id": {ofRegistration(func(r Registration) string { return r.ManagedInstanceID })},

	"ecs_cluster":  {ofTask(func(t Task) string { return last(t.Cluster) })},
	"ecs_task_arn": {ofTask(func(t Task) string { return t.TaskARN })},
	"ecs_task_id":  {ofTask(func(t Task) string { return last(t.arn().Resource) })},

	"pod_name": {variable("K8S_POD_NAME"), variable("POD_NAME")},
	"pod_namespace": {
		variable("K8S_NAMESPACE"), variable("K8S_POD_NAMESPACE"), variable("POD_NAMESPACE"),
		local(serviceAccount, func(_ context.Context, f *Finder) string { return readText(f.root, serviceAccount) }),
	},
	"node_name": {variable("K8S_NODE_NAME"), variable("NODE_NAME")},

	"machine_id": {local(machineIDPlaces, func(_ context.Context, f *Finder) string { return machineID(f.root) })},
	"os":         {local("the program", func(context.Context, *Finder) string { return runtime.GOOS })},
	"arch":       {local("the program", func(context.Context, *Finder) string { return runtime.GOARCH })},
}

// Names are the names of all facts, sorted.
func Names() []string {
	names := make([]string, 0, len(facts))
	for name := range facts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func local(place string, find func(context.Context, *Finder) string) source {
	return source{place, func(ctx context.Context, f *Finder) (string, string) { return find(ctx, f), "nothing there" }}
}

func variable(name string) source {
	return source{name, func(context.Context, *Finder) (string, string) { return os.Getenv(name), "not set" }}
}

func ofTask(value func(Task) string) source {
	return source{inTask, func(ctx context.Context, f *Finder) (string, string) {
		m, err := f.metadata(ctx)
		if err != nil || m.task == nil {
			return "", cmp.Or(text(err), m.noTask)
		}
		return value(*m.task), "it does not say"
	}}
}

func ofInstance(value func(*Instance) string) source {
	return source{inInstance, func(ctx context.Context, f *Finder) (string, string) {
		m, err := f.metadata(ctx)
		if err != nil || m.instance == nil {
			return "", cmp.Or(text(err), m.noInstance)
		}
		return value(m.instance), "it does not say"
	}}
}

func ofRegistration(value func(Registration) string) source {
	return source{inRegistration, func(_ context.Context, f *Finder) (string, string) {
		r, err := ReadRegistration(f.root)
		switch {
		case errors.Is(err, ErrNotRegistered):
			return "", text(err)
		case errors.Is(err, os.ErrPermission):
			return "", r.Path + " is not readable by this user"
		case err != nil:
			return "", fmt.Sprintf("%s: %v", r.Path, err)
		}
		return value(r), r.Path + " does not say"
	}}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// arn is the task's; empty where it is none.
func (t Task) arn() arn.ARN {
	a, _ := arn.Parse(t.TaskARN)
	return a
}

// region is that of the task's ARN.
func (t Task) region() string { return t.arn().Region }

// last is the last part of a path or an ARN: ECS gives a cluster's name or its ARN.
func last(s string) string {
	if s == "" {
		return ""
	}
	return path.Base(s)
}

// short is a host name without its domain. An address has none.
func short(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return name
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}
