package loghistory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// rotators are what renames, copies and removes the files of a log.
var rotators = []Feature{Create, CopyTruncate, Copy, DateExt, Log4jMin, Log4jMax, Log4jDate, Logback, PythonSize, PythonTime}

// options are of logrotate, and need a rotator.
var options = []Feature{Compress, Delay, OldDir, Shred}

// families are names of live logs which belong to one host, some of them like those of rotated files of others.
var families = [][]string{
	{"app.log", "app.log.err", "app.log-audit", "app-error.log", "app.log_debug", "app2.log"},
	{"worker.log", "worker-2.log", "worker.8081.log", "worker-3.log", "worker.log.stderr"},
	{"server", "server-error.log", "server-access.log", "server.out", "server.9"},
	{"cron", "cron-apt.log", "cron.log", "cron-20.log"},
}

// Generate makes the plan of a seed. Without features it has some of them, but for those of without.
func Generate(seed uint64, features []Feature, without ...Feature) *Plan {
	r := rand.New(rand.NewPCG(seed, 0x6869))
	p := &Plan{Seed: seed, Features: slices.Clone(features)}
	if len(features) == 0 {
		p.Features = some(r, without)
	}
	if !slices.ContainsFunc(p.Features, func(f Feature) bool { return slices.Contains(rotators, f) }) &&
		slices.ContainsFunc(p.Features, func(f Feature) bool { return slices.Contains(options, f) || f == Newest }) {
		p.Features = append(p.Features, Create)
	}
	if p.Has(Hole) && !p.Has(CopyTruncate) {
		p.Features = append(p.Features, CopyTruncate)
	}
	if p.Has(Large) && !p.Has(Multiline) {
		p.Features = append(p.Features, Multiline)
	}
	if p.Has(Narrow) { // while the reader does not run, nothing tells it where such a file goes
		p.Features = slices.DeleteFunc(p.Features, func(f Feature) bool {
			return slices.Contains([]Feature{Kill, Restart, Devices, Newest, AutoRemoval, Thousands, Backup}, f)
		})
	}
	p.settings(r)
	p.logs(r)
	p.steps(r)
	return p
}

// some are features that may be together.
func some(r *rand.Rand, without []Feature) (chosen []Feature) {
	all := Features()
	slow := []Feature{AutoRemoval, Newest, Thousands} // the reader does less with them, or takes long
	for range 1 + r.IntN(6) {
		f := all[r.IntN(len(all))]
		if slices.Contains(without, f) || slices.Contains(chosen, f) || slices.Contains(slow, f) && (len(chosen) > 0 || r.IntN(3) > 0) {
			continue
		}
		chosen = append(chosen, f)
		if slices.Contains(slow, f) {
			return chosen
		}
	}
	if r.IntN(2) == 0 && !slices.Contains(chosen, Kill) {
		chosen = append(chosen, Kill)
	}
	return chosen
}

func (p *Plan) settings(r *rand.Rand) {
	p.Settings = Settings{
		MaxRecordBytes: 1 << 10, MaxOpen: 100, ChunkBytes: 4<<10 + r.IntN(8<<10), Strict: r.IntN(4) == 0, Slow: r.IntN(4) == 0,
		Newest: p.Has(Newest), RemoveOld: p.Has(AutoRemoval), Narrow: p.Has(Narrow),
	}
	s := &p.Settings
	if r.IntN(3) == 0 {
		s.MaxOpen = 1 + r.IntN(8)
	}
	if p.Has(Descriptors) {
		s.MaxOpen = 1 + r.IntN(3)
	}
	if p.Has(Orphan) { // what is not open cannot be read any more
		s.MaxOpen = 100
	}
	if p.Has(Multiline) {
		s.Multiline = true
		s.MaxRecordBytes = 16 << 10
		s.Flush = time.Duration(50+r.IntN(400)) * time.Millisecond
		if p.Has(Large) {
			s.MaxRecordBytes = 1 << 10
		}
	}
	archives := p.Has(Compress) || p.Has(Delay) || p.Has(Logback)
	s.Gzip = archives && r.IntN(2) == 0
}

// logs chooses the logs and what rotates them.
func (p *Plan) logs(r *rand.Rand) {
	var mine []Feature
	for _, f := range p.Features {
		if slices.Contains(rotators, f) {
			mine = append(mine, f)
		}
	}
	family := families[r.IntN(len(families))]
	n := 1 + r.IntN(3)
	if p.Has(Siblings) {
		n = min(len(family), 2+r.IntN(4))
	}
	if p.Has(AutoRemoval) {
		n = 2
	}
	if p.Has(Newest) {
		n = 1
	}
	banner := 0
	if p.Has(Banner) {
		banner = []int{1, 5, 40}[r.IntN(3)] // the last is more than what recognises a file
	}
	for i := range n {
		l := LogPlan{Name: fmt.Sprintf("%c.log", 'a'+i), Keep: 2 + r.IntN(4), Open: r.IntN(2) == 0, Width: 12 + r.IntN(60), Lines: 1, Banner: banner}
		if p.Has(Siblings) {
			l.Name = family[i]
		}
		if p.Has(Wide) {
			l.Width = 500 + r.IntN(400)
		}
		if len(mine) > 0 {
			l.Rotator = mine[r.IntN(len(mine))]
		}
		logrotate := l.Rotator == Create || l.Rotator == CopyTruncate || l.Rotator == Copy || l.Rotator == DateExt
		l.Compress = logrotate && (p.Has(Compress) || p.Has(Delay))
		l.Delay = l.Compress && p.Has(Delay)
		l.OldDir = logrotate && p.Has(OldDir)
		l.Shred = logrotate && p.Has(Shred)
		l.Late = l.Open && l.Rotator != CopyTruncate && l.Rotator != Copy && l.Rotator != Logback && (!l.Compress || l.Delay)
		if p.Has(Hole) {
			l.Rotator, l.Sparse, l.Open = CopyTruncate, true, true
		}
		if p.Has(Blocks) {
			l.Block, l.Open = []int{128, 512, 4096}[r.IntN(3)], true
		}
		if p.Has(Multiline) {
			l.Lines = 1 + r.IntN(6)
			if p.Has(Large) {
				l.Lines, l.Width = 30+r.IntN(60), 30+r.IntN(60)
			}
		}
		if p.Has(Same) {
			l.Same = 3 + r.IntN(6)
		}
		if p.Has(Orphan) || p.Has(AutoRemoval) {
			l.Open = true
		}
		p.Logs = append(p.Logs, l)
	}
}

// choice is what may be next.
type choice struct {
	op     Op
	weight int
	n      func() int
}

func (p *Plan) steps(r *rand.Rand) {
	few := func() int { return 1 + r.IntN(30) }
	lots := func() int {
		if p.Has(Large) { // they are long enough
			return few()
		}
		return 100 + r.IntN(600)
	}
	choices := []choice{{opWrite, 8, few}, {opWrite, 2, lots}, {opSleep, 1, func() int { return r.IntN(20) }}, {opArrive, 1, nil}}
	with := func(f Feature, more ...choice) {
		if p.Has(f) {
			choices = append(choices, more...)
		}
	}
	with(Parts, choice{opPart, 4, few})
	if slices.ContainsFunc(p.Logs, func(l LogPlan) bool { return l.Rotator != "" }) {
		choices = append(choices, choice{opRotate, 7, nil})
	}
	with(Rsync, choice{opRsync, 4, few})
	with(Editor, choice{opEdit, 4, few})
	with(Backup, choice{opBackup, 3, nil}, choice{opUnbackup, 1, nil})
	with(Move, choice{opMove, 3, nil})
	with(Truncate, choice{opTruncate, 2, nil})
	with(Remove, choice{opRemove, 2, nil})
	with(Orphan, choice{opOrphan, 2, few})
	with(Descriptors, choice{opFew, 2, nil}, choice{opFree, 2, nil})
	with(Clock, choice{opClock, 3, func() int { return []int{0, 0, 1800, 9 * 3600, -3600, 20, -20}[r.IntN(7)] }})
	with(Outage, choice{opOutage, 3, nil})
	with(Restart, choice{opStop, 2, nil})
	with(Devices, choice{opStop, 2, nil})
	with(Kill, choice{opKill, 2, nil})
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	add := func(c choice) {
		s := Step{Op: c.op, Log: r.IntN(len(p.Logs)), Chance: r.Uint64()}
		if c.n != nil {
			s.N = c.n()
		}
		p.Steps = append(p.Steps, s)
	}
	pick := func() choice {
		at := r.IntN(total)
		for _, c := range choices {
			if at -= c.weight; at < 0 {
				return c
			}
		}
		panic("the weights do not add up")
	}
	for n := range p.Logs {
		if n == 0 || r.IntN(2) == 0 { // the others begin later
			p.Steps = append(p.Steps, Step{Op: opWrite, Log: n, N: few(), Chance: r.Uint64()})
		}
	}
	if r.IntN(2) == 0 {
		p.Steps = append(p.Steps, Step{Op: opArrive})
	}
	many := -1
	if p.Has(Thousands) {
		many = r.IntN(6)
	}
	quiet := p.Has(AutoRemoval)
	for n := range 15 + r.IntN(30) {
		if n == many {
			add(choice{opMany, 0, func() int { return 100 + r.IntN(200) }})
		}
		c := pick()
		add(c)
		inside := func(most int) { // what happens meanwhile
			for range r.IntN(most) {
				if c := pick(); c.op != opOutage && c.op != opStop && c.op != opKill && c.op != opArrive {
					add(c)
				}
			}
		}
		switch c.op {
		case opStop, opKill:
			if r.IntN(2) == 0 {
				inside(6)
			}
			if p.Has(Devices) && r.IntN(2) == 0 {
				add(choice{opDevices, 0, nil})
			}
			add(choice{opStart, 0, nil})
		case opOutage:
			inside(14)
			add(choice{opRestore, 0, nil})
		}
		if quiet && n == 8 {
			for l := range p.Logs {
				p.Steps = append(p.Steps, Step{Op: opWrite, Log: l, N: 3, Chance: r.Uint64()})
			}
			p.Steps = append(p.Steps, Step{Op: opArrive}, Step{Op: opQuiet, N: 1})
		}
	}
}
