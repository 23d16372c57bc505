package ssmprovider

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// longest is the longest time to the next look at an interval.
func longest(interval time.Duration) time.Duration { return interval*6/5 + time.Second }

func TestOnlyOtherTextIsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/json", `{"user": "a", "password": "b"}`)
		w.put(t, "/fleet/base", "a: 1")
		p := w.provider(nil)
		defer shutdown(t, p)
		watches := map[string]*counter{"ssm:/json": {}, "ssm:/json#user": {}, "ssm:/json:1": {}, "ssm:/fleet/": {}, "ssm:/later?optional=true": {}, "ssm:/json?poll=off": {}}
		for uri, c := range watches {
			_, err := p.Retrieve(t.Context(), uri, c.changed)
			require.NoError(t, err, uri)
		}
		counts := func() map[string]int {
			time.Sleep(longest(2 * time.Minute)) // three calls a look: the names, and two pages of the path
			synctest.Wait()
			got := map[string]int{}
			for uri, c := range watches {
				if n := c.count(); n != 0 {
					got[uri] = n
				}
			}
			return got
		}
		assert.Empty(t, counts())
		w.put(t, "/json", `{"user": "a", "password": "b"}`)
		assert.Empty(t, counts(), "another version of the same text")
		w.put(t, "/json", `{"user": "a", "password": "c"}`)
		assert.Equal(t, map[string]int{"ssm:/json": 1}, counts())
		w.put(t, "/json", `{"user": "d"}`)
		assert.Equal(t, map[string]int{"ssm:/json": 2, "ssm:/json#user": 1}, counts())
		w.put(t, "/fleet/more", "b: 1")
		w.put(t, "/later", "x")
		assert.Equal(t, map[string]int{"ssm:/json": 2, "ssm:/json#user": 1, "ssm:/fleet/": 1, "ssm:/later?optional=true": 1}, counts())
		_, err := w.client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: ptr("/fleet/more")})
		require.NoError(t, err)
		assert.Equal(t, 2, counts()["ssm:/fleet/"])
	})
}

func ptr(s string) *string { return &s }

func TestReloadReadsWhatThePollerHasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/a", "x: 1", true)
		p := w.provider(nil)
		defer shutdown(t, p)
		var c counter
		_, err := p.RetrieveLayers(t.Context(), "ssm:/a", c.changed)
		require.NoError(t, err)
		w.put(t, "/a", "x: 2", true)
		for c.count() == 0 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		before := w.reads()
		again, err := p.RetrieveLayers(t.Context(), "ssm:/a", c.changed)
		require.NoError(t, err)
		assert.Equal(t, "x: 2", string(again.Layers[0].Text))
		assert.Equal(t, before, w.reads())
		time.Sleep(handOverFor)
		_, err = p.RetrieveLayers(t.Context(), "ssm:/a", c.changed)
		require.NoError(t, err)
		assert.Equal(t, before+1, w.reads(), "what is asked for later is read again")
	})
}

func TestChangedTextIsReadByTheLookThatFindsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/a", "x: 1")
		w.put(t, "/b", "x: 1")
		p := w.provider(nil)
		defer shutdown(t, p)
		w.put(t, "/pinned", "x: 1", true)
		uris := []string{"ssm:/a", "ssm:/b", "ssm:/absent?optional=true", "ssm:/pinned:1"}
		var c counter
		for _, uri := range uris {
			_, err := p.RetrieveLayers(t.Context(), uri, c.changed)
			require.NoError(t, err)
		}
		w.put(t, "/a", "x: 2")
		before := w.reads()
		for c.count() == 0 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		assert.Equal(t, before+1, w.reads(), "the look")
		for i, want := range []string{"x: 2", "x: 1", "", "x: 1"} {
			r, err := p.RetrieveLayers(t.Context(), uris[i], c.changed)
			require.NoError(t, err)
			assert.Equal(t, want, string(r.Layers[0].Text))
		}
		assert.Equal(t, before+1, w.reads(), "the reload")
		time.Sleep(handOverFor)
		_, err := p.RetrieveLayers(t.Context(), "ssm:/pinned:1", c.changed)
		require.NoError(t, err)
		assert.Equal(t, before+2, w.reads(), "who comes for another reason reads it")
		_, err = p.RetrieveLayers(t.Context(), "ssm:/absent", c.changed)
		assert.True(t, ssmstore.IsKind(err, ssmstore.NotFound), "absence is no answer to who needs it")
	})
}

func TestChangeIsSeenBeforeTheLongestIntervalIsOver(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure=%t", secure), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awslocal.Options{})
				w.put(t, "/a", "0", secure)
				p := w.provider(nil)
				defer shutdown(t, p)
				var c counter
				_, err := p.Retrieve(t.Context(), "ssm:/a", c.changed)
				require.NoError(t, err)
				for i := 1; i <= 300; i++ {
					w.put(t, "/a", fmt.Sprint(i), secure)
					put := time.Now()
					for c.count() < i {
						time.Sleep(time.Second)
						synctest.Wait()
						require.LessOrEqual(t, time.Since(put), longest(ssmstore.DefaultPoll))
					}
				}
			})
		})
	}
}

func TestReloadThatReadsWhileALookWaitsIsNotGivenWhatIsOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/plain", "1")
		w.put(t, "/secret", "1", true)
		p := w.provider(nil)
		defer shutdown(t, p)
		uris := []string{"ssm:/plain", "ssm:/secret"}
		var c counter
		var ends []confmap.CloseFunc
		retrieve := func() (texts []any) {
			var now []confmap.CloseFunc
			for _, uri := range uris {
				r, err := p.Retrieve(t.Context(), uri, c.changed)
				require.NoError(t, err)
				text, err := r.AsString()
				require.NoError(t, err)
				texts, now = append(texts, text), append(now, r.Close)
			}
			for _, end := range ends {
				require.NoError(t, end(t.Context()))
			}
			ends = now
			return texts
		}
		assert.Equal(t, []any{"1", "1"}, retrieve())
		w.put(t, "/secret", "2", true)
		before := w.reads()
		for w.reads() == before {
			time.Sleep(10 * time.Millisecond)
		}
		w.put(t, "/plain", "2") // after the look, and before what it leaves out
		assert.Equal(t, []any{"2", "2"}, retrieve(), "as SIGHUP asks")
		for range 2000 {
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			assert.Equal(t, []any{"2", "2"}, retrieve())
		}
		assert.Zero(t, c.count(), "nothing is told to who knows it")
	})
}

func TestClosedWatchIsNeitherReadNorTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/a", "x: 1")
		p := w.provider(nil)
		defer shutdown(t, p)
		var c counter
		r, err := p.Retrieve(t.Context(), "ssm:/a", c.changed)
		require.NoError(t, err)
		require.NoError(t, r.Close(t.Context()))
		before := w.reads()
		w.put(t, "/a", "x: 2")
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Zero(t, c.count())
		assert.Equal(t, before, w.reads())
		_, err = p.Retrieve(t.Context(), "ssm:/a", c.changed) // it begins again
		require.NoError(t, err)
		w.put(t, "/a", "x: 3")
		time.Sleep(longest(ssmstore.DefaultPoll))
		synctest.Wait()
		assert.Equal(t, 1, c.count())
	})
}

func TestCloseWaitsForTheCallThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/a", "x: 1")
		p := w.provider(nil)
		defer shutdown(t, p)
		release := make(chan struct{})
		r, err := p.Retrieve(t.Context(), "ssm:/a", func(*confmap.ChangeEvent) { <-release })
		require.NoError(t, err)
		w.put(t, "/a", "x: 2")
		time.Sleep(longest(ssmstore.DefaultPoll))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, r.Close(ctx), context.DeadlineExceeded)
		assert.ErrorIs(t, p.Shutdown(ctx), context.DeadlineExceeded)
		close(release)
		assert.NoError(t, r.Close(t.Context()))
	})
}

func TestTroubleIsSaidOnceAndNeverPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/a", "hunter2hunter2", true)
		core, logs := observer.New(zapcore.InfoLevel)
		p := w.provider(zap.New(core))
		defer shutdown(t, p)
		var c counter
		_, err := p.Retrieve(t.Context(), "ssm:/a", c.changed)
		require.NoError(t, err)
		id := w.fault(t, "server_error,service=ssm")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Equal(t, 1, logs.FilterMessageSnippet("cannot be watched").Len())
		w.Faults.Remove(id)
		w.put(t, "/a", "hunter3hunter3", true)
		time.Sleep(longest(ssmstore.DefaultPoll))
		synctest.Wait()
		assert.Equal(t, 1, logs.FilterMessageSnippet("watched again").Len())
		assert.Equal(t, 1, c.count(), "what changed meanwhile is seen then")
		for _, entry := range logs.All() {
			assert.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), "hunter")
		}
	})
}

func TestThrottlingSlowsTheLooksDownForAWhile(t *testing.T) {
	t.Parallel()
	var p pace
	p.looked(1, false)
	assert.Equal(t, time.Minute, p.interval(time.Minute))
	p.looked(3, false)
	assert.Equal(t, 90*time.Second, p.interval(time.Minute))
	assert.Equal(t, time.Hour, p.interval(time.Hour))
	p.looked(1, false)
	for range 50 {
		p.looked(1, true)
	}
	assert.Equal(t, slowest, p.interval(time.Minute))
	assert.Equal(t, time.Hour, p.interval(time.Hour))
	for range 5 {
		p.looked(1, false)
	}
	assert.Equal(t, time.Minute, p.interval(time.Minute))
	assert.Equal(t, 24*time.Second, p.later(time.Minute, 48*time.Second))
	assert.Equal(t, 24*time.Second, p.later(time.Minute, 5*time.Second), "the first look may come early")
	assert.Equal(t, 2*time.Second, p.later(time.Minute, 70*time.Second))
	assert.Zero(t, p.later(time.Minute, 80*time.Second))
	assert.Equal(t, callPace, p.later(time.Hour, 50*time.Minute))
	for range 1000 {
		assert.InDelta(t, time.Minute, p.next(time.Minute), float64(12*time.Second))
		first := p.first(time.Minute)
		assert.True(t, first >= 0 && first < time.Minute)
	}
}

func TestStartWaitsForAServiceThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awslocal.Options{})
		w.put(t, "/a", "x: 1")
		p := w.provider(nil)
		defer shutdown(t, p)
		w.fault(t, "throttle,service=ssm,count=3")
		_, err := p.Retrieve(t.Context(), "ssm:/a", nil)
		require.NoError(t, err)
		w.fault(t, "server_error,service=ssm")
		began := time.Now()
		_, err = p.Retrieve(t.Context(), "ssm:/a:-default", nil)
		require.Error(t, err, "a default is not for outages")
		assert.LessOrEqual(t, time.Since(began), retrieveTimeout)
		assert.True(t, ssmstore.IsKind(err, ssmstore.Unavailable))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = p.Retrieve(ctx, "ssm:/a", nil)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

// A fleet of 1,000 hosts on AWS's own quota, on a clock that does not wait: each host is a provider of its
// own with the real SDK, and the counts are those of the local AWS.
func TestThousandHostsStayBelowFortyReadsASecond(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	for _, change := range []struct {
		name, parameter, value string
		secure                 bool
	}{
		{"a layer", "/fleet/base", "a: 2", false},
		{"a SecureString", "/db", `{"password": "y"}`, true},
	} {
		t.Run(change.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const hosts, minutes = 1000, 5
				w := newWorld(t, awslocal.Options{}) // quotas on: a bucket of 40 reads, 40 more each second
				w.put(t, "/fleet/base", "a: 1")
				w.put(t, "/db", `{"password": "x"}`, true)
				providers := make([]*provider, hosts)
				watches := make([]counter, hosts)
				for i := range hosts {
					providers[i] = w.provider(nil)
					changed := func(e *confmap.ChangeEvent) {
						watches[i].changed(e)
						go func() { // a reload reads everything again, and keeps its watches
							time.Sleep(time.Second)
							for _, uri := range []string{"ssm:/fleet/base", "ssm:/db#password", "ssm:/site/munich?optional=true"} {
								_, err := providers[i].Retrieve(t.Context(), uri, nil)
								assert.NoError(t, err)
							}
						}()
					}
					for _, uri := range []string{"ssm:/fleet/base", "ssm:/site/munich?optional=true"} {
						_, err := providers[i].RetrieveLayers(t.Context(), uri, changed)
						require.NoError(t, err)
					}
					_, err := providers[i].Retrieve(t.Context(), "ssm:/db#password", changed)
					require.NoError(t, err)
					time.Sleep(time.Minute / hosts * 4) // 12.5 reads a second
				}
				before := w.reads()
				for minute := range minutes {
					if minute == 2 {
						w.put(t, change.parameter, change.value, change.secure)
					}
					start := w.reads()
					time.Sleep(time.Minute)
					synctest.Wait()
					perSecond := float64(w.reads()-start) / 60
					t.Logf("minute %d: %.1f reads a second", minute, perSecond)
					assert.Less(t, perSecond, 40.0)
					assert.Greater(t, perSecond, 10.0, "they do look")
				}
				t.Logf("%d reads in %d minutes", w.reads()-before, minutes)
				for _, o := range w.Status().Requests {
					assert.Zero(t, o.Errors, o.Operation)
				}
				for i := range hosts {
					assert.Equal(t, 1, watches[i].count(), "each host has seen the change once")
					shutdown(t, providers[i])
				}
			})
		})
	}
}
