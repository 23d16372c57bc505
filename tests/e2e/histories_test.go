package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/loghistory"
)

var (
	histories = flag.Int("histories", 24, "how many hosts' log files have a random history in TestHistoriesOfLogFiles")
	firstSeed = flag.Uint64("first-seed", 0, "the seed of the first history; 0: of the clock, or 1 where CI is set")
	shared    = flag.Int("shared", 24, "how many histories one collector has at the same time")
	sites     = flag.Int("sites", 1, "how many collectors run at the same time")
	mixed     = flag.Bool("mixed", false, "several features of all in each history; some are known to fail")
	features  = flag.String("features", "", "the features of the histories, with commas between; empty: some of all")
)

// notWithOthers are features that need a reader of their own, a clock, or a look that cannot be waited for here. The
// Tailer's own test has them.
var notWithOthers = []loghistory.Feature{
	loghistory.AutoRemoval, loghistory.Newest, loghistory.Orphan, loghistory.Clock, loghistory.Thousands, loghistory.Descriptors,
	loghistory.Narrow, // what is rotated while the collector is down for another history is lost
}

// hostile is what befalls the service meanwhile. Where answers are lost, lines come again, which hides other reasons for it:
// every other site loses none.
func hostile(seed uint64) []faults.Rule {
	rules := []faults.Rule{
		{Kind: faults.Throttle, Operation: putLogEvents, Probability: 0.05}, {Kind: faults.ServerError, Operation: putLogEvents, Probability: 0.05},
		{Kind: faults.ResetBefore, Operation: putLogEvents, Probability: 0.05},
		{Kind: faults.ExpiredCredentials, Operation: putLogEvents, Probability: 0.02},
		{Kind: faults.Latency, Operation: putLogEvents, Probability: 0.2, Latency: faults.Duration(50 * time.Millisecond)},
	}
	if seed/uint64(*shared)%2 == 1 {
		rules = append(rules, faults.Rule{Kind: faults.ResetAfter, Operation: putLogEvents, Every: 40})
	}
	return rules
}

// chunkBytes is what a receiver reads at once.
const chunkBytes = 50_000

// TestHistoriesOfLogFiles has log files be written, rotated, replaced, copied, compressed and moved in the ways of many
// programs, each host's by a seed of its own, while the collector is killed and stopped at any moment and the service
// fails: no line may be lost, none come again but what was in flight, and each is in its own log's stream.
func TestHistoriesOfLogFiles(t *testing.T) {
	t.Parallel()
	chosen, err := loghistory.ParseFeatures(*features)
	require.NoError(t, err)
	seed := *firstSeed
	if seed == 0 {
		if seed = 1; os.Getenv("CI") == "" {
			seed = uint64(time.Now().UnixNano())
		}
	}
	sound := slices.DeleteFunc(loghistory.Sound(), func(f loghistory.Feature) bool { return slices.Contains(notWithOthers, f) })
	var plans []*loghistory.Plan
	for n := range *histories {
		has := chosen
		if len(has) == 0 && !*mixed {
			has = []loghistory.Feature{sound[(seed+uint64(n))%uint64(len(sound))]}
		}
		plans = append(plans, loghistory.Generate(seed+uint64(n), has, notWithOthers...))
	}
	began := time.Now()
	var failed, kills, again atomic.Int64
	places := make(chan struct{}, *sites)
	var all sync.WaitGroup
	for group := range slices.Chunk(plans, *shared) {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			t.Run(fmt.Sprint(group[0].Seed), func(t *testing.T) {
				s := newSite(t, group)
				s.live()
				failures, bytes := s.verdict()
				failed.Add(int64(failures))
				kills.Add(int64(len(s.kills)))
				again.Add(bytes)
			})
		})
	}
	all.Wait()
	t.Logf("%d histories from seed %d on in %s, %d kills, %d bytes came again, %d failed", len(plans), seed, time.Since(began).Round(time.Second), kills.Load(), again.Load(), failed.Load())
}

// site is a collector, and the histories whose files it reads.
type site struct {
	t       *testing.T
	r       *rand.Rand
	server  *awslocal.Server
	setup   *setup
	guests  []*guest
	folders map[string]*guest // by the folder of a log

	mu       sync.Mutex
	changed  *sync.Cond
	up       bool
	runs     int
	kills    []time.Time
	present  int // guests whose histories go on
	want     int // those of them that wait for it to be down
	away     int // those that do something while it is
	wantKill bool
	began    time.Time // when the run began
}

// newSite has a receiver for each kind of settings.
func newSite(t *testing.T, plans []*loghistory.Plan) *site {
	s := &site{t: t, r: rand.New(rand.NewPCG(plans[0].Seed, 2)), folders: map[string]*guest{}}
	s.changed = sync.NewCond(&s.mu)
	s.server = awslocal.Serve(t, awslocal.Options{Faults: hostile(plans[0].Seed), IgnoreQuotas: true, OnLogEvent: s.arrived, Seed: plans[0].Seed, MaxLogBytes: 1 << 20})
	root := t.TempDir()
	other, err := os.MkdirTemp("/dev/shm", "histories-")
	if err != nil {
		other = ""
	} else {
		t.Cleanup(func() { _ = os.RemoveAll(other) })
	}
	receivers := map[string]string{}
	for _, p := range plans {
		kind := kindOf(p.Settings)
		g := &guest{site: s, plan: p}
		home := filepath.Join(root, kind, fmt.Sprint(p.Seed))
		g.places = loghistory.Places{Live: filepath.Join(home, "logs"), Old: filepath.Join(home, "old")}
		folders := []string{g.places.Live, g.places.Old}
		if other != "" {
			g.places.Other = filepath.Join(other, kind, fmt.Sprint(p.Seed), "moved")
			folders = append(folders, g.places.Other)
		}
		for _, folder := range folders {
			require.NoError(t, os.MkdirAll(folder, 0o700))
			s.folders[folder] = g
		}
		s.guests = append(s.guests, g)
		receivers[kind] = receiver(p.Settings, filepath.Join(root, kind), filepath.Join(other, kind), 1+s.r.IntN(60))
	}
	config := filepath.Join(t.TempDir(), "histories.yaml")
	require.NoError(t, os.WriteFile(config, []byte(historiesConfig(receivers)), 0o600))
	s.setup = newSetup(t, s.server)
	s.setup.configs = []string{"file:" + config}
	return s
}

func kindOf(s loghistory.Settings) string {
	return fmt.Sprintf("gzip-%t-lines-%t-narrow-%t-most-%d", s.Gzip, s.Multiline, s.Narrow, s.MaxRecordBytes)
}

func receiver(s loghistory.Settings, root, other string, open int) string {
	var keys []string
	add := func(format string, args ...any) { keys = append(keys, fmt.Sprintf("    "+format, args...)) }
	var include []string
	if s.Narrow {
		include = []string{filepath.Join(root, "*", "logs", "{a,b,c}.log")}
	} else {
		include = []string{filepath.Join(root, "*", "*", "*")}
		if other != "" {
			include = append(include, filepath.Join(other, "*", "*", "*"))
		}
	}
	add("include: ['%s']", strings.Join(include, "', '"))
	add("exclude: ['**/*~']")
	add("start_at: beginning")
	add("storage: state_storage")
	add("include_file_path: true")
	add("preserve_leading_whitespaces: true")
	add("poll_interval: 50ms")
	add("flush_interval: 50ms")
	add("chunk_size: %d", chunkBytes)
	add("max_in_flight: %d", mostInFlight)
	add("max_log_size: %d", s.MaxRecordBytes)
	add("max_concurrent_files: %d", open)
	if s.Gzip {
		add("compression: auto")
	}
	if s.Multiline {
		add(`multiline: {line_start_pattern: '^\S'}`)
		add("force_flush_period: 500ms")
	}
	return strings.Join(keys, "\n")
}

func historiesConfig(receivers map[string]string) string {
	var b strings.Builder
	var names []string
	b.WriteString("receivers:\n")
	for kind, keys := range receivers {
		names = append(names, "file_tail/"+kind)
		fmt.Fprintf(&b, "  file_tail/%s:\n%s\n", kind, keys)
	}
	fmt.Fprintf(&b, `
extensions:
  state_storage: {directory: '${env:OTELCOL_CLOUDWATCH_STATE_DIR}'}
  healthcheckv2: {use_v2: true, http: {endpoint: '${env:OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT}', status: {enabled: true, path: /}, config: {enabled: false}}}
exporters:
  cloudwatch_logs:
    log_group_name: histories
    log_stream_name: '{record:log.file.path}'
    format: raw
    sending_queue: {enabled: false}
    request_timeout_seconds: 2
    max_targets: {per_source: 0, groups: 0, streams: 0}
    retry_on_failure: {initial_interval: 50ms, max_interval: 100ms}
    endpoint: '${env:AWS_ENDPOINT_URL}'
service:
  extensions: [state_storage, healthcheckv2]
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [%s], exporters: [cloudwatch_logs]}
`, strings.Join(names, ", "))
	return b.String()
}

// arrived takes an event in.
func (s *site) arrived(_, stream, message string, at time.Time) {
	g := s.folders[filepath.Dir(stream)]
	if g == nil {
		s.t.Errorf("the stream %s is of no history", stream)
		return
	}
	now := time.Now()
	s.mu.Lock()
	run := s.runs
	s.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = now
	g.sent = append(g.sent, loghistory.Delivery{Stream: stream, Run: run, Text: message, Stamp: at, Clock: now, At: now})
}

// live has all histories happen, and the collector run, be stopped and killed.
func (s *site) live() {
	bounds := loghistory.Bounds{InFlight: 2 * mostInFlight, Patience: patience, Glance: glance, Ahead: time.Hour, Saved: 5 * time.Second, Shared: true}
	var happening sync.WaitGroup
	for _, g := range s.guests {
		s.present++
		g.history = loghistory.New(g.plan, g.places, g, bounds)
		happening.Go(func() {
			g.history.Run()
			s.mu.Lock()
			defer s.mu.Unlock()
			g.back()
			s.present--
			s.changed.Broadcast()
		})
	}
	for s.run() {
	}
	happening.Wait()
}

// mostRun is how long a run of the collector lasts at most while histories wait for its end.
const mostRun = 3 * time.Second

// run is one run of the collector. It reports whether there is another.
func (s *site) run() (more bool) {
	collector := s.setup.startHealthy()
	s.mu.Lock()
	s.up, s.wantKill, s.began = true, false, time.Now()
	s.runs++
	s.changed.Broadcast()
	last := time.Duration(s.r.Int64N(int64(mostRun)))
	for s.present > 0 && (s.want == 0 || s.want < s.present && time.Since(s.began) < last) {
		s.mu.Unlock()
		time.Sleep(glance)
		s.mu.Lock()
	}
	more = s.present > 0
	kill := more && (s.wantKill || s.r.IntN(2) == 0)
	s.mu.Unlock()
	if kill {
		collector.kill()
	} else {
		collector.stop()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = false
	if kill {
		s.kills = append(s.kills, time.Now())
	}
	s.away, s.want = s.want, 0
	s.changed.Broadcast()
	for s.away > 0 {
		s.changed.Wait()
	}
	return more
}

// lostAnswers is how many requests were carried out and not answered.
func (s *site) lostAnswers() (n int) {
	for _, rule := range s.server.Faults.List() {
		if rule.Kind == faults.ResetAfter {
			n += int(rule.Applied)
		}
	}
	return n
}

// verdict tells the histories that went wrong, and how many bytes came again.
func (s *site) verdict() (failed int, again int64) {
	const mostTold = 3
	for _, g := range s.guests {
		again += g.history.Again()
		f := g.history.Verdict()
		if f == nil {
			continue
		}
		if failed++; failed <= mostTold {
			s.t.Errorf("%v\nplan:\n%v", f, f.Plan)
		} else {
			s.t.Errorf("seed %d, features %v: %v", f.Plan.Seed, f.Plan.Features, f.Problems)
		}
	}
	receivers := map[string]bool{}
	for _, g := range s.guests {
		receivers[kindOf(g.plan.Settings)] = true
	}
	if bound := int64(len(s.kills)*len(receivers)+s.lostAnswers()) * 2 * mostInFlight; again > bound {
		s.t.Errorf("%d bytes came again after %d kills and %d lost answers, and %d may", again, len(s.kills), s.lostAnswers(), bound)
	}
	return failed, again
}

// guest is a history's view of its site.
type guest struct {
	*site
	plan    *loghistory.Plan
	places  loghistory.Places
	history *loghistory.History
	out     bool // it does something while the collector does not run; of the site's lock

	mu     sync.Mutex
	sent   []loghistory.Delivery
	last   time.Time
	outage []string // rules
}

// Start returns when the collector runs.
func (g *guest) Start() error {
	s := g.site
	s.mu.Lock()
	defer s.mu.Unlock()
	g.back()
	for !s.up {
		s.changed.Wait()
	}
	return nil
}

// back has the collector start, as far as this guest is concerned. The lock is held.
func (g *guest) back() {
	if g.out {
		g.out = false
		g.site.away--
		g.site.changed.Broadcast()
	}
}

// Stop returns when the collector does not run.
func (g *guest) Stop() error { return g.down(false) }

// Kill is the same.
func (g *guest) Kill() error { return g.down(true) }

func (g *guest) down(kill bool) error {
	s := g.site
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.up {
		s.changed.Wait()
	}
	s.want++
	s.wantKill = s.wantKill || kill
	for s.up { // it does not run again before this guest wants it to
		s.changed.Wait()
	}
	g.out = true
	return nil
}

// Looked waits for as long as a look usually takes: nothing depends on it but whether a copy comes again.
func (g *guest) Looked() error {
	time.Sleep(200 * time.Millisecond)
	return nil
}

func (g *guest) Outage(on bool) {
	for _, id := range g.outage {
		g.server.Faults.Remove(id)
	}
	g.outage = nil
	if !on {
		return
	}
	for _, folder := range []string{g.places.Live, g.places.Old, g.places.Other} {
		rule, err := g.server.Faults.Add(faults.Rule{Kind: faults.ServerError, Operation: putLogEvents, LogStream: folder + "/*"})
		if err == nil {
			g.outage = append(g.outage, rule.ID)
		}
	}
}

func (g *guest) Set(time.Duration) bool  { return false }
func (g *guest) Exhaust(bool) bool       { return false }
func (g *guest) Renumber() (bool, error) { return false, nil }
func (g *guest) Counted() int64          { return 0 }

func (g *guest) Kills() []time.Time {
	g.site.mu.Lock()
	defer g.site.mu.Unlock()
	return g.site.kills[:len(g.site.kills):len(g.site.kills)]
}

func (g *guest) Unanswered() int64 {
	return int64(g.lostAnswers()) * 2 * chunkBytes
}

func (g *guest) Deliveries(from int) []loghistory.Delivery {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent[from:len(g.sent):len(g.sent)]
}

// Idle reports whether nothing came for a while.
func (g *guest) Idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Since(g.last) > time.Second
}
