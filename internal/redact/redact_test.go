package redact

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecretsAreHiddenByTheirForm(t *testing.T) {
	for text, want := range map[string]string{
		"http://user:hunter2@proxy:3128":                                      "http://user:[REDACTED]@proxy:3128",
		"http://user:p@ss@word@proxy:3128/x@y":                                "http://user:[REDACTED]@proxy:3128/x@y",
		"user:hunter2@proxy.example:3128":                                     "user:[REDACTED]@proxy.example:3128",
		`url "user:hunter2@proxy:3128" is not`:                                `url "user:[REDACTED]@proxy:3128" is not`,
		"url=user:p@ss@proxy":                                                 "url=user:[REDACTED]@proxy",
		"https://ghp_0123456789012345678901@github.example":                   "https://[REDACTED]@github.example",
		"https://x/?api_key=abc&a=b":                                          "https://x/?api_key=[REDACTED]&a=b",
		"https://x/?X-Amz-Security-Token=abc%2F&X-Amz-Date=1":                 "https://x/?X-Amz-Security-Token=[REDACTED]&X-Amz-Date=1",
		"GET https://x/?a=b&sig=abc: 403":                                     "GET https://x/?a=b&sig=[REDACTED] 403",
		"helper --client-secret=abc --id=5":                                   "helper --client-secret=[REDACTED] --id=5",
		"Authorization: Bearer abcdefghijklmnopqrst":                          "Authorization: Bearer [REDACTED]",
		`{"SecretAccessKey": "abcdefgh/+"}`:                                   `{"SecretAccessKey": "[REDACTED]"}`,
		"-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY----- y": "[REDACTED] y",
	} {
		assert.Equal(t, want, Text(text))
	}
}

func TestWhatHelpsIsShown(t *testing.T) {
	for _, text := range []string{
		"failed to bind to address 127.0.0.1:4317: address already in use", `invalid region "eu-central-9"`, "/var/log/app/*.log",
		"https://logs.eu-central-1.amazonaws.com/v1/logs?limit=5&keyword=x", "arn:aws:iam::123456789012:role/reader", "mail@example.com",
		"2026-11-28T01:02:03Z", "ssm:/fleet/base (version 7):12", "basic auth", "http://[::1]:4318", "user@host:22", "type: Bearer\nconvert_classic_histograms_to_nhcb: false", "session_token:\n  another_key: 1", `set(body, "a:b")`,
		"https://user@host/path", `a "12:30" b@c`, "${env:PW}",
	} {
		assert.Equal(t, text, Text(text))
	}
}

func TestArgumentsOfCommandsAreHiddenUnlessTheyTellWhatItDoes(t *testing.T) {
	for line, want := range map[string]string{
		"/usr/local/bin/helper --client-secret x":              "/usr/local/bin/helper --client-secret [REDACTED]",
		"helper --password=x --region eu-central-1":            "helper --password=[REDACTED] --region eu-central-1",
		"helper -p hunter2 hunter3":                            "helper -p [REDACTED] [REDACTED]",
		"helper credential-process --private-key /etc/key.pem": "helper credential-process --private-key /etc/key.pem",
		"helper --role-arn arn:aws:iam::123456789012:role/x":   "helper --role-arn arn:aws:iam::123456789012:role/x",
		`"C:\Program Files\x.exe" get 'my secret'`:             `"C:\Program Files\x.exe" get [REDACTED]`,
		"helper":                   "helper",
		"curl https://u:pw@host/x": "curl [REDACTED]",
	} {
		assert.Equal(t, want, Command(line))
	}
}

func FuzzText(f *testing.F) {
	f.Add("http://a:b@c")
	f.Fuzz(func(_ *testing.T, s string) { Text(s); Command(s) })
}
