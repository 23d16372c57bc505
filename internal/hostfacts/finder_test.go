package hostfacts

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

const registration = "/var/lib/amazon/ssm/registration"

// known are facts that a host has, by name.
func known(t *testing.T, f *Finder, want map[string]string) {
	t.Helper()
	for name, value := range want {
		got, err := f.Fact(t.Context(), name)
		if value == "" {
			var notKnown *NotKnownError
			assert.ErrorAs(t, err, &notKnown, name)
			continue
		}
		if assert.NoError(t, err, name) {
			assert.Equal(t, value, got, name)
		}
	}
}

func TestFactsOfAnEC2Instance(t *testing.T) {
	known(t, inAWS(t, awslocal.Options{EC2: true, Region: "eu-central-1", Account: "012345678901"}), map[string]string{
		"instance_id": "i-0abcdef1234567890", "instance_type": "t3.micro", "image_id": "ami-0abcdef1234567890",
		"region": "eu-central-1", "availability_zone": "eu-central-1a", "account_id": "012345678901",
		"managed_instance_id": "", "ecs_task_id": "",
	})
}

func TestFactsOfAnECSTask(t *testing.T) {
	known(t, inAWS(t, awslocal.Options{ECS: true, Region: "eu-central-1", Account: "012345678901"}), map[string]string{
		"ecs_cluster": "cloudwatch-local", "ecs_task_id": "158d1c8083dd49d6b527399fd6414f5c",
		"ecs_task_arn": "arn:aws:ecs:eu-central-1:012345678901:task/cloudwatch-local/158d1c8083dd49d6b527399fd6414f5c",
		"region":       "eu-central-1", "account_id": "012345678901", "availability_zone": "eu-central-1a", "instance_id": "",
	})
}

func TestFactsOfATaskOnAnInstanceComeFromBoth(t *testing.T) {
	known(t, inAWS(t, awslocal.Options{EC2: true, ECS: true}), map[string]string{
		"ecs_cluster": "cloudwatch-local", "instance_id": "i-0abcdef1234567890", "region": "us-east-1",
	})
}

func TestFactsOfAHybridActivation(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the file is elsewhere")
	}
	f := bare(t)
	write(t, f, registration, `{"ManagedInstanceID":"mi-0123456789abcdef0","Region":"eu-central-1"}`)
	known(t, f, map[string]string{
		"instance_id": "mi-0123456789abcdef0", "managed_instance_id": "mi-0123456789abcdef0", "region": "eu-central-1", "account_id": "",
	})
}

func TestTheEnvironmentsRegionComesFirst(t *testing.T) {
	f := inAWS(t, awslocal.Options{EC2: true})
	t.Setenv("AWS_DEFAULT_REGION", "eu-west-1")
	known(t, f, map[string]string{"region": "eu-west-1"})
	f = finder(t)
	t.Setenv("AWS_REGION", "eu-west-2")
	t.Setenv("AWS_ACCOUNT_ID", "999999999999")
	known(t, f, map[string]string{"region": "eu-west-2", "account_id": "999999999999"})
}

func TestFactsOfTheOperatingSystem(t *testing.T) {
	f := bare(t)
	write(t, f, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
	write(t, f, serviceAccount, "monitoring")
	t.Setenv("NODE_NAME", "node-7")
	t.Setenv("POD_NAME", "collector-x")
	want := map[string]string{
		"name": "web-1", "fqdn": "web-1.example.internal", "os": runtime.GOOS, "arch": runtime.GOARCH,
		"node_name": "node-7", "pod_name": "collector-x", "pod_namespace": "monitoring",
	}
	if runtime.GOOS != "windows" {
		want["machine_id"] = "0123456789abcdef0123456789abcdef"
	}
	known(t, f, want)
}

func TestAnAddressHasNoDomainToCut(t *testing.T) {
	for name, want := range map[string]string{"web-1": "web-1", "web-1.a.b": "web-1", "10.0.0.1": "10.0.0.1", "web-1.": "web-1"} {
		f := bare(t)
		f.fullName = func() (string, error) { return name, nil }
		known(t, f, map[string]string{"name": want})
	}
	f := bare(t)
	f.fullName = func() (string, error) { return "", errors.New("uname failed") }
	known(t, f, map[string]string{"name": "", "fqdn": ""})
}

func TestAddresses(t *testing.T) {
	subnet := func(s string) net.Addr {
		ip, network, err := net.ParseCIDR(s)
		require.NoError(t, err)
		network.IP = ip
		return network
	}
	all := []net.Addr{subnet("127.0.0.1/8"), subnet("169.254.3.4/16"), subnet("fe80::1/64"), subnet("10.1.2.3/24"), subnet("2001:db8::7/64")}
	for name, c := range map[string]struct {
		route    map[string]string
		all      []net.Addr
		ip, ipv6 string
	}{
		"default route":        {map[string]string{"udp4": "192.168.7.8", "udp6": "fd00::5"}, all, "192.168.7.8", "fd00::5"},
		"no default route":     {nil, all, "10.1.2.3", "2001:db8::7"},
		"IPv6 alone":           {map[string]string{"udp6": "fd00::5"}, nil, "fd00::5", "fd00::5"},
		"loopback is nobody's": {map[string]string{"udp4": "127.0.0.1", "udp6": "::1"}, all[:3], "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := bare(t)
			f.outbound = func(_ context.Context, network string) netip.Addr {
				ip, _ := netip.ParseAddr(c.route[network])
				return ip
			}
			f.interfaces = func() ([]net.Addr, error) { return c.all, nil }
			known(t, f, map[string]string{"ip": c.ip, "ipv6": c.ipv6})
		})
	}
}

func TestTheRealHostHasAName(t *testing.T) {
	awslocal.OutsideAWS(t)
	name, err := New("").Fact(t.Context(), "name")
	require.NoError(t, err)
	assert.NotContains(t, name, ".")
	_ = outbound(t.Context(), "udp4") // what it is depends on the machine; it neither fails nor waits
}

func TestAFactThatIsNotKnownSaysWhereItWasLookedFor(t *testing.T) {
	f := bare(t)
	_, err := f.Fact(t.Context(), "instance_id")
	require.ErrorContains(t, err, `host fact "instance_id" is not known on this host`)
	assert.ErrorContains(t, err, "EC2 instance metadata: not asked: AWS_EC2_METADATA_DISABLED is true")
	assert.ErrorContains(t, err, "registration: this host has no hybrid activation")
	assert.ErrorContains(t, err, "${host:instance_id:-unknown}")
	_, err = f.Fact(t.Context(), "instanceid")
	require.ErrorContains(t, err, `there is no host fact "instanceid"`)
	for _, name := range Names() {
		assert.ErrorContains(t, err, name)
	}
}

func TestARegistrationThatCannotBeUsedIsNamed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the file is elsewhere")
	}
	for text, want := range map[string]string{"{": "not the JSON", "{}": "no ManagedInstanceID", "": "not the JSON", "[]": "not the JSON"} {
		f := bare(t)
		write(t, f, registration, text)
		_, err := f.Fact(t.Context(), "managed_instance_id")
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, f.root)
	}
	if os.Geteuid() != 0 {
		f := bare(t)
		write(t, f, registration, "{}")
		require.NoError(t, os.Chmod(f.root+registration, 0))
		_, err := f.Fact(t.Context(), "managed_instance_id")
		require.ErrorContains(t, err, "not readable by this user")
	}
}

func TestAWrongLimitIsNamed(t *testing.T) {
	for _, value := range []string{"2", "-1s", "2m", "soon"} {
		bare(t)
		t.Setenv(TimeoutVariable, value)
		_, err := finder(t).Fact(t.Context(), "name")
		require.ErrorContains(t, err, TimeoutVariable+" is \""+value+"\"")
		assert.ErrorContains(t, err, "such as 2s")
	}
}

func TestEveryFactIsDescribed(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, name := range Names() {
		assert.Regexp(t, `(?m)^//\t`+regexp.QuoteMeta(name)+` +\S`, string(text))
	}
}
