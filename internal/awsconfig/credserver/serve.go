package credserver

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/connlimit"
)

// maxLife is the longest life that an answer gives to credentials. The SDKs ask again minutes before
// the end (for Go five, for Python fifteen), so in effect before nearly every call: a fetch on loopback
// costs nothing, and the keys behind may be replaced, and end, without notice.
const maxLife = 5 * time.Minute

// answer is the container credentials protocol's.
type answer struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string `json:"SecretAccessKey"`
	Token           string `json:"Token"` // also where it is empty: botocore takes nothing without it
	Expiration      string `json:"Expiration"`
	AccountID       string `json:"AccountId,omitempty"`
}

// failure is how it says no; the SDKs show the message.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != path:
		refuse(w, http.StatusNotFound, "NotFound", "credentials are at "+path)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "use GET")
	case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(s.token)) == 0:
		s.logger.Debug("a request for AWS credentials without the right token was refused", zap.String("from", r.RemoteAddr))
		w.Header().Set("WWW-Authenticate", "Token")
		refuse(w, http.StatusUnauthorized, "Unauthorized", "the Authorization header is not the token of this start; "+
			"set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to the token_file")
	default:
		connlimit.Known(r)
		s.serveCredentials(w, r)
	}
}

func (s *Server) serveCredentials(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), retrieveTimeout)
	defer cancel()
	c, err := s.provider.Retrieve(ctx)
	if err != nil {
		if r.Context().Err() != nil {
			return // who asked has left
		}
		if !s.failing.Swap(true) {
			s.logger.Warn("there are no AWS credentials to serve", zap.Error(err))
		}
		refuse(w, http.StatusServiceUnavailable, "CredentialsUnavailable", "the collector has no AWS credentials: "+err.Error())
		return
	}
	if s.failing.Swap(false) {
		s.logger.Info("there are AWS credentials to serve again")
	}
	write(w, http.StatusOK, answer{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, Token: c.SessionToken, AccountID: c.AccountID,
		Expiration: expiration(s.now(), c).UTC().Format(time.RFC3339),
	})
}

// expiration is when credentials end by this machine's clock, which those who ask have, too.
func expiration(now time.Time, c aws.Credentials) time.Time {
	end := awsclock.Local(c.Expires)
	if soon := now.Add(maxLife); !c.CanExpire || soon.Before(end) {
		return soon
	}
	return end
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	write(w, status, failure{code, message})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone away
}
