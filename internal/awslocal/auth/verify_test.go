package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// signing is a request as the SDK's own signer signs it.
type signing struct {
	keys            aws.Credentials
	service, region string
	at              time.Time
	body            string
	url             string
}

func (s signing) request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url, bytes.NewBufferString(s.body))
	require.NoError(t, err)
	r.Header.Set("X-Amz-Target", "Logs_20140328.PutLogEvents")
	r.Header.Set("Spaces", "  a   b ")
	sum := sha256.Sum256([]byte(s.body))
	require.NoError(t, v4.NewSigner().SignHTTP(context.Background(), s.keys, r, hex.EncodeToString(sum[:]), s.service, s.region, s.at))
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	return r
}

func TestSignatureIsAcceptedOrRefusedAsAWSDoes(t *testing.T) {
	ring := auth.NewKeyring("123456789012")
	ring.AddUser("admin", "AKIDUSER", "secret")
	session := ring.IssueSession(now, "role", "me", time.Hour)
	user := aws.Credentials{AccessKeyID: "AKIDUSER", SecretAccessKey: "secret"}
	assumed := aws.Credentials{AccessKeyID: session.AccessKeyID, SecretAccessKey: session.SecretAccessKey, SessionToken: session.SessionToken}
	good := signing{user, "logs", "eu-central-1", now, `{"a":1}`, "http://127.0.0.1:4566/"}

	with := func(change func(*signing)) signing {
		s := good
		change(&s)
		return s
	}
	noHeader := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del(name) }
	}
	tests := []struct {
		name      string
		sign      signing
		tamper    func(*http.Request)
		body      string
		now       time.Time
		code      string
		queryCode string
		message   string
		arn       string
	}{
		{name: "a user's keys", sign: good, arn: "arn:aws:iam::123456789012:user/admin"},
		{name: "a session's keys", sign: with(func(s *signing) { s.keys = assumed }), arn: "arn:aws:sts::123456789012:assumed-role/role/me"},
		{name: "a path and a query that need escaping", sign: with(func(s *signing) { s.url = "http://h/a%20b/c+d?x=1+2&b=%2F&b=a" }), arn: "arn:aws:iam::123456789012:user/admin"},
		{name: "no authorization", sign: good, tamper: noHeader("Authorization"), code: "MissingAuthenticationTokenException", queryCode: "MissingAuthenticationToken"},
		{name: "an authorization that is not SigV4", sign: good, tamper: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, code: "IncompleteSignatureException", queryCode: "IncompleteSignature"},
		{name: "an authorization without its parts", sign: good, tamper: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b") }, code: "IncompleteSignatureException", queryCode: "IncompleteSignature", message: "'SignedHeaders'"},
		{name: "a credential that is not a scope", sign: good, tamper: func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00")
		}, code: "IncompleteSignatureException", queryCode: "IncompleteSignature", message: "5 slash-delimited"},
		{name: "no date", sign: good, tamper: noHeader("X-Amz-Date"), code: "IncompleteSignatureException", queryCode: "IncompleteSignature"},
		{name: "an unknown key", sign: with(func(s *signing) { s.keys.AccessKeyID = "AKIDNOBODY" }), code: "UnrecognizedClientException", queryCode: "InvalidClientTokenId"},
		{name: "a wrong secret", sign: with(func(s *signing) { s.keys.SecretAccessKey = "wrong" }), code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch", message: "signature we calculated does not match"},
		{name: "a session without its token", sign: with(func(s *signing) { s.keys = assumed; s.keys.SessionToken = "" }), code: "UnrecognizedClientException", queryCode: "InvalidClientTokenId"},
		{name: "a user's key with somebody's token", sign: with(func(s *signing) { s.keys.SessionToken = "x" }), code: "UnrecognizedClientException", queryCode: "InvalidClientTokenId"},
		{name: "an expired session", sign: with(func(s *signing) { s.keys = assumed; s.at = now.Add(time.Hour) }), now: now.Add(time.Hour), code: "ExpiredTokenException", queryCode: "ExpiredToken"},
		{name: "a clock five minutes behind", sign: with(func(s *signing) { s.at = now.Add(-5 * time.Minute) }), arn: "arn:aws:iam::123456789012:user/admin"},
		{name: "a clock more than five minutes behind", sign: with(func(s *signing) { s.at = now.Add(-5*time.Minute - time.Second) }), code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch", message: "Signature expired: 20261122T115459Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)"},
		{name: "a clock ahead", sign: with(func(s *signing) { s.at = now.Add(6 * time.Minute) }), code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch", message: "Signature not yet current"},
		{name: "another service", sign: with(func(s *signing) { s.service = "ssm" }), code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch", message: "correct service: 'logs'"},
		{name: "another region", sign: with(func(s *signing) { s.region = "us-east-1" }), code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch", message: "valid region"},
		{name: "another body", sign: good, body: `{"a":2}`, code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch"},
		{name: "another target", sign: good, tamper: func(r *http.Request) { r.Header.Set("X-Amz-Target", "Logs_20140328.DeleteLogGroup") }, code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch"},
		{name: "another host", sign: good, tamper: func(r *http.Request) { r.Host = "elsewhere" }, code: "InvalidSignatureException", queryCode: "SignatureDoesNotMatch"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := test.sign.request(t)
			if test.tamper != nil {
				test.tamper(r)
			}
			body := test.sign.body
			if test.body != "" {
				body = test.body
			}
			at := now
			if !test.now.IsZero() {
				at = test.now
			}
			for protocol, code := range map[wire.Protocol]string{wire.JSON11: test.code, wire.CBOR: test.code, wire.Query: test.queryCode} {
				caller, err := ring.Verify(auth.Request{HTTP: r, RawBody: []byte(body), Protocol: protocol, Service: "logs", Region: "eu-central-1", Now: at})
				if test.code == "" {
					require.Nil(t, err)
					assert.Equal(t, test.arn, caller.ARN)
					continue
				}
				require.NotNil(t, err)
				assert.Equal(t, code, err.Code)
				assert.Contains(t, err.Message, test.message)
			}
		})
	}
}

func TestSessionsCanBeExpiredAtOnce(t *testing.T) {
	ring := auth.NewKeyring("123456789012")
	ring.AddUser("admin", "AKIDUSER", "secret")
	c := ring.IssueSession(now, "role", "me", time.Hour)
	assert.Equal(t, 1, ring.ExpireSessions(now))
	r := signing{aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, "logs", "r", now, "", "http://h/"}.request(t)
	_, err := ring.Verify(auth.Request{HTTP: r, Protocol: wire.JSON11, Service: "logs", Region: "r", Now: now})
	require.NotNil(t, err)
	assert.Equal(t, "ExpiredTokenException", err.Code)
}

func FuzzVerifyNeverAcceptsAnUnsignedRequest(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDUSER/20261122/r/logs/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;,Signature=")
	f.Fuzz(func(t *testing.T, header string) {
		ring := auth.NewKeyring("123456789012")
		ring.AddUser("admin", "AKIDUSER", "secret")
		r, err := http.NewRequest(http.MethodPost, "http://h/", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
		_, refused := ring.Verify(auth.Request{HTTP: r, Protocol: wire.JSON11, Service: "logs", Region: "r", Now: now})
		require.NotNil(t, refused)
	})
}
