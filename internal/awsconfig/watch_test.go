package awsconfig

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/auth"
)

func long(id string) auth.Credentials {
	return auth.Credentials{AccessKeyID: id, SecretAccessKey: "secret-of-" + id, SessionToken: "token-of-" + id}
}

// agentFile is a layer that follows an SSM Agent's file, on a clock of the test's own.
func agentFile(t *testing.T) (l *layer, file string, now *clock, logs *observer.ObservedLogs) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "credentials")
	now = newClock()
	core, logs := observer.New(zap.DebugLevel)
	agent := ssmAgent{files: []string{file}, profile: "default"}
	w := &watched{paths: func() []string { return agent.files }, load: agent.load, now: now.now, logger: zap.New(core)}
	l = newLayer(w, nil, fileRefusalPause, zap.New(core))
	l.now = now.now
	return l, file, now, logs
}

func TestChangedFileIsTakenWhenItRests(t *testing.T) {
	l, file, now, _ := agentFile(t)
	write(t, file, ini("default", long("ASIAFIRST")))
	assert.Equal(t, "ASIAFIRST", keyOf(t, l))
	write(t, file, ini("default", long("ASIASECOND")))
	assert.Equal(t, "ASIAFIRST", keyOf(t, l), "not due yet")
	now.pass(checkInterval)
	assert.Equal(t, "ASIAFIRST", keyOf(t, l), "may still be written to")
	now.pass(settleTime)
	assert.Equal(t, "ASIASECOND", keyOf(t, l))
}

func TestIncompleteFileKeepsTheLastGoodCredentials(t *testing.T) {
	whole := ini("default", long("ASIASECOND"))
	tests := []struct{ name, content string }{
		{"empty", ""},
		{"the section alone", "[default]\n"},
		{"without a secret", strings.Join(strings.SplitAfter(whole, "\n")[:2], "")},
		{"temporary keys without their token", strings.Join(strings.SplitAfter(whole, "\n")[:3], "")},
		{"another profile", ini("other", long("ASIASECOND"))},
		{"no credentials at all", "\x00\x01<html>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, file, now, logs := agentFile(t)
			write(t, file, ini("default", long("ASIAFIRST")))
			keyOf(t, l)
			write(t, file, tt.content)
			for range 20 {
				now.pass(checkInterval)
				assert.Equal(t, "ASIAFIRST", keyOf(t, l))
			}
			assert.Equal(t, 1, logs.FilterMessageSnippet("are not complete").Len(), "said once")
			write(t, file, whole)
			now.pass(checkInterval)
			keyOf(t, l)
			now.pass(settleTime)
			assert.Equal(t, "ASIASECOND", keyOf(t, l))
		})
	}
}

func TestRefusedKeysAreReadAgainAtOnce(t *testing.T) {
	l, file, _, _ := agentFile(t)
	write(t, file, ini("default", long("ASIAFIRST")))
	first, err := l.Retrieve(t.Context())
	require.NoError(t, err)
	write(t, file, ini("default", long("ASIASECOND")))
	changed, err := l.refresh(t.Context(), first)
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, "ASIASECOND", keyOf(t, l))
}

func TestRefusalDuringAHalfWrittenFileChangesNothing(t *testing.T) {
	l, file, _, _ := agentFile(t)
	write(t, file, ini("default", long("ASIAFIRST")))
	first, err := l.Retrieve(t.Context())
	require.NoError(t, err)
	write(t, file, "[default]\naws_access_key_id = ASIASEC")
	changed, err := l.refresh(t.Context(), first)
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Equal(t, "ASIAFIRST", keyOf(t, l))
}

func TestRewriteWithTheSameSizeIsSeen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	write(t, file, "aaaa")
	before := fingerprintOf([]string{file})
	write(t, file, "aaab")
	assert.NotEqual(t, before, fingerprintOf([]string{file}))
}

func TestProviderAsksCachesAroundItToComeBack(t *testing.T) {
	l, file, now, _ := agentFile(t)
	write(t, file, ini("default", long("ASIAFIRST")))
	p := &Provider{top: l, follows: true}
	c, err := p.Retrieve(t.Context())
	require.NoError(t, err)
	assert.True(t, c.CanExpire)
	assert.Equal(t, now.now().Add(recheck), c.Expires)
	i, err := p.Identity(t.Context())
	require.NoError(t, err)
	assert.True(t, i.Expires.IsZero(), "the file does not tell")
	assert.Equal(t, "…IRST", i.AccessKeyID)
}

func TestDueTimeIsAheadOfTheEnd(t *testing.T) {
	now := newClock().now()
	for _, tt := range []struct {
		name             string
		life, from, till time.Duration
	}{
		{"an hour", time.Hour, time.Hour - expiryWindow, time.Hour - expiryWindow/2},
		{"three minutes", 3 * time.Minute, 2 * time.Minute, 150 * time.Second},
		{"over", -time.Minute, -time.Minute, -time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 100 {
				due := dueAt(now, until(keys("k"), now.Add(tt.life))).Sub(now)
				assert.GreaterOrEqual(t, due, tt.from)
				assert.LessOrEqual(t, due, tt.till)
			}
		})
	}
	assert.Equal(t, now.Add(unknownExpiry), dueAt(now, aws.Credentials{}))
}
