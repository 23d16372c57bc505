package ssmstore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestSameTextIsNotWrittenAgainButGetsTheLabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	text := large(30_000, "a")
	w.push(t, "/a", text, PushOptions{})
	puts := w.aws.Calls("ssm", "PutParameter")
	result := w.push(t, "/a", text, PushOptions{Expected: 1, Label: "live"})
	assert.True(t, result.Unchanged)
	assert.EqualValues(t, 1, result.Version)
	assert.Equal(t, puts, w.aws.Calls("ssm", "PutParameter"))
	assert.Equal(t, text, w.read(t, Ref{Name: "/a", Label: "live"}))
	labels := w.aws.Calls("ssm", "LabelParameterVersion")
	w.push(t, "/a", text, PushOptions{Expected: 1, Label: "live"})
	assert.Equal(t, labels, w.aws.Calls("ssm", "LabelParameterVersion"))
}

func TestPushRefusesToWriteOverWhatItsCallerHasNotSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.put(t, "/a", "x: 1")
	for _, expected := range []int64{0, 2} {
		_, err := w.Push(t.Context(), "/a", []byte("x: 2"), PushOptions{Expected: expected})
		assert.True(t, IsKind(err, Conflict), err)
	}
	// One that is written between the look at the history and the put.
	w.Store.api = &interloper{API: w.client, before: func() { w.put(t, "/a", "x: other") }}
	_, err := w.Push(t.Context(), "/a", []byte("x: 2"), PushOptions{Expected: 1})
	assert.True(t, IsKind(err, Conflict), err)
	assert.Equal(t, "x: other", w.read(t, Ref{Name: "/a"}))
}

// interloper does something before the last look at the version: the second call of GetParameters.
type interloper struct {
	API
	calls  int
	before func()
}

func (i *interloper) GetParameters(ctx context.Context, in *ssm.GetParametersInput, o ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	if i.calls++; i.calls == 2 {
		i.before()
	}
	return i.API.GetParameters(ctx, in, o...)
}

func TestPushesAtOnceNeverMix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	texts := map[string]bool{}
	for i := range 6 {
		texts[large(20_000, fmt.Sprint(i))] = true
	}
	w.push(t, "/a", large(20_000, "first"), PushOptions{})
	var wg sync.WaitGroup
	for text := range texts {
		wg.Go(func() {
			_, err := w.Push(t.Context(), "/a", []byte(text), PushOptions{Expected: 1, Label: "live"})
			if err != nil {
				assert.True(t, IsKind(err, Conflict), err)
			}
		})
	}
	wg.Wait()
	versions, err := w.History(t.Context(), "/a")
	require.NoError(t, err)
	for _, v := range versions[1:] {
		assert.True(t, texts[w.read(t, Ref{Name: "/a", Version: v.Number})], "version %d is one of them, whole", v.Number)
	}
}

func TestTypeKeyAndTierStayUnlessTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.push(t, "/s", large(9000, "a"), PushOptions{KMSKeyID: "alias/mine", Description: "first"})
	w.push(t, "/s", large(9000, "b"), PushOptions{Expected: 1})
	versions, err := w.History(t.Context(), "/s")
	require.NoError(t, err)
	for _, v := range versions {
		assert.True(t, v.Secure)
		assert.Equal(t, "alias/mine", v.keyID)
		assert.Equal(t, 9000, v.Bytes)
		assert.Positive(t, v.Chunks)
		assert.Equal(t, "first", v.Description)
	}
	w.put(t, "/p", "x: 1")
	_, err = w.Push(t.Context(), "/p", []byte("x: 2"), PushOptions{Expected: 1, Secure: true})
	assert.ErrorContains(t, err, "cannot make a SecureString of one")

	result := w.push(t, "/p", "x: 1", PushOptions{Expected: 1, Tier: TierAdvanced})
	assert.False(t, result.Unchanged, "the tier is raised")
	assert.Equal(t, "Advanced", result.Tier)
	result = w.push(t, "/p", strings.Repeat("y", 8000), PushOptions{Expected: 2, Tier: TierStandard})
	assert.Equal(t, "Advanced", result.Tier)
	assert.Zero(t, result.Chunks)
	assert.Len(t, result.Warnings, 1)
	assert.Equal(t, "Advanced", w.push(t, "/i", strings.Repeat("y", 5000), PushOptions{Tier: TierIntelligent}).Tier)

	_, err = w.client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/l"), Value: aws.String("a,b"), Type: types.ParameterTypeStringList})
	require.NoError(t, err)
	_, err = w.Push(t.Context(), "/l", []byte("x"), PushOptions{Expected: 1})
	assert.ErrorContains(t, err, "StringList")
	var tier Tier
	assert.ErrorContains(t, tier.UnmarshalText([]byte("gold")), "standard, advanced, intelligent")
}

func TestLabelOnTheOldestOfAHundredVersionsIsExplained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	for i := range maxVersions {
		w.put(t, "/a", fmt.Sprint("x: ", i))
	}
	w.push(t, "/a", "x: 100", PushOptions{Expected: maxVersions, Label: "live"})
	require.NoError(t, w.label(t.Context(), "/a", 2, "keep"))
	_, err := w.Push(t.Context(), "/a", []byte("x: 101"), PushOptions{Expected: maxVersions + 1})
	assert.ErrorContains(t, err, "version 2, the oldest of 100, has the label keep")
	assert.ErrorContains(t, err, "config rollback --label keep ssm:/a 101")
	step, err := w.PlanRollback(t.Context(), "/a", "keep", 101)
	require.NoError(t, err)
	_, err = w.Rollback(t.Context(), step, false)
	require.NoError(t, err)
	w.push(t, "/a", "x: 101", PushOptions{Expected: maxVersions + 1})
}

// aged makes chunks look older than they are.
type aged struct {
	API
	by time.Duration
}

func (a aged) DescribeParameters(ctx context.Context, in *ssm.DescribeParametersInput, o ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error) {
	out, err := a.API.DescribeParameters(ctx, in, o...)
	if err == nil {
		for i := range out.Parameters {
			out.Parameters[i].LastModifiedDate = aws.Time(out.Parameters[i].LastModifiedDate.Add(-a.by))
		}
	}
	return out, err
}

func TestOldPartsThatNoVersionNeedsAreDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.push(t, "/a", large(60_000, "1"), PushOptions{})
	w.push(t, "/ab", large(60_000, "other"), PushOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := NewWithAPI(&canceledAfter{w.client, 3, cancel}, "", Options{}).Push(ctx, "/a", []byte(large(60_000, "2")), PushOptions{Expected: 1})
	require.ErrorIs(t, err, context.Canceled)
	before := len(w.names())

	assert.Zero(t, w.push(t, "/a", "x: 2", PushOptions{Expected: 1}).Pruned, "they are young: their push may be on its way")
	w.Store.api = aged{w.client, 50 * time.Minute}
	assert.Zero(t, w.push(t, "/a", "x: 3", PushOptions{Expected: 2}).Pruned)
	w.Store.api = aged{w.client, 61 * time.Minute}
	assert.Equal(t, 3, w.push(t, "/a", "x: 4", PushOptions{Expected: 3}).Pruned)
	assert.Len(t, w.names(), before-3)
	assert.Equal(t, large(60_000, "1"), w.read(t, Ref{Name: "/a", Version: 1}), "the history stays whole")
	assert.Equal(t, large(60_000, "other"), w.read(t, Ref{Name: "/ab"}))

	w.fault(t, "access_denied,service=ssm,operation=DescribeParameters")
	result := w.push(t, "/a", "x: 5", PushOptions{Expected: 4})
	assert.EqualValues(t, 5, result.Version)
	require.Len(t, result.Warnings, 1)
	assert.Contains(t, result.Warnings[0], "ssm:DescribeParameters")
}

func TestRollbackMovesTheLabelOrWritesTheOldTextAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	one, two := large(30_000, "1"), large(30_000, "2")
	w.push(t, "/a", one, PushOptions{Label: "live"})
	w.push(t, "/a", two, PushOptions{Expected: 1, Label: "live"})
	step, err := w.PlanRollback(t.Context(), "/a", "live", 0)
	require.NoError(t, err)
	assert.EqualValues(t, 2, step.From.Number)
	assert.EqualValues(t, 1, step.To.Number)
	version, err := w.Rollback(t.Context(), step, false)
	require.NoError(t, err)
	assert.Zero(t, version)
	assert.Equal(t, one, w.read(t, Ref{Name: "/a", Label: "live"}))
	assert.Equal(t, two, w.read(t, Ref{Name: "/a"}))
	_, err = w.PlanRollback(t.Context(), "/a", "live", 0)
	assert.ErrorContains(t, err, "no version before 1")
	_, err = w.PlanRollback(t.Context(), "/a", "live", 9)
	assert.ErrorContains(t, err, "version 9 is not among its versions 1 to 2")

	version, err = w.Rollback(t.Context(), step, true)
	require.NoError(t, err)
	assert.EqualValues(t, 3, version)
	assert.Equal(t, one, w.read(t, Ref{Name: "/a"}))
	assert.Equal(t, one, w.read(t, Ref{Name: "/a", Label: "live"}))
	_, err = w.Rollback(t.Context(), step, true)
	assert.True(t, IsKind(err, Conflict), "it was planned before version 3")
}

func TestListAndHistoryCountWholeConfigurations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.push(t, "/f/big", large(30_000, "1"), PushOptions{Label: "live", Description: "first"})
	w.push(t, "/f/big", large(31_000, "2"), PushOptions{Expected: 1})
	w.push(t, "/f/secret", "x: 1", PushOptions{Secure: true, Label: "live"})
	list, err := w.List(t.Context(), "/f/")
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "/f/big", list[0].Name)
	assert.EqualValues(t, 2, list[0].Number)
	assert.Equal(t, 31_000, list[0].Bytes)
	assert.Equal(t, map[string]int64{"live": 1}, list[0].AllLabels)
	assert.Equal(t, 4, list[1].Bytes)
	versions, err := w.History(t.Context(), "/f/big")
	require.NoError(t, err)
	require.Len(t, versions, 2)
	assert.Equal(t, []string{"live"}, versions[0].Labels)
	assert.Equal(t, "arn:aws:iam::123456789012:user/local", versions[0].User)
	assert.Equal(t, "first", versions[0].Description)

	w.Store.api = noDecryption{w.client}
	list, err = w.List(t.Context(), "/f/")
	require.NoError(t, err)
	assert.Equal(t, Unknown, list[1].Bytes)
}

// noDecryption is for a caller that may not use the key.
type noDecryption struct{ API }

func (n noDecryption) GetParameterHistory(ctx context.Context, in *ssm.GetParameterHistoryInput, o ...func(*ssm.Options)) (*ssm.GetParameterHistoryOutput, error) {
	if aws.ToBool(in.WithDecryption) {
		return nil, &types.InvalidKeyId{}
	}
	return n.API.GetParameterHistory(ctx, in, o...)
}
