package filetailreceiver

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// Config is the receiver's. Keys that file_log has mean what they mean there.
type Config struct {
	// Include and Exclude are patterns of paths. ExcludeOlderThan passes over files not written to for so long.
	Include []string `mapstructure:"include"`
	Exclude []string `mapstructure:"exclude"`
	// ExcludeNames are regular expressions of names of files, without their folders, that are not wanted.
	ExcludeNames     []string      `mapstructure:"exclude_names"`
	ExcludeOlderThan time.Duration `mapstructure:"exclude_older_than"`
	// NewestOnly reads the file that was written to last, of each pattern of Include. Default: all.
	NewestOnly bool `mapstructure:"newest_only"`

	// FollowLinks are links that are followed beside those of root, of the collector's user, and of who owns what they lead to.
	FollowLinks FollowLinks `mapstructure:"follow_links"`

	// StartAt is where files begin that are there at the first start: end or beginning. Default: end.
	StartAt string `mapstructure:"start_at"`
	// OnTruncate is where a truncated file goes on: read_whole_file or read_new. Default: read_whole_file.
	OnTruncate string `mapstructure:"on_truncate"`
	// PollInterval is how often files are looked at. Default: 200ms.
	PollInterval time.Duration `mapstructure:"poll_interval"`
	// FlushInterval is how often a file is read whose news do not fill a chunk. Default: 1s.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// ForceFlushPeriod is how long whole lines of a record that may go on stand at a file's end before they are sent; 0: for
	// ever. Default: 500ms.
	ForceFlushPeriod time.Duration `mapstructure:"force_flush_period"`
	// Identity is what makes a file the one that was read before, beside its device and inode: content, path or inode.
	// Default: content.
	Identity string `mapstructure:"identity"`
	// UnfinishedLineTimeout is how long a line without its end stands at a file's end before it is sent. Default: 0, it waits
	// for its end.
	UnfinishedLineTimeout time.Duration `mapstructure:"unfinished_line_timeout"`
	// FingerprintSize is how much of a file's beginning recognises it, in bytes. Default: 1000.
	FingerprintSize Bytes `mapstructure:"fingerprint_size"`

	// MaxLogSize is the size of the largest record, in bytes of its text in UTF-8. Default: 1048550, the largest event of
	// CloudWatch Logs. MaxLogSizeBehavior divides a larger one or drops its rest: split or truncate. Default: split.
	MaxLogSize         Bytes  `mapstructure:"max_log_size"`
	MaxLogSizeBehavior string `mapstructure:"max_log_size_behavior"`
	Encoding           string `mapstructure:"encoding"`
	// LineEnding is lf or cr. Default: lf, and with it CR LF.
	LineEnding string    `mapstructure:"line_ending"`
	Multiline  Multiline `mapstructure:"multiline"`
	// Header says which lines are no records. Default: none.
	Header           Header `mapstructure:"header"`
	PreserveLeading  bool   `mapstructure:"preserve_leading_whitespaces"`
	PreserveTrailing bool   `mapstructure:"preserve_trailing_whitespaces"`
	// Compression is empty, gzip or auto: by the file's first bytes. Without it archives are left out.
	Compression string `mapstructure:"compression"`
	// Filters keep or leave out records.
	Filters []Filter `mapstructure:"filters"`
	// Timestamp says where a record has its time. Without it, the time is when it was read.
	Timestamp *Timestamp `mapstructure:"timestamp"`

	IncludeFileName           bool `mapstructure:"include_file_name"`
	IncludeFilePath           bool `mapstructure:"include_file_path"`
	IncludeFileNameResolved   bool `mapstructure:"include_file_name_resolved"`
	IncludeFilePathResolved   bool `mapstructure:"include_file_path_resolved"`
	IncludeFileOwnerName      bool `mapstructure:"include_file_owner_name"`
	IncludeFileOwnerGroupName bool `mapstructure:"include_file_owner_group_name"`
	IncludeFilePermissions    bool `mapstructure:"include_file_permissions"`
	IncludeFileRecordNumber   bool `mapstructure:"include_file_record_number"`
	IncludeFileRecordOffset   bool `mapstructure:"include_file_record_offset"`
	// FileAttributes is where what is known of the file stands: record or resource. Default: record.
	FileAttributes string `mapstructure:"file_attributes"`
	// Attributes are of each record, and Resource of the resource.
	Attributes map[string]string `mapstructure:"attributes"`
	Resource   map[string]string `mapstructure:"resource"`

	// StorageID is the extension that keeps offsets. Without it a restart begins as StartAt says.
	StorageID *component.ID `mapstructure:"storage"`
	// Retry is of what the pipeline refuses for now. Default: without an end.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// Ordering is parallel, or strict with one chunk of each file in flight. Default: parallel.
	Ordering string `mapstructure:"ordering"`
	// ChunkSize is how much is read at once. Default: 1MiB. MaxInFlight is how much may be read and not be saved as
	// delivered; less is where more does not help. Default: 32MiB.
	ChunkSize   Bytes `mapstructure:"chunk_size"`
	MaxInFlight Bytes `mapstructure:"max_in_flight"`
	// DrainTimeout is how long the end waits for what is in flight. Default: 10s.
	DrainTimeout time.Duration `mapstructure:"drain_timeout"`
	// DrainFiles reads files to their ends before a stop, within DrainTimeout: for files that are gone with the collector,
	// such as those of a container. Default: false, what is not read is read after the next start.
	DrainFiles bool `mapstructure:"drain_files"`
	// MaxConcurrentFiles is how many files are kept open. Default: 1024.
	MaxConcurrentFiles int `mapstructure:"max_concurrent_files"`

	// DeleteAfterRead removes files that were delivered, AutoRemoval all but the newest of each pattern.
	DeleteAfterRead bool `mapstructure:"delete_after_read"`
	AutoRemoval     bool `mapstructure:"auto_removal"`
	// BackpressureMode is empty or fd_release, which closes deleted files whose rest cannot be delivered for now.
	BackpressureMode string `mapstructure:"backpressure_mode"`
	// FileCacheAdvise tells Linux that what was read needs no cache.
	FileCacheAdvise bool `mapstructure:"file_cache_advise"`

	FileLog FileLog `mapstructure:",squash"`
}

// FileLog are keys of file_log that have nothing to say here.
type FileLog struct {
	InitialBufferSize any `mapstructure:"initial_buffer_size"`
	MaxBatches        any `mapstructure:"max_batches"`
	PollsToArchive    any `mapstructure:"polls_to_archive"`

	Operators        any `mapstructure:"operators"`
	OrderingCriteria any `mapstructure:"ordering_criteria"`
	AcquireFSLock    any `mapstructure:"acquire_fs_lock"`
}

// FollowLinks says which links may lead to files of others.
type FollowLinks struct {
	// Owners are users, by name or number, whose links are followed wherever they lead. Default: none.
	Owners []string `mapstructure:"owners"`
	// Into are folders into which the links of all users are followed. Default: none.
	Into []string `mapstructure:"into"`
}

// Multiline says what a record begins or ends with, if it is not a line.
type Multiline struct {
	LineStartPattern string `mapstructure:"line_start_pattern"`
	LineEndPattern   string `mapstructure:"line_end_pattern"`
	OmitPattern      bool   `mapstructure:"omit_pattern"`
}

// Header says which lines of a file are no records, such as the first one of CSV.
type Header struct {
	// Lines is how many lines at a file's beginning belong to it. Default: 0.
	Lines int `mapstructure:"lines"`
	// Pattern is a regular expression of lines that belong to it wherever they stand. Default: none.
	Pattern string `mapstructure:"pattern"`
	// MetadataOperators are those of file_log.
	MetadataOperators any `mapstructure:"metadata_operators"`
}

// Filter keeps (include) or leaves out (exclude) records that match an expression.
type Filter struct {
	Type       string `mapstructure:"type"`
	Expression string `mapstructure:"expression"`
}

// Words of the configuration.
const (
	beginning, end      = "beginning", "end"
	readWhole, readNew  = "read_whole_file", "read_new"
	split, truncate     = "split", "truncate"
	lineFeed            = "lf"
	carriageReturn      = "cr"
	record, resource    = "record", "resource"
	parallel, strict    = "parallel", "strict"
	byContent           = "content"
	byPath, byInode     = "path", "inode"
	fdRelease           = "fd_release"
	gzip, auto          = "gzip", "auto"
	include, exclude    = "include", "exclude"
	minFingerprint      = 16
	minInFlight         = 128 << 10
	minChunk, maxRecord = 4 << 10, 128 << 20
	// largestEvent is the largest message of CloudWatch Logs, in bytes of UTF-8: PutLogEvents takes 1,048,576 bytes, in which
	// each event counts 26 (API reference of CloudWatch Logs).
	largestEvent = 1<<20 - 26
)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.MaxElapsedTime = 100*time.Millisecond, 10*time.Second, 0
	return &Config{
		StartAt: end, OnTruncate: readWhole, PollInterval: 200 * time.Millisecond, FlushInterval: time.Second,
		ForceFlushPeriod: 500 * time.Millisecond, Identity: byContent, FingerprintSize: 1000, MaxLogSize: largestEvent, MaxLogSizeBehavior: split, LineEnding: lineFeed,
		IncludeFileName: true, FileAttributes: record, Retry: retry, Ordering: parallel, ChunkSize: 1 << 20, MaxInFlight: 32 << 20,
		DrainTimeout: 10 * time.Second, MaxConcurrentFiles: 1024,
	}
}

// Validate names each key that is wrong, its value and the remedy.
func (c *Config) Validate() error {
	finder, err := c.finder()
	errs := []error{finder.Validate(), finder.Rules.Validate(), err}
	word := func(key, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a {
				return
			}
		}
		errs = append(errs, fmt.Errorf("%s: %q is none of %q", key, value, allowed))
	}
	word("start_at", c.StartAt, end, beginning)
	if c.OnTruncate == "ignore" {
		errs = append(errs, errors.New("on_truncate: ignore would lose what is written after a truncation: use read_whole_file or read_new"))
	} else {
		word("on_truncate", c.OnTruncate, readWhole, readNew)
	}
	word("max_log_size_behavior", c.MaxLogSizeBehavior, split, truncate)
	word("identity", c.Identity, byContent, byPath, byInode)
	word("line_ending", c.LineEnding, lineFeed, carriageReturn)
	word("file_attributes", c.FileAttributes, record, resource)
	word("ordering", c.Ordering, parallel, strict)
	word("backpressure_mode", c.BackpressureMode, "", fdRelease)
	word("compression", c.Compression, "", gzip, auto)
	between := func(key string, value, low, high int64) {
		if value < low || value > high {
			errs = append(errs, fmt.Errorf("%s: %d is not between %d and %d", key, value, low, high))
		}
	}
	between("fingerprint_size", int64(c.FingerprintSize), minFingerprint, 1<<20)
	between("max_log_size", int64(c.MaxLogSize), minFingerprint, maxRecord)
	between("chunk_size", int64(c.ChunkSize), minChunk, maxRecord)
	between("max_in_flight", int64(c.MaxInFlight), minInFlight, 1<<40)
	between("max_concurrent_files", int64(c.MaxConcurrentFiles), 1, 1<<20)
	positive := func(key string, value time.Duration) {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("%s: %s is not above 0", key, value))
		}
	}
	positive("poll_interval", c.PollInterval)
	for key, value := range map[string]time.Duration{
		"flush_interval": c.FlushInterval, "force_flush_period": c.ForceFlushPeriod, "unfinished_line_timeout": c.UnfinishedLineTimeout, "drain_timeout": c.DrainTimeout, "exclude_older_than": c.ExcludeOlderThan,
	} {
		if value < 0 {
			errs = append(errs, fmt.Errorf("%s: %s is below 0", key, value))
		}
	}
	if c.Header.MetadataOperators != nil {
		errs = append(errs, errors.New("header::metadata_operators: file_tail leaves out the lines of a header, and does not parse them: remove it, or use file_log"))
	}
	if _, _, err := c.splitter(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.filters(); err != nil {
		errs = append(errs, err)
	}
	if c.Timestamp != nil {
		if _, err := c.Timestamp.parser(); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: %w", err))
		}
	}
	if runtime.GOOS == "windows" && (c.IncludeFileOwnerName || c.IncludeFileOwnerGroupName || c.IncludeFilePermissions) {
		errs = append(errs, errors.New("include_file_owner_name, include_file_owner_group_name and include_file_permissions are not for Windows: remove them"))
	}
	if c.Compression != "" && c.StartAt == end {
		errs = append(errs, errors.New("compression: compressed files have no end to begin at: set start_at: beginning"))
	}
	if c.DeleteAfterRead && c.StartAt == end {
		errs = append(errs, errors.New("delete_after_read: with start_at: end, files would be removed that were never read: set start_at: beginning"))
	}
	return errors.Join(append(errs, c.FileLog.refused(), c.Retry.Validate())...)
}

// refused are keys of file_log without which a configuration would do something else.
func (f FileLog) refused() error {
	var errs []error
	for _, k := range []struct {
		key    string
		value  any
		remedy string
	}{
		{"operators", f.Operators, "use file_log, or a processor such as transform; multi-line, filters and timestamps have keys of their own here"},
		{"ordering_criteria", f.OrderingCriteria, "newest_only reads the newest file of each pattern; for anything else use file_log"},
		{"acquire_fs_lock", f.AcquireFSLock, "use file_log"},
	} {
		if k.value != nil && k.value != false {
			errs = append(errs, fmt.Errorf("%s: file_tail does not have it: %s", k.key, k.remedy))
		}
	}
	return errors.Join(errs...)
}

// unneeded are keys of file_log that need no value here.
func (f FileLog) unneeded() (keys []string) {
	for key, value := range map[string]any{"initial_buffer_size": f.InitialBufferSize, "max_batches": f.MaxBatches, "polls_to_archive": f.PollsToArchive} {
		if value != nil {
			keys = append(keys, key)
		}
	}
	return keys
}

func (c *Config) finder() (*files.Finder, error) {
	f := &files.Finder{
		Include: c.Include, Exclude: c.Exclude, OlderThan: c.ExcludeOlderThan, NewestOnly: c.NewestOnly,
		Rules: safepath.Rules{Owners: c.FollowLinks.Owners, Into: c.FollowLinks.Into},
	}
	for i, pattern := range c.ExcludeNames {
		e, err := regexp.Compile(pattern)
		if err != nil {
			return f, fmt.Errorf("exclude_names[%d]: %q is no regular expression: %w", i, pattern, err)
		}
		f.ExcludeNames = append(f.ExcludeNames, e)
	}
	return f, nil
}

func (c *Config) splitter() (*records.Splitter, records.Encoding, error) {
	e, err := records.LookupEncoding(c.Encoding)
	if err != nil {
		return nil, e, fmt.Errorf("encoding: %w", err)
	}
	s, err := records.New(records.Options{
		Encoding: e, CarriageReturns: c.LineEnding == carriageReturn, HeaderLines: c.Header.Lines, Header: c.Header.Pattern, LineStart: c.Multiline.LineStartPattern, LineEnd: c.Multiline.LineEndPattern, OmitPattern: c.Multiline.OmitPattern,
		MaxBytes: int(c.MaxLogSize), Truncate: c.MaxLogSizeBehavior == truncate, TrimLeading: !c.PreserveLeading, TrimTrailing: !c.PreserveTrailing,
	})
	if err != nil {
		return nil, e, err // it names the key
	}
	return s, e, nil
}

// filter is a compiled one.
type filter struct {
	expression *regexp.Regexp
	keeps      bool
}

func (c *Config) filters() ([]filter, error) {
	var all []filter
	for i, f := range c.Filters {
		if f.Type != include && f.Type != exclude {
			return nil, fmt.Errorf("filters[%d].type: %q is neither include nor exclude", i, f.Type)
		}
		e, err := regexp.Compile(f.Expression)
		if err != nil {
			return nil, fmt.Errorf("filters[%d].expression: %q is no regular expression: %w", i, f.Expression, err)
		}
		all = append(all, filter{e, f.Type == include})
	}
	return all, nil
}

// tailer are the Tailer's options, but for what belongs to a running receiver.
func (c *Config) tailer() (tail.Options, error) {
	s, e, err := c.splitter()
	if err != nil {
		return tail.Options{}, err
	}
	finder, err := c.finder()
	if err != nil {
		return tail.Options{}, err
	}
	o := tail.Options{
		Finder: finder, Splitter: s, Encoding: e, FromEnd: c.StartAt == end, AfterTruncation: c.OnTruncate == readNew,
		Poll: c.PollInterval, Linger: c.FlushInterval, Flush: records.Waits{Lines: c.ForceFlushPeriod, Line: c.UnfinishedLineTimeout}, ChunkBytes: int(c.ChunkSize), MaxRecordBytes: s.MaxRaw(),
		MaxInFlight: int64(c.MaxInFlight), Strict: c.Ordering == strict, MaxOpen: c.MaxConcurrentFiles, HeadBytes: int(c.FingerprintSize),
		Readers: min(4, runtime.GOMAXPROCS(0)), Drain: c.DrainTimeout, DrainFiles: c.DrainFiles, Remove: c.DeleteAfterRead, RemoveOld: c.AutoRemoval,
		ReleaseDeleted: c.BackpressureMode == fdRelease, FreeCache: c.FileCacheAdvise,
	}
	switch c.Identity {
	case byPath:
		o.Identity = inventory.ByPath
	case byInode:
		o.Identity = inventory.ByInode
	}
	switch c.Compression {
	case gzip:
		o.Compression = source.Always
	case auto:
		o.Compression = source.Auto
	}
	return o, nil
}
