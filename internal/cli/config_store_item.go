package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
)

// pushItem is a file on its way into a parameter.
type pushItem struct {
	file, uri string
	name      string // of the parameter
	text      []byte
	before    int64 // the newest version when the texts were compared; 0: none
}

// pushItems reads the files and finds their parameters.
func pushItems(files []string, target ssmstore.URI) ([]pushItem, error) {
	if len(files) > 1 && !target.IsPath() {
		return nil, errSeveral
	}
	var items []pushItem
	seen := map[string]string{}
	for _, file := range files {
		full, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		if now, err := os.Stat(full); err == nil && now.IsDir() {
			return nil, fmt.Errorf("%s is a folder\nhint: name its files, such as %s, and a path such as %s:/fleet/", file, filepath.Join(file, "*.yaml"), ssmstore.Scheme)
		}
		item := pushItem{file: full, uri: "file:" + filepath.ToSlash(full), name: target.Name}
		if target.IsPath() {
			base := filepath.Base(full)
			item.name += strings.TrimSuffix(strings.TrimSuffix(base, ".yaml"), ".yml")
			if u, err := ssmstore.ParseURI(ssmstore.Scheme + ":" + item.name); err != nil || u.IsPath() || u.Ref.Name != item.name {
				return nil, fmt.Errorf("the file %s has no name for a parameter: %q is not one\nhint: rename it to letters, digits and any of . _ -", file, item.name)
			}
		}
		if other, twice := seen[item.name]; twice {
			return nil, fmt.Errorf("%s and %s would both become %s: rename one", other, file, item.name)
		}
		seen[item.name] = file
		checked := target.Ref
		checked.Name = item.name
		if err := ssmstore.CheckTarget(checked); err != nil {
			return nil, err
		}
		if item.text, err = readUpTo(full, ssmstore.MaxText); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func readUpTo(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s has more than %s bytes, which is the most that is stored", file, grouped(int(most)))
	}
	return text, nil
}

// unchanged says whether the file still is what was read, and so what was validated.
func (p *pushItem) unchanged() error {
	now, err := readUpTo(p.file, ssmstore.MaxText)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, p.text) {
		return fmt.Errorf("%s was changed while it was validated: push again", p.file)
	}
	return nil
}

// compare shows what will change, and notes what it was compared with.
func (p *pushItem) compare(ctx context.Context, store *ssmstore.Store, deps storeDeps, label string, out io.Writer) (changed bool, err error) {
	versions, err := store.History(ctx, p.name)
	if ssmstore.IsKind(err, ssmstore.NotFound) {
		return true, say(out, "ssm:%s is new: %s bytes\n", p.name, grouped(len(p.text)))
	}
	if err != nil {
		return false, err
	}
	last := versions[len(versions)-1]
	p.before = last.Number
	snap, err := store.Read(ctx, ssmstore.Ref{Name: p.name, Version: p.before})
	if ssmstore.IsKind(err, ssmstore.Damaged) {
		return true, say(out, "ssm:%s: version %d cannot be put together; it is replaced (%s bytes)\n", p.name, p.before, grouped(len(p.text)))
	}
	if err != nil {
		return false, err
	}
	old := snap.Documents[0].Text
	if bytes.Equal(old, p.text) {
		if label == "" || slices.Contains(last.Labels, label) {
			return false, say(out, "ssm:%s is the same (version %d)\n", p.name, p.before)
		}
		return true, say(out, "ssm:%s is the same (version %d), and gets the label %s\n", p.name, p.before, label)
	}
	text := deps.diff(string(old), string(p.text))
	if text == "" {
		text = "only comments, order or white space\n"
	}
	return true, say(out, "ssm:%s changes (version %d to %d):\n\n%s\n", p.name, p.before, p.before+1, indented(text))
}

// done says what became of it.
func (p *pushItem) done(r ssmstore.PushResult, label string) string {
	if r.Unchanged {
		return fmt.Sprintf("ssm:%s: version %d as before%s", p.name, r.Version, labelled(label))
	}
	text := fmt.Sprintf("ssm:%s: version %d%s", p.name, r.Version, labelled(label))
	if r.Chunks > 0 {
		text += fmt.Sprintf(", in %d parts", r.Chunks)
	}
	if r.Pruned > 0 {
		text += fmt.Sprintf("; %d old parts deleted", r.Pruned)
	}
	return text
}

func labelled(label string) string {
	if label == "" {
		return ""
	}
	return ", label " + label
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}
