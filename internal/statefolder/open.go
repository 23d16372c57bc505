package statefolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/boltdb"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

const (
	// converting is a key that is there while a database is being read: a conversion that did not end begins again.
	converting = "\x00converting"
	// convertBatch is how much of a database is written at once.
	convertBatch = 1 << 20
	// convertedTTL is how long a database is kept that a store was made of, for a version that knows only that.
	convertedTTL = 30 * 24 * time.Hour
)

// Report is what Open found.
type Report struct {
	statelog.Report
	// Converted is how many values a database of file_storage had, where one was there; else -1.
	Converted int
}

// Open opens a store. A database of file_storage that has its name is taken over first. The error is boltdb.ErrInUse.
func Open(ctx context.Context, folder, name string, o statelog.Options) (*statelog.Log, Report, error) {
	old := Old(folder, name)
	o.Folder = Path(folder, name)
	if o.Now == nil {
		o.Now = time.Now
	}
	info, err := os.Lstat(old)
	there := err == nil && info.Mode().IsRegular()
	written := lastWrite(o.Folder)
	l, opened := statelog.Open(o)
	report := Report{opened, -1}
	if there {
		_, unfinished := sizeOf(l, converting)
		newer := info.ModTime().After(written)
		if newer && !unfinished && report.Keys > 0 {
			// What an older version did meanwhile counts. What a queue holds here was not sent by it, and is kept aside.
			if err := l.Close(); err != nil {
				report.Problems = append(report.Problems, statelog.Problem{Path: o.Folder, Reason: err.Error()})
			}
			if to, err := statelog.SetAside(o.Folder, o.Now()); err == nil {
				report.Problems = append(report.Problems, statelog.Problem{Path: to, Reason: fmt.Sprintf("has %d values, and %s is newer: a version with file_storage has run, and what it wrote is used", report.Keys, old)})
			}
			var again statelog.Report
			l, again = statelog.Open(o)
			report.Keys, report.Unread, report.Torn = again.Keys, again.Unread, again.Torn
			report.Problems = append(report.Problems, again.Problems...)
		}
		if unfinished || written.IsZero() || newer {
			problem, err := convert(ctx, l, old, o.Now, &report)
			if err != nil {
				return nil, report, errors.Join(err, l.Close())
			}
			if problem != nil {
				report.Problems = append(report.Problems, *problem)
			}
		} else if os.Rename(old, old+convertedMark) == nil {
			_ = os.Chtimes(old+convertedMark, o.Now(), o.Now())
		}
	}
	if info, err := os.Lstat(old + convertedMark); err == nil && o.Now().Sub(info.ModTime()) > convertedTTL {
		_ = os.Remove(old + convertedMark) // it stays where it cannot be removed
	}
	return l, report, nil
}

// lastWrite is when a store was last written, or zero.
func lastWrite(folder string) (last time.Time) {
	entries, _ := os.ReadDir(folder) // nothing is there, or nothing can be read
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

func sizeOf(l *statelog.Log, key string) (size int, ok bool) {
	l.Each(func(k string, n int) {
		if k == key {
			size, ok = n, true
		}
	})
	return size, ok
}

// convert makes a store of a database. What a damaged one still gives is taken, and the rest is a problem.
func convert(ctx context.Context, l *statelog.Log, old string, now func() time.Time, report *Report) (*statelog.Problem, error) {
	ops := []*statelog.Op{{Kind: statelog.Set, Key: converting, Value: []byte(old)}}
	l.Each(func(key string, _ int) { // of a version that came between
		if key != converting {
			ops = append(ops, &statelog.Op{Kind: statelog.Delete, Key: key})
		}
	})
	report.Converted = 0
	size := 0
	flush := func() error {
		err := l.Batch(ops...)
		ops, size = nil, 0
		return err
	}
	err := flush()
	if err == nil {
		err = boltdb.Read(ctx, old, func(key string, value []byte) error {
			report.Converted++
			ops = append(ops, &statelog.Op{Kind: statelog.Set, Key: key, Value: value})
			if size += len(value); size > convertBatch {
				return flush()
			}
			return nil
		})
	}
	if errors.Is(err, boltdb.ErrInUse) {
		return nil, fmt.Errorf("%s: %w: is a version of before still running?", old, err)
	}
	ops = append(ops, &statelog.Op{Kind: statelog.Delete, Key: converting})
	err = errors.Join(err, flush())
	if l.Stats().Failed != nil { // it is read again at the next start
		return nil, nil
	}
	if err == nil {
		if err = os.Rename(old, old+convertedMark); err == nil {
			_ = os.Chtimes(old+convertedMark, now(), now())
			return nil, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, nil
		}
	}
	problem := statelog.Problem{Path: old, Reason: fmt.Sprintf("the database of file_storage gave %d values, and then: %v", report.Converted, err)}
	if to, err := statelog.SetAside(old, now()); err == nil {
		problem.Path = to
	}
	return &problem, nil
}
