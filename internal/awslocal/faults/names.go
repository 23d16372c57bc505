package faults

import (
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// names are the group and the stream that a call names; reading them from a large batch is put off until
// a rule asks.
type names struct {
	call *wire.Call
	done bool

	LogGroup, LogStream string
}

// read finds the names. Of JSON, which may hold a megabyte of events before them, only the members at
// the top are looked at. What cannot be read names nothing; the service will refuse it.
func (n *names) read() {
	if n.done {
		return
	}
	n.done = true
	// The members that name a group or stream: by name, by name or ARN, by ARN.
	var in struct {
		LogGroupName       string `json:"logGroupName"`
		LogStreamName      string `json:"logStreamName"`
		LogGroupIdentifier string `json:"logGroupIdentifier"`
		ResourceARN        string `json:"resourceArn"`
	}
	switch n.call.Protocol {
	case wire.JSON10, wire.JSON11:
		members := map[string]*string{
			"logGroupName": &in.LogGroupName, "logStreamName": &in.LogStreamName,
			"logGroupIdentifier": &in.LogGroupIdentifier, "resourceArn": &in.ResourceARN,
		}
		scanMembers(n.call.Body, func(name, value []byte) {
			if to := members[string(name)]; to != nil {
				*to = text(value)
			}
		})
	default:
		if n.call.Decode(&in) != nil {
			return
		}
	}
	for _, name := range []string{in.LogGroupName, in.LogGroupIdentifier, in.ResourceARN} {
		if n.LogGroup == "" {
			n.LogGroup = name
		}
	}
	if strings.HasPrefix(n.LogGroup, "arn:") {
		_, n.LogGroup, _ = strings.Cut(n.LogGroup, ":log-group:")
		n.LogGroup, _, _ = strings.Cut(n.LogGroup, ":")
	}
	n.LogStream = in.LogStreamName
}
