package filetailreceiver

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/filepatterns"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// TestAPatternThatIsSurelyAMistakeIsToldAtOnce has one of each kind beside one that is right, whose lines arrive.
func TestAPatternThatIsSurelyAMistakeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	appendTo(t, filepath.Join(d, "app.log"), "1\n")
	r := start(t, new(host), new(sink), `{include: ["~/logs/*.log", "$HOME/x.log", "`+d+`", "logs/of/nobody.log", "`+filepath.Join(d, "app.log")+`"], start_at: beginning, `+quick+`}`)
	r.await(t, "1")
	told := func(key string) map[string]any {
		var all []zapobserver.LoggedEntry
		require.Eventually(t, func() bool {
			all = r.logs.FilterField(zap.String("key", key)).All()
			return len(all) > 0
		}, within, tick, key)
		require.Len(t, all, 1, key)
		return all[0].ContextMap()
	}
	assert.Contains(t, told("include[0]")["problem"], "~ is replaced by a shell")
	assert.Contains(t, told("include[1]")["remedy"], "${env:HOME}")
	folder := told("include[2]")
	assert.Contains(t, folder["problem"], "it names a folder")
	assert.Equal(t, d, folder["pattern"])
	assert.Contains(t, told("include[3]")["problem"], "relative")
	assert.Zero(t, r.logs.FilterField(zap.String("key", "include[4]")).Len())
}

// watched is an unmatched with one pattern, whose reason is why.
func watched(why filepatterns.Reason) (*unmatched, *zapobserver.ObservedLogs, *int) {
	core, logs := zapobserver.New(zap.InfoLevel)
	u := newUnmatched(zap.New(core), &files.Finder{Include: []string{"/var/log/app.log"}})
	asked := 0
	u.explain = func(context.Context, *safepath.Rules, string) filepatterns.Reason {
		asked++
		return why
	}
	u.start()
	return u, logs, &asked
}

func TestAPatternIsToldOnceAndAgainWhenItBeginsToMatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u, logs, asked := watched(filepatterns.Reason{Likely: true, Folder: "/var/log", Nearest: "ap.log", Problem: "p", Remedy: "r"})
		defer u.stop()
		for range 5 {
			u.passed(files.Pass{})
			time.Sleep(unmatchedTime / 6)
			synctest.Wait()
		}
		assert.Empty(t, logs.All(), "the file may come")
		for range 20 {
			time.Sleep(unmatchedTime / 2)
			synctest.Wait()
			u.passed(files.Pass{})
		}
		require.Equal(t, 1, logs.Len())
		one := logs.All()[0]
		assert.Equal(t, zap.WarnLevel, one.Level)
		assert.Equal(t, map[string]any{"key": "include[0]", "pattern": "/var/log/app.log", "problem": "p", "remedy": "r", "folder": "/var/log", "folder_readable": true, "nearest": "ap.log"}, one.ContextMap())
		assert.LessOrEqual(t, *asked, 2)
		for range 3 {
			u.passed(files.Pass{Files: 2})
			synctest.Wait()
		}
		u.passed(files.Pass{})
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 2, logs.Len(), "%v", logs.All())
		assert.Equal(t, "A pattern matches files now", logs.All()[1].Message)
		assert.EqualValues(t, 2, logs.All()[1].ContextMap()["files"])
	})
}

func TestWhatMatchesOrMayComeIsNoWarning(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pass files.Pass
		why  filepatterns.Reason
		want string
	}{
		"it matches":              {pass: files.Pass{Files: 1}},
		"it may come":             {why: filepatterns.Reason{Problem: "p"}, want: "A pattern matches no file"},
		"all are excluded":        {pass: files.Pass{Excluded: 3}, want: "A pattern matches no file that is wanted"},
		"all are older":           {pass: files.Pass{Files: 2, Old: 2}, want: "A pattern matches no file that is wanted"},
		"one is not older":        {pass: files.Pass{Files: 2, Old: 1}},
		"it names a folder":       {why: filepatterns.Reason{Likely: true, Problem: "p"}, want: "A pattern matches no file"},
		"the reason is not known": {want: "A pattern matches no file"},
	} {
		synctest.Test(t, func(t *testing.T) {
			u, logs, _ := watched(tt.why)
			defer u.stop()
			u.passed(tt.pass)
			time.Sleep(time.Hour)
			synctest.Wait()
			if tt.want == "" {
				assert.Empty(t, logs.All(), name)
				return
			}
			require.Equal(t, 1, logs.Len(), name)
			assert.Equal(t, tt.want, logs.All()[0].Message, name)
			assert.Equal(t, tt.why.Likely, logs.All()[0].Level == zap.WarnLevel, name)
		})
	}
}

func TestAFileThatComesLateIsReadAndTold(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	log := filepath.Join(d, "sub", "app.log")
	require.NoError(t, os.WriteFile(filepath.Join(d, "sub"), nil, 0o600)) // a file where a folder is named
	r := start(t, new(host), new(sink), `{include: ["`+log+`"], `+quick+`}`)
	require.Eventually(t, func() bool { return r.logs.FilterMessage("A pattern matches no file").Len() == 1 }, within, tick)
	require.NoError(t, os.Remove(filepath.Join(d, "sub")))
	appendTo(t, log, "1\n")
	r.await(t, "1")
	require.Eventually(t, func() bool { return r.logs.FilterMessage("A pattern matches files now").Len() == 1 }, within, tick)
}

// TestAStopDoesNotWaitForAFolderThatHangs has a reason that does not come.
func TestAStopDoesNotWaitForAFolderThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u, _, _ := watched(filepatterns.Reason{})
		release := make(chan struct{})
		u.explain = func(context.Context, *safepath.Rules, string) filepatterns.Reason {
			<-release
			return filepatterns.Reason{}
		}
		u.passed(files.Pass{})
		synctest.Wait()
		begun := time.Now()
		u.stop()
		assert.LessOrEqual(t, time.Since(begun), stopTime)
		close(release)
		<-u.done
	})
}
