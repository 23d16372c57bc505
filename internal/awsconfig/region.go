package awsconfig

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// regionTimeout bounds the look for a region in metadata; outside of AWS nobody answers there. Both
// endpoints are asked at once.
const regionTimeout = time.Second

// maxMetadata bounds an answer of the task metadata endpoint.
const maxMetadata = 1 << 20

// What a session's RegionSource says, besides the names of environment variables and profiles.
const (
	RegionConfigured = "configured"
	RegionOfRoutes   = "route table"
	RegionOfTask     = "ECS task metadata"
	RegionOfInstance = "EC2 instance metadata"
)

// zonePattern is a zone of a region proper; local zones have longer names.
var zonePattern = regexp.MustCompile(`^([a-z]{2,}(?:-[a-z]+)+-[0-9]+)[a-z]$`)

// resolveRegion finds the region and tells from where. shared is what the SDK read from the
// environment and the shared files.
func resolveRegion(ctx context.Context, c Config, o Options, shared aws.Config, m *http.Client) (region, source string, err error) {
	switch {
	case c.Region != "":
		return c.Region, RegionConfigured, nil
	case o.DefaultRegion != "":
		return o.DefaultRegion, RegionOfRoutes, nil
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if v := os.Getenv(name); v != "" {
			return v, name, nil
		}
	}
	profile := "profile " + profileName(c.Credentials)
	if shared.Region != "" {
		return shared.Region, profile, nil
	}
	region, source, tried := regionOfMachine(ctx, shared, m)
	if region != "" {
		return region, source, nil
	}
	return "", "", fmt.Errorf("no AWS region: the key region, AWS_REGION, AWS_DEFAULT_REGION and %s have none; %s; set the key region or AWS_REGION",
		profile, tried)
}

// checkRegion names a region that cannot be one, which would be waited for as if the network were down.
func checkRegion(region, source string) error {
	if regionPattern.MatchString(region) {
		return nil
	}
	such := "eu-central-1"
	if trimmed := strings.TrimSpace(region); regionPattern.MatchString(trimmed) {
		such = trimmed + ", without the space"
	} else if m := zonePattern.FindStringSubmatch(trimmed); m != nil {
		such = m[1] + ", which is the region of that zone"
	}
	return fmt.Errorf("%s: %q is not the name of a region; give one such as %s", source, region, such)
}

// profileName is the profile that the SDK uses.
func profileName(c Credentials) string {
	return cmp.Or(c.Profile, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), config.DefaultSharedConfigProfile)
}

// regionOfMachine asks the metadata endpoints. tried tells how they failed.
func regionOfMachine(ctx context.Context, shared aws.Config, m *http.Client) (region, source, tried string) {
	ctx, cancel := context.WithTimeout(ctx, regionTimeout)
	defer cancel()
	type answer struct {
		region, source string
		err            error
	}
	answers := make(chan answer)
	asks := map[string]func() (string, error){
		RegionOfTask:     func() (string, error) { return regionOfTask(ctx, m) },
		RegionOfInstance: func() (string, error) { return regionOfInstance(ctx, shared, m) },
	}
	for name, ask := range asks {
		go func() {
			region, err := ask()
			answers <- answer{region, name, err}
		}()
	}
	var failures []string
	for range asks {
		a := <-answers
		switch {
		case a.err == nil && region == "":
			region, source = a.region, a.source
			cancel() // the other need not go on
		case a.err != nil:
			failures = append(failures, a.source+": "+a.err.Error())
		}
	}
	return region, source, strings.Join(failures, "; ")
}

// regionOfTask asks the task metadata endpoint, version 4 (Amazon ECS Developer Guide, "Task metadata
// endpoint version 4").
func regionOfTask(ctx context.Context, m *http.Client) (string, error) {
	base := os.Getenv("ECS_CONTAINER_METADATA_URI_V4")
	if base == "" {
		return "", errors.New("not asked, ECS_CONTAINER_METADATA_URI_V4 is not set")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/task", nil)
	if err != nil {
		return "", err
	}
	resp, err := m.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d", r.URL, resp.StatusCode)
	}
	var task struct{ TaskARN, AvailabilityZone string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxMetadata)).Decode(&task); err != nil {
		return "", fmt.Errorf("%s: %w", r.URL, err)
	}
	if a, err := arn.Parse(task.TaskARN); err == nil && a.Region != "" {
		return a.Region, nil
	}
	if zone := zonePattern.FindStringSubmatch(task.AvailabilityZone); zone != nil {
		return zone[1], nil
	}
	return "", fmt.Errorf("%s: neither TaskARN %q nor AvailabilityZone %q tells the region", r.URL, task.TaskARN, task.AvailabilityZone)
}

func regionOfInstance(ctx context.Context, shared aws.Config, m *http.Client) (string, error) {
	out, err := instanceMetadata(shared, m).GetRegion(ctx, &imds.GetRegionInput{})
	if err != nil {
		return "", err
	}
	return out.Region, nil
}

// instanceMetadata is a client of the instance metadata service, version 2 only: version 1 can be
// reached through an open proxy. It honours AWS_EC2_METADATA_DISABLED and the endpoint's settings.
func instanceMetadata(c aws.Config, m *http.Client) *imds.Client {
	c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return imds.NewFromConfig(c, func(o *imds.Options) {
		o.HTTPClient = m
		o.EnableFallback = aws.FalseTernary
	})
}
