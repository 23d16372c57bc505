package awslocal_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fixed is a server whose clock stands still.
func fixed(t awslocal.TB, o awslocal.Options) *awslocal.Server {
	o.Now = func() time.Time { return noon }
	s, err := awslocal.New(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

// call sends one signed JSON request straight into the server.
func call(s *awslocal.Server, target string, body []byte, headers ...string) *httptest.ResponseRecorder {
	service := map[string]string{"Logs_20140328": "logs", "AmazonSSM": "ssm"}[strings.Split(target, ".")[0]]
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	sum := sha256.Sum256(body)
	keys := aws.Credentials{AccessKeyID: awslocal.DefaultAccessKeyID, SecretAccessKey: awslocal.DefaultSecretAccessKey}
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(sum[:]), service, awslocal.DefaultRegion, noon); err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Code == http.StatusOK {
		return "ok"
	}
	var e struct {
		Type string `json:"__type"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), w.Body.String())
	return e.Type
}

func zip(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func withStream(t *testing.T, o awslocal.Options) *awslocal.Server {
	t.Helper()
	s := fixed(t, o)
	require.Equal(t, "ok", code(t, call(s, "Logs_20140328.CreateLogGroup", []byte(`{"logGroupName":"g"}`))))
	require.Equal(t, "ok", code(t, call(s, "Logs_20140328.CreateLogStream", []byte(`{"logGroupName":"g","logStreamName":"s"}`))))
	return s
}

func batch(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"logGroupName":"g","logStreamName":"s","logEvents":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"timestamp":%d,"message":"%0200d"}`, noon.UnixMilli(), i)
	}
	b.WriteString("]}")
	return []byte(b.String())
}

func TestGzipBodiesAreReadAndSignedAsSent(t *testing.T) {
	s := withStream(t, awslocal.Options{})
	w := call(s, "Logs_20140328.PutLogEvents", zip(t, batch(3)), "Content-Encoding", "gzip")
	assert.Equal(t, "ok", code(t, w), w.Body.String())
	assert.EqualValues(t, 3, s.Logs.Status(0).Accepted)

	assert.Equal(t, "SerializationException", code(t, call(s, "Logs_20140328.PutLogEvents", []byte("not gzip"), "Content-Encoding", "gzip")))
	assert.Equal(t, "SerializationException", code(t, call(s, "Logs_20140328.PutLogEvents", zip(t, batch(3))[:40], "Content-Encoding", "gzip")))
	assert.Equal(t, "SerializationException", code(t, call(s, "Logs_20140328.PutLogEvents", batch(3), "Content-Encoding", "br")))
	// A small body that inflates without bounds must not fill the memory.
	bomb := zip(t, make([]byte, 64<<20))
	assert.Equal(t, "RequestEntityTooLargeException", code(t, call(s, "Logs_20140328.PutLogEvents", bomb, "Content-Encoding", "gzip")))
	assert.Equal(t, "RequestEntityTooLargeException", code(t, call(s, "Logs_20140328.PutLogEvents", make([]byte, 9<<20))))
	assert.EqualValues(t, 3, s.Logs.Status(0).Accepted)
}

func TestNextSequenceTokenCanBeSwitchedOff(t *testing.T) {
	assert.Contains(t, call(withStream(t, awslocal.Options{}), "Logs_20140328.PutLogEvents", batch(1)).Body.String(), "nextSequenceToken")
	assert.NotContains(t, call(withStream(t, awslocal.Options{OmitSequenceToken: true}), "Logs_20140328.PutLogEvents", batch(1)).Body.String(), "nextSequenceToken")
}

func TestQuotasAreEnforcedUntilTheSecondIsOver(t *testing.T) {
	now := noon
	s, err := awslocal.New(awslocal.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	create := func(i int) string {
		return code(t, call(s, "Logs_20140328.CreateLogGroup", fmt.Appendf(nil, `{"logGroupName":"g%d"}`, i)))
	}
	for i := range 10 {
		require.Equal(t, "ok", create(i))
	}
	assert.Equal(t, "ThrottlingException", create(10))
	now = now.Add(time.Second)
	assert.Equal(t, "ok", create(10))

	// The three reads of parameters share one quota.
	get := func(operation string) string {
		return code(t, call(s, "AmazonSSM."+operation, []byte(`{"Name":"/a","Names":["/a"],"Path":"/"}`)))
	}
	for range 20 {
		require.Equal(t, "ParameterNotFound", get("GetParameter"))
		require.Equal(t, "ok", get("GetParameters"))
	}
	assert.Equal(t, "ThrottlingException", get("GetParametersByPath"))

	ignored := fixed(t, awslocal.Options{IgnoreQuotas: true})
	for i := range 20 {
		require.Equal(t, "ok", code(t, call(ignored, "Logs_20140328.CreateLogGroup", fmt.Appendf(nil, `{"logGroupName":"g%d"}`, i))))
	}
}

func TestUnknownRequestsAreRefused(t *testing.T) {
	s := fixed(t, awslocal.Options{})
	assert.Equal(t, "UnknownOperationException", code(t, call(s, "Logs_20140328.StartQuery", nil)))
	assert.Equal(t, "UnknownOperationException", code(t, call(s, "DynamoDB_20120810.PutItem", nil)))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
	assert.Equal(t, "UnknownOperationException", code(t, w))
}

func TestControlAPIServesNoWebPage(t *testing.T) {
	s := fixed(t, awslocal.Options{})
	send := func(method, path, origin string) int {
		r := httptest.NewRequest(method, path, strings.NewReader(`{"kind":"stall"}`))
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	assert.Equal(t, http.StatusForbidden, send(http.MethodPost, "/_control/faults", "http://example.com"))
	assert.Empty(t, s.Faults.List())
	assert.Equal(t, http.StatusCreated, send(http.MethodPost, "/_control/faults", ""))
	assert.Equal(t, http.StatusOK, send(http.MethodPost, "/_control/sessions/expire", ""))
	assert.Equal(t, http.StatusNotFound, send(http.MethodGet, "/latest/meta-data/", ""), "metadata is off")
	assert.Equal(t, http.StatusNoContent, send(http.MethodPut, "/_control/metadata/ec2", ""))
	assert.Equal(t, http.StatusUnauthorized, send(http.MethodGet, "/latest/meta-data/", ""), "IMDSv2 wants a token")
	assert.Equal(t, http.StatusNoContent, send(http.MethodDelete, "/_control/metadata/ec2", ""))
	assert.Equal(t, http.StatusNotFound, send(http.MethodGet, "/latest/meta-data/", ""))
	assert.Equal(t, http.StatusNotFound, send(http.MethodGet, "/_control/ca.pem", ""), "no TLS listener")
}

func TestShutdownEndsStalledRequests(t *testing.T) {
	s, err := awslocal.New(awslocal.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Start())
	for _, method := range []string{"stall", "latency"} {
		rule := `{"kind":"` + method + `"`
		if method == "latency" {
			rule += `,"latency":"5m"`
		}
		answer, err := http.Post(s.URL+"/_control/faults", "application/json", strings.NewReader(rule+"}"))
		require.NoError(t, err)
		answer.Body.Close()
	}
	done := make(chan error, 1)
	go func() {
		// Unsigned, so that only the way of the fault matters.
		answer, err := http.Post(s.URL, "application/x-www-form-urlencoded", strings.NewReader("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"))
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		done <- err
	}()
	for s.Faults.List()[0].Applied == 0 {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, s.Shutdown(context.Background()))
	assert.Error(t, <-done, "a stalled request is cut, not answered")
	http.DefaultClient.CloseIdleConnections()
}

// BenchmarkRequest is a whole request as a client sees it, but for the socket: 4,600 events of 200
// bytes, near the limit of 1 MiB, signed.
func BenchmarkRequest(b *testing.B) {
	for name, pack := range map[string]func([]byte) []byte{
		"plain": func(body []byte) []byte { return body },
		"gzip":  func(body []byte) []byte { return zip(b, body) },
	} {
		b.Run(name, func(b *testing.B) {
			const events = 4600
			s := fixed(b, awslocal.Options{IgnoreQuotas: true})
			call(s, "Logs_20140328.CreateLogGroup", []byte(`{"logGroupName":"g"}`))
			call(s, "Logs_20140328.CreateLogStream", []byte(`{"logGroupName":"g","logStreamName":"s"}`))
			body := pack(batch(events))
			var headers []string
			if name == "gzip" {
				headers = []string{"Content-Encoding", "gzip"}
			}
			for b.Loop() {
				if w := call(s, "Logs_20140328.PutLogEvents", body, headers...); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
			b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
