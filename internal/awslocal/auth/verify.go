package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"

	// maxSkew is how far a request's time may be from the service's clock (IAM User Guide, "Signature
	// Version 4 request": five minutes).
	maxSkew = 5 * time.Minute

	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// Request is what Verify looks at.
type Request struct {
	HTTP     *http.Request
	RawBody  []byte // as it came over the wire, before decompression: that is what is signed
	Protocol wire.Protocol
	Service  string // that the operation belongs to
	Region   string // that the server stands for
	Now      time.Time
}

// Verify checks the request's signature and returns who signed it. The error is what AWS would
// answer: unknown key, wrong secret, skewed clock, expired token, wrong service or region.
func (k *Keyring) Verify(r Request) (wire.Caller, *wire.Error) {
	header := r.HTTP.Header.Get("Authorization")
	if header == "" {
		return wire.Caller{}, r.refuse(missingToken, "Missing Authentication Token")
	}
	a, message := parseAuthorization(header)
	if message != "" {
		return wire.Caller{}, r.refuse(incomplete, message)
	}
	c := k.lookup(a.accessKeyID)
	token := r.HTTP.Header.Get("X-Amz-Security-Token")
	if c == nil || subtle.ConstantTimeCompare([]byte(c.SessionToken), []byte(token)) == 0 {
		return wire.Caller{}, r.refuse(unknownKey, "The security token included in the request is invalid.")
	}
	if !c.Expires.IsZero() && !r.Now.Before(c.Expires) {
		return wire.Caller{}, r.refuse(expiredToken, "The security token included in the request is expired")
	}
	at, err := time.Parse(timeFormat, r.HTTP.Header.Get("X-Amz-Date"))
	if err != nil || !strings.HasPrefix(r.HTTP.Header.Get("X-Amz-Date"), a.date) {
		return wire.Caller{}, r.refuse(incomplete, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header that agrees with the credential's date. "+header)
	}
	if message = skew(at, r.Now); message != "" {
		return wire.Caller{}, r.refuse(badSignature, message)
	}
	if a.region != r.Region {
		return wire.Caller{}, r.refuse(badSignature, "Credential should be scoped to a valid region. ")
	}
	if a.service != r.Service {
		return wire.Caller{}, r.refuse(badSignature, fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", r.Service))
	}
	if a.terminator != "aws4_request" {
		return wire.Caller{}, r.refuse(badSignature, "Credential should be scoped with a valid terminator: 'aws4_request', not '"+a.terminator+"'.")
	}
	if !slices.Contains(a.signedHeaders, "host") {
		return wire.Caller{}, r.refuse(badSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	payload := hexSHA256(r.RawBody)
	if claimed := r.HTTP.Header.Get("X-Amz-Content-Sha256"); claimed == unsignedPayload {
		payload = claimed
	}
	want := signature(c.SecretAccessKey, a, r.HTTP.Header.Get("X-Amz-Date"), canonicalRequest(r.HTTP, a.signedHeaders, payload))
	if subtle.ConstantTimeCompare([]byte(want), []byte(a.signature)) == 0 {
		return wire.Caller{}, r.refuse(badSignature, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return c.caller(), nil
}

// skew is AWS's message for a request that is too old or too new, or "".
func skew(at, now time.Time) string {
	stamp := func(t time.Time) string { return t.UTC().Format(timeFormat) }
	switch {
	case at.Before(now.Add(-maxSkew)):
		return fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 5 min.)", stamp(at), stamp(now.Add(-maxSkew)), stamp(now))
	case at.After(now.Add(maxSkew)):
		return fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 5 min.)", stamp(at), stamp(now.Add(maxSkew)), stamp(now))
	}
	return ""
}

// refusal is a way to be refused: its code in the JSON and CBOR protocols, its code in the query
// protocol, and the HTTP status of each.
type refusal struct {
	code, queryCode     string
	status, queryStatus int
}

var (
	missingToken = refusal{"MissingAuthenticationTokenException", "MissingAuthenticationToken", 400, 403}
	incomplete   = refusal{"IncompleteSignatureException", "IncompleteSignature", 400, 400}
	unknownKey   = refusal{"UnrecognizedClientException", "InvalidClientTokenId", 400, 403}
	expiredToken = refusal{"ExpiredTokenException", "ExpiredToken", 400, 403}
	badSignature = refusal{"InvalidSignatureException", "SignatureDoesNotMatch", 400, 403}
)

func (r Request) refuse(why refusal, message string) *wire.Error {
	switch r.Protocol {
	case wire.Query:
		return &wire.Error{Code: why.queryCode, Message: message, Status: why.queryStatus}
	case wire.RESTJSON, wire.OTLP:
		return &wire.Error{Code: why.code, Message: message, Status: http.StatusForbidden}
	}
	return &wire.Error{Code: why.code, Message: message, Status: why.status}
}

// authorization is a parsed Authorization header.
type authorization struct {
	accessKeyID, date, region, service, terminator string
	signedHeaders                                  []string
	signature                                      string
}

// parseAuthorization returns AWS's message about a header that is not well formed, or "".
func parseAuthorization(header string) (authorization, string) {
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok {
		return authorization{}, fmt.Sprintf("Authorization header requires the algorithm '%s'. Authorization=%s", algorithm, header)
	}
	params := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		if key, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			params[key] = value
		}
	}
	var missing []string
	for _, key := range []string{"Credential", "Signature", "SignedHeaders"} {
		if params[key] == "" {
			missing = append(missing, fmt.Sprintf("Authorization header requires '%s' parameter.", key))
		}
	}
	if missing != nil {
		return authorization{}, fmt.Sprintf("%s Authorization=%s", strings.Join(missing, " "), header)
	}
	scope := strings.Split(params["Credential"], "/")
	if len(scope) != 5 {
		return authorization{}, fmt.Sprintf("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", params["Credential"])
	}
	return authorization{
		accessKeyID:   scope[0],
		date:          scope[1],
		region:        scope[2],
		service:       scope[3],
		terminator:    scope[4],
		signedHeaders: strings.Split(params["SignedHeaders"], ";"),
		signature:     params["Signature"],
	}, ""
}

func signature(secret string, a authorization, date, canonical string) string {
	scope := strings.Join([]string{a.date, a.region, a.service, a.terminator}, "/")
	key := hmacSHA256([]byte("AWS4"+secret), a.date)
	for _, part := range []string{a.region, a.service, a.terminator} {
		key = hmacSHA256(key, part)
	}
	toSign := strings.Join([]string{algorithm, date, scope, hexSHA256([]byte(canonical))}, "\n")
	return hex.EncodeToString(hmacSHA256(key, toSign))
}

func canonicalRequest(r *http.Request, signedHeaders []string, payloadHash string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	b.WriteString(canonicalPath(r.URL) + "\n")
	b.WriteString(strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20") + "\n")
	for _, name := range signedHeaders {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signedHeaders, ";") + "\n" + payloadHash)
	return b.String()
}

// canonicalPath escapes the path once more than it was sent, as every service but S3 wants it.
func canonicalPath(u *url.URL) string {
	sent := u.EscapedPath()
	if sent == "" {
		return "/"
	}
	segments := strings.Split(sent, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	}
	return strings.Join(segments, "/")
}

func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return fmt.Sprint(r.ContentLength)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func hmacSHA256(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
