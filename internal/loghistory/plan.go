package loghistory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Feature is a part of the world that a history may have.
type Feature string

// Features of histories.
const (
	Create       Feature = "create"       // logrotate: rename, and begin a new file
	CopyTruncate Feature = "copytruncate" // logrotate: copy, and truncate
	Copy         Feature = "copy"         // logrotate: copy, and go on with the original
	Compress     Feature = "compress"     // logrotate: compress what was renamed
	Delay        Feature = "delay"        // logrotate: compress it with the next rotation
	OldDir       Feature = "olddir"       // logrotate: rename to another folder
	DateExt      Feature = "dateext"      // logrotate: a date in place of a number
	Shred        Feature = "shred"        // logrotate: write over the file before it is removed
	Log4jMin     Feature = "log4j-min"    // log4j: the newest has the lowest number
	Log4jMax     Feature = "log4j-max"    // log4j: numbers rise, then the files move down
	Log4jDate    Feature = "log4j-date"   // log4j: a date and a number
	Logback      Feature = "logback"      // logback: rename to a temporary name, and compress from there
	PythonSize   Feature = "python-size"  // RotatingFileHandler
	PythonTime   Feature = "python-time"  // TimedRotatingFileHandler
	Siblings     Feature = "siblings"     // live logs with names that look like those of rotated files
	Thousands    Feature = "thousands"    // many of them at once
	Rsync        Feature = "rsync"        // a new inode with the old content and more is renamed over the file
	Editor       Feature = "editor"       // the same by way of a backup or a temporary file
	Backup       Feature = "backup"       // cp app.log app.log.bak
	Move         Feature = "move"         // mv to another file system
	Devices      Feature = "devices"      // device numbers change between two runs
	Clock        Feature = "clock"        // the clock jumps
	Outage       Feature = "outage"       // nothing is taken for a while
	Parts        Feature = "parts"        // lines that are written in two parts
	Pieces       Feature = "pieces"       // copies and archives are looked at before they are complete
	Blocks       Feature = "blocks"       // writers with a block buffer
	Multiline    Feature = "multiline"    // records of several lines
	Large        Feature = "large"        // records of several lines above the limit
	Hole         Feature = "hole"         // a writer without O_APPEND, after copytruncate
	Descriptors  Feature = "descriptors"  // few files may be open, and sometimes none more
	Restart      Feature = "restart"      // the reader is stopped and started
	Kill         Feature = "kill"         // the reader is killed
	Truncate     Feature = "truncate"     // files are truncated when they were read
	Remove       Feature = "remove"       // files are removed when they were read, and begun again
	Banner       Feature = "banner"       // all files begin with the same lines
	Same         Feature = "same"         // many lines are the same
	AutoRemoval  Feature = "auto_removal" // the reader removes what was delivered
	Newest       Feature = "newest"       // the reader reads the newest file
	Orphan       Feature = "orphan"       // a removed file is written to
	Narrow       Feature = "narrow"       // the patterns name the live files alone
	Wide         Feature = "wide"         // long lines, so that a file has more than may be in flight
	Wild         Feature = "wild"         // files are rotated while they are looked for
)

// Features are all of them.
func Features() []Feature {
	return []Feature{
		Create, CopyTruncate, Copy, Compress, Delay, OldDir, DateExt, Shred, Log4jMin, Log4jMax, Log4jDate, Logback, PythonSize, PythonTime,
		Siblings, Thousands, Rsync, Editor, Backup, Move, Devices, Clock, Outage, Parts, Pieces, Blocks, Multiline, Large, Hole, Descriptors, Restart, Kill,
		Truncate, Remove, Banner, Same, AutoRemoval, Newest, Orphan, Narrow, Wide, Wild,
	}
}

// Sound are the features of which histories hold that have nothing else. Where several are mixed, and with the others, some
// histories are known to fail: docs/testing.md says how.
func Sound() []Feature {
	return slices.DeleteFunc(Features(), func(f Feature) bool {
		return slices.Contains([]Feature{Copy, Compress, Delay, Shred, Logback, Rsync, Editor, Wild}, f)
	})
}

// ParseFeatures reads a list with commas, such as "rsync,kill"; the empty one is none.
func ParseFeatures(list string) (all []Feature, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if name == "" {
			continue
		}
		if !slices.Contains(Features(), Feature(name)) {
			return nil, fmt.Errorf("unknown feature %q: use of %v", name, Features())
		}
		all = append(all, Feature(name))
	}
	return all, nil
}

// Settings are those of the reader.
type Settings struct {
	// Gzip reads compressed files by their names. Without it they are left out.
	Gzip bool
	// Multiline begins a record with each line that does not begin with a blank.
	Multiline bool
	// Flush is how long an unfinished record waits for its end; 0: for ever.
	Flush time.Duration
	// MaxRecordBytes is the largest record.
	MaxRecordBytes int
	MaxOpen        int
	ChunkBytes     int
	Strict         bool
	Newest         bool
	RemoveOld      bool
	// Slow delivers slowly.
	Slow bool
	// Narrow has the patterns name the live files alone.
	Narrow bool
}

// LogPlan is one log.
type LogPlan struct {
	// Name is its live file's. The names of other logs may look like those of its rotated files.
	Name string
	// Rotator is what rotates it; "": nothing.
	Rotator Feature
	// Keep is how many rotated files are kept.
	Keep int
	// Open keeps the file open between writes, also over a renaming, until the rotator tells the service to open it again.
	Open bool
	// Sparse writes without O_APPEND.
	Sparse bool
	// Block has lines come in blocks of so many bytes; 0: at once.
	Block int
	// Banner is how many lines all files of all services begin with.
	Banner int
	// Width is how long lines are, in bytes, and Lines how many a record has at most.
	Width, Lines int
	// Same is how many of 10 lines are the same.
	Same int
	// OldDir is where rotated files are, if they are elsewhere.
	OldDir bool
	// Compress and Delay are those of logrotate.
	Compress, Delay, Shred bool
	// Late writes lines to a file after it was renamed.
	Late bool
}

// Plan is a history before it happens.
type Plan struct {
	Seed     uint64
	Features []Feature
	Settings Settings
	Logs     []LogPlan
	Steps    []Step
}

// Has reports whether the history has a feature.
func (p *Plan) Has(f Feature) bool { return slices.Contains(p.Features, f) }

// Op is what happens in a step.
type Op string

// What may happen.
const (
	opWrite    Op = "write"
	opPart     Op = "write, without the end of the last line"
	opSleep    Op = "wait"
	opArrive   Op = "wait for delivery"
	opRotate   Op = "rotate"
	opRsync    Op = "rsync"
	opEdit     Op = "edit"
	opBackup   Op = "cp"
	opUnbackup Op = "rm the copy"
	opMove     Op = "mv to another file system"
	opTruncate Op = "truncate"
	opRemove   Op = "rm"
	opOrphan   Op = "rm, and write to it"
	opMany     Op = "begin many logs"
	opQuiet    Op = "be quiet for as long as removal takes"
	opStop     Op = "stop the reader"
	opKill     Op = "kill the reader"
	opStart    Op = "start the reader"
	opOutage   Op = "outage"
	opRestore  Op = "the outage is over"
	opDevices  Op = "device numbers change"
	opClock    Op = "the clock jumps"
	opFew      Op = "no descriptor is free"
	opFree     Op = "descriptors are free"
)

// Step is one event of a history.
type Step struct {
	Op Op
	// Log is the number of the log that it is about.
	Log int
	// N is how many lines, milliseconds, files or seconds.
	N int
	// Chance decides what else is open in the step.
	Chance uint64
}

// errSkipped is of a step that cannot be done as things are.
var errSkipped = errors.New("not possible now")

// Words tells a step.
func (p *Plan) Words(s Step) string {
	switch s.Op {
	case opSleep:
		return fmt.Sprintf("%s %d ms", s.Op, s.N)
	case opClock:
		return fmt.Sprintf("%s to %+d s", s.Op, s.N)
	case opStop, opKill, opStart, opOutage, opRestore, opDevices, opFew, opFree, opArrive, opQuiet:
		return string(s.Op)
	case opMany:
		return fmt.Sprintf("%s: %d", s.Op, s.N)
	}
	l := p.Logs[s.Log]
	words := fmt.Sprintf("%s %s", l.Name, s.Op)
	switch s.Op {
	case opWrite, opPart, opRsync, opEdit, opOrphan:
		words += fmt.Sprintf(" %d lines", s.N)
	case opRotate:
		words += fmt.Sprintf(" by %s", l.how())
	}
	return words
}

func (l LogPlan) how() string {
	how := string(l.Rotator)
	for _, option := range []struct {
		on   bool
		name Feature
	}{{l.Compress, Compress}, {l.Delay, Delay}, {l.Shred, Shred}, {l.OldDir, OldDir}} {
		if option.on {
			how += "+" + string(option.name)
		}
	}
	return how
}

// String tells the whole plan.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, features %v\nsettings %+v\n", p.Seed, p.Features, p.Settings)
	for _, l := range p.Logs {
		fmt.Fprintf(&b, "log %+v\n", l)
	}
	for n, s := range p.Steps {
		fmt.Fprintf(&b, "%3d %s\n", n+1, p.Words(s))
	}
	return b.String()
}
