package message

import (
	"bytes"
	"encoding/json"
)

// emf are the fields of an EMF document that name where it goes (version 1 within _aws, version 0 beside
// its metrics), as awscloudwatchlogs reads them.
type emf struct {
	AWS *struct {
		Group  string `json:"LogGroupName"`
		Stream string `json:"LogStreamName"`
	} `json:"_aws"`
	Group  string `json:"log_group_name"`
	Stream string `json:"log_stream_name"`
}

// Keys without which no message is parsed, each with its second quote. They begin with the character that
// is the rarest in logs.
var (
	keyVersion1 = []byte(`_aws"`)
	keyVersion0 = []byte(`_group_name"`)
	// keyGroup is the end of LogGroupName, of which awscloudwatchlogs takes other spellings, too.
	keyGroup = []byte(`roupName"`)
)

// Target is the group, and the stream if any, that a raw message names because it is an EMF document; ok
// is false where there is no group, as in most. The names are as the document has them. What is not valid
// JSON names nothing. Keys count in their usual letter case, and without escapes.
func Target(message []byte) (group, stream string, ok bool) {
	if !mayName(message) {
		return "", "", false
	}
	var document emf
	if json.Unmarshal(message, &document) != nil {
		return "", "", false
	}
	switch {
	case document.AWS != nil && document.AWS.Group != "":
		return document.AWS.Group, document.AWS.Stream, true
	case document.Group != "":
		return document.Group, document.Stream, true
	}
	return "", "", false
}

// mayName tells, without parsing, whether a message may be an object with one of the keys.
func mayName(message []byte) bool {
	for i, c := range message {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			rest := message[i:]
			return bytes.Contains(rest, keyVersion0) || bytes.Contains(rest, keyVersion1) && bytes.Contains(rest, keyGroup)
		}
		return false
	}
	return false
}
