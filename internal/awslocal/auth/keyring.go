package auth

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// maxSessions bounds the sessions that are remembered; the one that expires first goes first.
const maxSessions = 10_000

// Credentials are a key pair, with a session token and an expiry when they are temporary.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string    // empty for a user's long-lived keys
	Expires         time.Time // zero for a user's long-lived keys
	ARN             string    // of the user, or of the assumed role's session
	UserID          string    // AIDA… for a user, AROA…:SESSION for a session
}

// Keyring is the set of credentials that one server accepts. It is safe for concurrent use.
type Keyring struct {
	account string

	mu   sync.RWMutex
	keys map[string]*Credentials
}

// NewKeyring is an empty keyring for an account of 12 digits.
func NewKeyring(account string) *Keyring {
	return &Keyring{account: account, keys: map[string]*Credentials{}}
}

// AddUser makes the keyring accept a long-lived key pair of the named IAM user.
func (k *Keyring) AddUser(name, accessKeyID, secretAccessKey string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[accessKeyID] = &Credentials{
		AccessKeyID:     accessKeyID,
		SecretAccessKey: secretAccessKey,
		ARN:             fmt.Sprintf("arn:aws:iam::%s:user/%s", k.account, name),
		UserID:          "AIDA" + randomID(16),
	}
}

// IssueSession makes temporary credentials for a role and remembers them, past their expiry too, so
// that their use is answered with ExpiredTokenException rather than as an unknown key.
func (k *Keyring) IssueSession(now time.Time, roleName, sessionName string, duration time.Duration) Credentials {
	c := &Credentials{
		AccessKeyID:     "ASIA" + randomID(16),
		SecretAccessKey: randomSecret(30),
		SessionToken:    "FwoGZXIvYXdz" + randomSecret(192),
		Expires:         now.Add(duration).Truncate(time.Second),
		ARN:             fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", k.account, roleName, sessionName),
		UserID:          "AROA" + randomID(16) + ":" + sessionName,
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) >= maxSessions {
		k.evict()
	}
	k.keys[c.AccessKeyID] = c
	return *c
}

func (k *Keyring) evict() {
	var first *Credentials
	for _, c := range k.keys {
		if !c.Expires.IsZero() && (first == nil || c.Expires.Before(first.Expires)) {
			first = c
		}
	}
	if first != nil {
		delete(k.keys, first.AccessKeyID)
	}
}

// ExpireSessions ends every session at once, as if its time were over. It returns how many.
func (k *Keyring) ExpireSessions(now time.Time) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for id, c := range k.keys {
		if c.Expires.After(now) {
			expired := *c
			expired.Expires = now
			k.keys[id] = &expired
			n++
		}
	}
	return n
}

// lookup returns credentials that nobody changes.
func (k *Keyring) lookup(accessKeyID string) *Credentials {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[accessKeyID]
}

func (c *Credentials) caller() wire.Caller {
	return wire.Caller{AccessKeyID: c.AccessKeyID, ARN: c.ARN, UserID: c.UserID}
}

func randomID(n int) string {
	return strings.ToUpper(base32.StdEncoding.EncodeToString(randomBytes(n)))[:n]
}

func randomSecret(n int) string { return base64.StdEncoding.EncodeToString(randomBytes(n)) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never returns an error
	return b
}
