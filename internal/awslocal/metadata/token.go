package metadata

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"time"
)

const (
	tokenHeader = "X-Aws-Ec2-Metadata-Token"             // a header's name
	ttlHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds" // a header's name

	// maxTokenTTL is six hours (EC2 User Guide, "Use the Instance Metadata Service").
	maxTokenTTL = 21600

	nonceSize = 10
	macSize   = 24
)

// serveToken answers PUT /latest/api/token. Tokens hold their own expiry, signed, so that nothing
// must be kept of them.
func (s *Service) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		instanceError(w, http.StatusMethodNotAllowed)
		return
	}
	if len(r.Header.Values("X-Forwarded-For")) > 0 { // a proxy would lend the instance's identity
		instanceError(w, http.StatusForbidden)
		return
	}
	ttl, err := strconv.Atoi(r.Header.Get(ttlHeader))
	if err != nil || ttl < 1 || ttl > maxTokenTTL {
		instanceError(w, http.StatusBadRequest)
		return
	}
	w.Header().Set(ttlHeader, strconv.Itoa(ttl))
	writeText(w, s.newToken(s.config.Now().Add(time.Duration(ttl)*time.Second)))
}

func (s *Service) newToken(expires time.Time) string {
	b := make([]byte, 8+nonceSize, 8+nonceSize+macSize)
	binary.BigEndian.PutUint64(b, uint64(expires.UnixMilli())) // the clock is past 1970
	rand.Read(b[8:])                                           // crypto/rand.Read never returns an error
	return base64.URLEncoding.EncodeToString(append(b, s.tokenMAC(b)...))
}

func (s *Service) tokenMAC(b []byte) []byte {
	h := hmac.New(sha256.New, s.tokenKey)
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// tokenLeft is how long a token is still good for: not at all when it is not one of this service.
func (s *Service) tokenLeft(token string) time.Duration {
	b, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(b) != 8+nonceSize+macSize || !hmac.Equal(b[8+nonceSize:], s.tokenMAC(b[:8+nonceSize])) {
		return 0
	}
	expires := time.UnixMilli(int64(binary.BigEndian.Uint64(b))) // made by newToken
	return expires.Sub(s.config.Now())
}

// admit checks the token of a request for instance metadata, and answers those without a good one.
func (s *Service) admit(w http.ResponseWriter, r *http.Request) bool {
	token := r.Header.Get(tokenHeader)
	if token == "" {
		if !s.config.IMDSv1 {
			instanceError(w, http.StatusUnauthorized)
		}
		return s.config.IMDSv1
	}
	left := s.tokenLeft(token)
	if left <= 0 {
		instanceError(w, http.StatusUnauthorized)
		return false
	}
	w.Header().Set(ttlHeader, strconv.Itoa(int(left/time.Second)))
	return true
}
