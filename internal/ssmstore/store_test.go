package ssmstore

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestConfigurationsComeBackByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	for i, text := range []string{"", "a: b", "a: '{{ x }}'\r\n", large(4097, "a"), large(200<<10, "b"), string(noise(t, 50_000))} {
		for _, secure := range []bool{false, true} {
			name := fmt.Sprintf("/fleet/%d-%t", i, secure)
			result := w.push(t, name, text, PushOptions{Label: DefaultLabel, Secure: secure})
			assert.EqualValues(t, 1, result.Version)
			for _, r := range []Ref{{Name: name}, {Name: name, Version: 1}, {Name: name, Label: DefaultLabel}, {Name: "arn:aws:ssm:us-east-1:123456789012:parameter" + name}} {
				assert.True(t, text == w.read(t, r), r)
			}
		}
	}
	flat := large(20_000, "flat")
	w.push(t, "AmazonCloudWatch-flat", flat, PushOptions{})
	assert.Equal(t, flat, w.read(t, Ref{Name: "AmazonCloudWatch-flat"}))
	for _, p := range w.aws.SSM.Status().Parameters {
		assert.Equal(t, "Standard", p.Tier, p.Name)
		if strings.Contains(p.Name, "-true") {
			assert.Equal(t, "SecureString", p.Type, "chunks are as secret as the rest: %s", p.Name)
		}
	}
}

func TestAWSCLIIsTheOtherReaderAndWriter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.push(t, "/fleet/base", "receivers: {}\n", PushOptions{Label: "live"})
	var got struct {
		Parameter struct {
			Value   string
			Version int
		}
	}
	w.awsCLI(t, &got, "get-parameter", "--name", "/fleet/base:live")
	assert.Equal(t, "receivers: {}\n", got.Parameter.Value)
	w.awsCLI(t, new(any), "put-parameter", "--name", "/fleet/base", "--value", "exporters: {}", "--overwrite")
	assert.Equal(t, "exporters: {}", w.read(t, Ref{Name: "/fleet/base"}))
	assert.Equal(t, "receivers: {}\n", w.read(t, Ref{Name: "/fleet/base", Label: "live"}))
	w.awsCLI(t, new(any), "label-parameter-version", "--name", "/fleet/base", "--labels", "live")
	assert.Equal(t, "exporters: {}", w.read(t, Ref{Name: "/fleet/base", Label: "live"}))
}

func TestPathGivesItsLayersInNameOrderWithoutTheirParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	want := map[string]string{}
	for i := range 23 {
		name := fmt.Sprintf("/fleet/%02d", i)
		want[name] = large(500*i+10, name[7:])
		w.push(t, name, want[name], PushOptions{Secure: i%3 == 0, Label: map[bool]string{true: "live"}[i%2 == 0]})
	}
	w.put(t, "/fleet/deep/er", "deep: 1")
	w.put(t, "/fleeting", "no: 1")
	snap, err := w.Read(t.Context(), Ref{Name: "/fleet/"})
	require.NoError(t, err)
	require.Len(t, snap.Documents, 24)
	for i, d := range snap.Documents[:23] {
		name := fmt.Sprintf("/fleet/%02d", i)
		assert.Equal(t, name, d.Ref.Name)
		assert.Equal(t, "ssm:"+name+" (version 1)", d.Name())
		assert.True(t, want[name] == string(d.Text), name)
	}
	live, err := w.Read(t.Context(), Ref{Name: "/fleet/", Label: "live"})
	require.NoError(t, err)
	assert.Len(t, live.Documents, 12)
	assert.Equal(t, "ssm:/fleet/00:live (version 1)", live.Documents[0].Name())

	_, err = w.Read(t.Context(), Ref{Name: "/empty/"})
	assert.True(t, IsKind(err, NotFound))
	seen, _ := w.Look(t.Context(), []Ref{{Name: "/fleet/"}, {Name: "/fleet/", Label: "live"}, {Name: "/empty/"}})
	assert.Equal(t, snap.Stamp, seen[Ref{Name: "/fleet/"}].Stamp)
	assert.Equal(t, live.Stamp, seen[Ref{Name: "/fleet/", Label: "live"}].Stamp)
	assert.Empty(t, seen[Ref{Name: "/empty/"}].Stamp)
}

func TestStampsChangeWithVersionsLabelsAndRecreation(t *testing.T) {
	t.Parallel()
	var ahead time.Duration // of the signer's clock, which may be 5 minutes
	w := newWorld(t, awslocal.Options{Now: func() time.Time { return time.Now().Add(ahead) }})
	stamp := func(r Ref) Stamp {
		seen, calls := w.Look(t.Context(), []Ref{r})
		require.NoError(t, seen[r].Err)
		assert.Equal(t, 1, calls)
		return seen[r].Stamp
	}
	plain, labelled := Ref{Name: "/a"}, Ref{Name: "/a", Label: "live"}
	assert.Empty(t, stamp(plain))
	w.push(t, "/a", "x: 1", PushOptions{Label: "live"})
	one := stamp(plain)
	w.push(t, "/a", "x: 2", PushOptions{Expected: 1})
	assert.NotEqual(t, one, stamp(plain))
	before := stamp(labelled)
	require.NoError(t, w.label(t.Context(), "/a", 2, "live"))
	assert.NotEqual(t, before, stamp(labelled))
	_, err := w.api.DeleteParameters(t.Context(), &ssm.DeleteParametersInput{Names: []string{"/a"}})
	require.NoError(t, err)
	ahead = time.Minute
	w.push(t, "/a", "x: 3", PushOptions{})
	assert.NotEqual(t, one, stamp(plain), "it is version 1 again, with another text")
}

func TestFinishGivesWhatReadDoesWithoutReadingAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.put(t, "/p/plain", "x: 1")
	w.push(t, "/p/packed", strings.Repeat("same: line\n", 1000), PushOptions{})
	w.push(t, "/p/secret", "x: 2", PushOptions{Secure: true})
	w.push(t, "/p/parts", large(9000, "p"), PushOptions{})
	for name, calls := range map[string]int64{"/p/plain": 0, "/p/packed": 0, "/p/secret": 1, "/p/parts": 1, "/p/": 2} {
		r := Ref{Name: name}
		seen, _ := w.Look(t.Context(), []Ref{r})
		before := w.aws.Calls("ssm", "GetParameters") + w.aws.Calls("ssm", "GetParametersByPath")
		snap, err := w.Finish(t.Context(), r, seen[r])
		require.NoError(t, err, name)
		assert.Equal(t, calls, w.aws.Calls("ssm", "GetParameters")+w.aws.Calls("ssm", "GetParametersByPath")-before, name)
		assert.Equal(t, calls == 0, seen[r].Complete(), name)
		want, err := w.Read(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, want, snap, name)
	}
	for _, name := range []string{"/absent", "/absent/"} {
		r := Ref{Name: name}
		seen, _ := w.Look(t.Context(), []Ref{r})
		_, err := w.Finish(t.Context(), r, seen[r])
		assert.True(t, IsKind(err, NotFound), name)
	}
}

func TestFinishFollowsWhatChangedSinceTheLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	put := func(text string, expected int64) {
		w.push(t, "/p/parts", text, PushOptions{Expected: expected})
		w.push(t, "/p/secret", text, PushOptions{Expected: expected, Secure: true})
	}
	put(large(9000, "one"), 0)
	refs := []Ref{{Name: "/p/parts"}, {Name: "/p/secret"}, {Name: "/p/"}}
	seen, _ := w.Look(t.Context(), refs)
	remove := func(names ...string) {
		_, err := w.api.DeleteParameters(t.Context(), &ssm.DeleteParametersInput{Names: names})
		require.NoError(t, err)
	}
	for _, name := range w.names() {
		if IsChunk(name) {
			remove(name)
		}
	}
	put("x: 2", 1)
	for _, r := range refs {
		snap, err := w.Finish(t.Context(), r, seen[r])
		require.NoError(t, err, r)
		for _, d := range snap.Documents {
			assert.Equal(t, "x: 2", string(d.Text))
		}
	}
	remove("/p/secret")
	snap, err := w.Finish(t.Context(), refs[2], seen[refs[2]])
	require.NoError(t, err)
	assert.Len(t, snap.Documents, 1, "one that was deleted does not take the others of its path with it")
	_, err = w.Finish(t.Context(), refs[1], seen[refs[1]])
	assert.True(t, IsKind(err, NotFound))
}

func TestBatchesNameAParameterOnceACall(t *testing.T) {
	t.Parallel()
	var refs []Ref
	for i := range 12 {
		refs = append(refs, Ref{Name: fmt.Sprint("/", i)})
	}
	refs = append(refs, Ref{Name: "/0", Label: "live"}, Ref{Name: "/0", Version: 3})
	got := batches(refs)
	require.Len(t, got, 3)
	total := 0
	for _, b := range got {
		names := map[string]bool{}
		for _, r := range b {
			assert.False(t, names[r.Name])
			names[r.Name] = true
		}
		assert.LessOrEqual(t, len(b), maxNames)
		total += len(b)
	}
	assert.Equal(t, len(refs), total)
}

func TestReadersNeverTakeAnUnfinishedSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.push(t, "/big", large(60_000, "a"), PushOptions{Label: "live"})
	var chunk string
	for _, name := range w.names() {
		if IsChunk(name) {
			chunk = name
		}
	}
	_, err := w.client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &chunk})
	require.NoError(t, err)
	_, err = w.Read(t.Context(), Ref{Name: "/big"})
	assert.True(t, IsKind(err, Damaged))
	assert.ErrorContains(t, err, chunk)
	assert.ErrorContains(t, err, "is missing")
	w.put(t, chunk, "QUJD")
	_, err = w.Read(t.Context(), Ref{Name: "/big"})
	assert.True(t, IsKind(err, Damaged))

	// What is broken is mended by a push, also one of the same text.
	result := w.push(t, "/big", large(60_000, "a"), PushOptions{Expected: 1, Label: "live"})
	assert.EqualValues(t, 2, result.Version)
	assert.Equal(t, large(60_000, "a"), w.read(t, Ref{Name: "/big"}))
}

func TestPushThatEndsEarlyChangesNothingForReaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	old, young := large(40_000, "a"), large(40_000, "b")
	w.push(t, "/big", old, PushOptions{Label: "live"})
	chunks := len(w.names()) - 1
	for n := range chunks + 1 { // the last one is the value that switches
		ctx, cancel := context.WithCancel(t.Context())
		store := NewWithAPI(&canceledAfter{w.client, n, cancel}, "us-east-1", Options{})
		_, err := store.Push(ctx, "/big", []byte(young), PushOptions{Expected: 1, Label: "live"})
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, old, w.read(t, Ref{Name: "/big"}))
	}
	w.push(t, "/big", young, PushOptions{Expected: 1, Label: "live"})
	assert.Equal(t, young, w.read(t, Ref{Name: "/big"}))
}

func TestLostAnswersWriteOneVersion(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"reset_after", "reset_before", "server_error", "throttle"} {
		for _, expected := range []int64{0, 1} {
			t.Run(fmt.Sprint(kind, expected), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, awslocal.Options{})
				if expected == 1 {
					w.put(t, "/a", "x: 1")
				}
				w.fault(t, kind+",service=ssm,operation=PutParameter,count=1")
				result := w.push(t, "/a", "x: 2", PushOptions{Expected: expected})
				assert.Equal(t, expected+1, result.Version)
				assert.Empty(t, result.Overwrote)
				versions, err := w.History(t.Context(), "/a")
				require.NoError(t, err)
				assert.Len(t, versions, int(expected)+1)
			})
		}
	}
}

func TestReadsAreTriedAgainWhereThatHelps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.put(t, "/a", "x: 1")
	for _, kind := range []string{"throttle", "server_error", "reset_before"} {
		w.fault(t, kind+",service=ssm,operation=GetParameters,count=2")
		assert.Equal(t, "x: 1", w.read(t, Ref{Name: "/a"}), kind)
	}
	before := w.aws.Calls("ssm", "GetParameters")
	_, err := w.Read(t.Context(), Ref{Name: "/absent"})
	assert.True(t, IsKind(err, NotFound))
	w.fault(t, "throttle,service=ssm,operation=GetParameters,count=1")
	_, err = w.Once().Read(t.Context(), Ref{Name: "/a"})
	assert.True(t, IsKind(err, Throttled))
	assert.EqualValues(t, 2, w.aws.Calls("ssm", "GetParameters")-before)

	w.fault(t, "throttle,service=ssm,operation=GetParameters")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = w.Read(ctx, Ref{Name: "/a"})
	assert.Error(t, err)
}

func TestErrorsNameParameterRegionAccountPermissionAndRemedyAndNoValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	w.fault(t, "access_denied,service=ssm,operation=GetParameters,count=1")
	_, err := w.Read(t.Context(), Ref{Name: "/db/password", Label: "live"})
	require.True(t, IsKind(err, Denied))
	for _, part := range []string{"/db/password:live", "us-east-1", "account 123456789012", "allow ssm:GetParameters"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = w.Read(t.Context(), Ref{Name: "/db/password", Version: 3})
	assert.ErrorContains(t, err, "or it has no 3")
	const secret = "hunter2hunter2hunter2"
	_, err = w.client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/ami"), Value: aws.String("ami-12345678"), Type: types.ParameterTypeString, DataType: aws.String("aws:ec2:image")})
	require.NoError(t, err)
	_, err = w.Push(t.Context(), "/ami", []byte(secret), PushOptions{Expected: 1})
	require.True(t, IsKind(err, Refused))
	assert.NotContains(t, err.Error(), secret[:8])
}

func TestOneUnreadableParameterDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	var refs []Ref
	for i := range 5 {
		refs = append(refs, Ref{Name: fmt.Sprint("/p", i)})
		w.put(t, refs[i].Name, "x")
	}
	w.Store.api = denying{w.client, "/p3"}
	seen, calls := w.Look(t.Context(), refs)
	for _, r := range refs {
		assert.Equal(t, r.Name == "/p3", seen[r].Err != nil, r)
		assert.Equal(t, r.Name != "/p3", seen[r].Stamp != "", r)
	}
	assert.LessOrEqual(t, calls, 7)
}

// denying refuses calls that name one parameter, as IAM does: for all of their names.
type denying struct {
	API
	name string
}

func (d denying) GetParameters(ctx context.Context, in *ssm.GetParametersInput, o ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	for _, name := range in.Names {
		if name == d.name {
			return nil, &types.InvalidKeyId{Message: aws.String("denied for the test")}
		}
	}
	return d.API.GetParameters(ctx, in, o...)
}
