package faults_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func TestDeniedCallNamesActionAndResource(t *testing.T) {
	const user, because = "arn:aws:iam::123456789012:user/u", " because no identity-based policy allows the "
	for name, tt := range map[string]struct {
		service, operation, body string
		protocol                 wire.Protocol
		want, code               string
		status                   int
	}{
		"log stream": {wire.Logs, "PutLogEvents", `{"logGroupName":"/g","logStreamName":"s"}`, wire.JSON11,
			"logs:PutLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:/g:log-stream:s" + because + "logs:PutLogEvents action", "AccessDeniedException", 400},
		"no group": {wire.Logs, "DescribeLogGroups", `{}`, wire.JSON11,
			"logs:DescribeLogGroups on resource: arn:aws:logs:us-east-1:123456789012:log-group::log-stream:" + because + "logs:DescribeLogGroups action", "AccessDeniedException", 400},
		"parameter": {wire.SSM, "GetParameter", `{"Name":"/a/b"}`, wire.JSON11,
			"ssm:GetParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter/a/b" + because + "ssm:GetParameter action", "AccessDeniedException", 400},
		"metrics": {wire.Monitoring, "PutMetricData", "", wire.CBOR,
			"cloudwatch:PutMetricData" + because + "cloudwatch:PutMetricData action", "AccessDeniedException", 400},
		"role": {wire.STS, "AssumeRole", "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr", wire.Query,
			"sts:AssumeRole on resource: arn:aws:iam::123456789012:role/r", "AccessDenied", 403},
		"trace": {wire.XRay, "PutTraceSegments", `{}`, wire.RESTJSON,
			"xray:PutTraceSegments" + because + "xray:PutTraceSegments action", "AccessDeniedException", 403},
	} {
		call := &wire.Call{Service: tt.service, Operation: tt.operation, Body: []byte(tt.body), Protocol: tt.protocol,
			Region: "us-east-1", Account: "123456789012", Caller: wire.Caller{ARN: user}}
		got := set(t, "access_denied").Pick(call).Err
		assert.Equal(t, "User: "+user+" is not authorized to perform: "+tt.want, got.Message, name)
		assert.Equal(t, tt.code, got.Code, name)
		assert.Equal(t, tt.status, got.Status, name)
	}
}

func TestOtherMethodsAndPathsAreRefusedInJSON(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPut, "/_control/faults", 405}, {http.MethodPost, "/_control/faults/x", 405}, {http.MethodGet, "/_control/faults/x/y", 404},
	} {
		w := httptest.NewRecorder()
		faults.New(1).Handler().ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		assert.Equal(t, tt.want, w.Code, tt.path)
		var body struct{ Error string }
		assert.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), tt.path)
		assert.NotEmpty(t, body.Error, tt.path)
	}
}
