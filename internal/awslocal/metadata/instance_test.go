package metadata

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTokenNeedsATimeToLive(t *testing.T) {
	m := newMachine(t, Config{EC2: true})
	tests := []struct {
		name    string
		method  string
		headers []string
		want    int
	}{
		{"a second", http.MethodPut, []string{ttlHeader, "1"}, 200},
		{"six hours", http.MethodPut, []string{ttlHeader, "21600"}, 200},
		{"lower case", http.MethodPut, []string{strings.ToLower(ttlHeader), "60"}, 200},
		{"six hours and a second", http.MethodPut, []string{ttlHeader, "21601"}, 400},
		{"zero", http.MethodPut, []string{ttlHeader, "0"}, 400},
		{"no number", http.MethodPut, []string{ttlHeader, "long"}, 400},
		{"none", http.MethodPut, nil, 400},
		{"through a proxy", http.MethodPut, []string{ttlHeader, "60", "X-Forwarded-For", "10.0.0.1"}, 403},
		{"with GET", http.MethodGet, []string{ttlHeader, "60"}, 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := m.do(tt.method, "/latest/api/token", tt.headers...)
			assert.Equal(t, tt.want, w.Code)
			if tt.want == http.StatusOK {
				assert.Len(t, w.Body.String(), 56)
				assert.Equal(t, tt.headers[1], w.Header().Get(ttlHeader))
			}
		})
	}
}

func TestTokenExpires(t *testing.T) {
	m := newMachine(t, Config{EC2: true})
	token := m.do(http.MethodPut, "/latest/api/token", ttlHeader, "60").Body.String()
	m.now = m.now.Add(59 * time.Second)
	w := m.do(http.MethodGet, "/latest/meta-data/instance-id", tokenHeader, token)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "1", w.Header().Get(ttlHeader))
	m.now = m.now.Add(time.Second)
	assert.Equal(t, http.StatusUnauthorized, m.do(http.MethodGet, "/latest/meta-data/instance-id", tokenHeader, token).Code)
}

func TestInstanceMetadataNeedsAToken(t *testing.T) {
	strict, open := newMachine(t, Config{EC2: true}), newMachine(t, Config{EC2: true, IMDSv1: true})
	foreign := open.token()
	for name, tt := range map[string]struct {
		m     *machine
		token string
		want  int
	}{
		"no token":                   {strict, "", 401},
		"made up token":              {strict, "AQAEA", 401},
		"another machine's token":    {strict, foreign, 401},
		"no token where v1 goes":     {open, "", 200},
		"a bad token where v1 goes":  {open, "AQAEA", 401},
		"a good token where v1 goes": {open, foreign, 200},
	} {
		var headers []string
		if tt.token != "" {
			headers = []string{tokenHeader, tt.token}
		}
		w := tt.m.do(http.MethodGet, "/latest/meta-data/", headers...)
		assert.Equal(t, tt.want, w.Code, name)
		if tt.want == http.StatusUnauthorized {
			assert.Contains(t, w.Body.String(), "<title>401 - Unauthorized</title>", name)
		}
	}
}

func TestInstanceMetadata(t *testing.T) {
	m := newMachine(t, Config{
		EC2: true, InstanceID: "i-0123456789abcdef0", InstanceType: "m7g.large", ImageID: "ami-0123456789abcdef0",
		RoleName: "collector", Tags: map[string]string{"Name": "web", "team": "ops"},
	})
	for path, want := range map[string]string{
		"":                                      "dynamic/\nmeta-data/",
		"meta-data/instance-id":                 "i-0123456789abcdef0",
		"meta-data/instance-type":               "m7g.large",
		"meta-data/ami-id":                      "ami-0123456789abcdef0",
		"meta-data/hostname":                    "ip-10-0-0-10.eu-central-1.compute.internal",
		"meta-data/local-hostname":              "ip-10-0-0-10.eu-central-1.compute.internal",
		"meta-data/local-ipv4":                  "10.0.0.10",
		"meta-data/mac":                         "02:00:00:00:00:0a",
		"meta-data/placement/":                  "availability-zone\nregion",
		"meta-data/placement":                   "availability-zone\nregion",
		"meta-data/placement/region":            "eu-central-1",
		"meta-data/placement/availability-zone": "eu-central-1a",
		"meta-data/services/partition":          "aws",
		"meta-data/services/domain":             "amazonaws.com",
		"meta-data/iam/":                        "info\nsecurity-credentials/",
		"meta-data/iam/security-credentials/":   "collector",
		"meta-data/iam/security-credentials":    "collector",
		"meta-data/network/interfaces/macs/":    "02:00:00:00:00:0a/",
		"meta-data/tags/instance/":              "Name\nteam",
		"meta-data/tags/instance/Name":          "web",
		"meta-data/network/interfaces/macs/02:00:00:00:00:0a/owner-id": "123456789012",
	} {
		assert.Equal(t, want, m.get(path), path)
	}
	info := object(t, m.get("meta-data/iam/info"))
	assert.Equal(t, "arn:aws:iam::123456789012:instance-profile/collector", info["InstanceProfileArn"])
	doc := object(t, m.get("dynamic/instance-identity/document"))
	assert.Equal(t, []any{"eu-central-1", "123456789012", "i-0123456789abcdef0", "x86_64", "2026-03-01T12:00:00Z"},
		[]any{doc["region"], doc["accountId"], doc["instanceId"], doc["architecture"], doc["pendingTime"]})
}

func TestHostnameInTheOldestRegion(t *testing.T) {
	m := newMachine(t, Config{EC2: true, Region: "us-east-1"})
	assert.Equal(t, "ip-10-0-0-10.ec2.internal", m.get("meta-data/hostname"))
}

func TestUnknownInstanceMetadataIsNotFound(t *testing.T) {
	m := newMachine(t, Config{EC2: true})
	for _, path := range []string{"meta-data/public-ipv4", "meta-data/tags/instance", "user-data", "meta-data/iam/security-credentials/other", "meta-data/inst", "nothing"} {
		w := m.do(http.MethodGet, "/latest/"+path, tokenHeader, m.token())
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		assert.Contains(t, w.Body.String(), "<title>404 - Not Found</title>", path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, m.do(http.MethodPost, "/latest/meta-data/", tokenHeader, m.token()).Code)
}

func TestInstanceCredentialsAreReplacedInTime(t *testing.T) {
	m := newMachine(t, Config{EC2: true, RoleName: "collector", SessionDuration: time.Hour})
	path := "meta-data/iam/security-credentials/collector"
	first := object(t, m.get(path))
	assert.Equal(t, []any{"Success", "AWS-HMAC", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"},
		[]any{first["Code"], first["Type"], first["LastUpdated"], first["Expiration"]})
	assert.True(t, strings.HasPrefix(first["AccessKeyId"].(string), "ASIA"))

	m.now = m.now.Add(50*time.Minute - time.Second)
	assert.Equal(t, first, object(t, m.get(path)))
	m.now = m.now.Add(time.Second)
	second := object(t, m.get(path))
	assert.NotEqual(t, first["AccessKeyId"], second["AccessKeyId"])
	assert.Equal(t, "2026-03-01T13:50:00Z", second["Expiration"])

	m.Rotate()
	assert.NotEqual(t, second["AccessKeyId"], object(t, m.get(path))["AccessKeyId"])
}

func TestTokenOfAnyLengthIsRefusedQuietly(t *testing.T) {
	m := newMachine(t, Config{EC2: true})
	good := m.token()
	for i := range len(good) {
		assert.LessOrEqual(t, m.tokenLeft(good[:i]), time.Duration(0), strconv.Itoa(i))
	}
	require.Positive(t, m.tokenLeft(good))
}
