package filepatterns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

const (
	// mostNames bounds the names of a folder that are compared.
	mostNames = 10_000
	// mostTried bounds the folders that are looked into for one name of a pattern, and mostLooked those for all of it.
	mostTried  = 16
	mostLooked = 200
)

// Reason is why a pattern matches no file.
type Reason struct {
	// Never is Mistake's. Likely says that there is a sign of a mistake; otherwise the file may not be there yet.
	Never, Likely bool
	// Folder is the deepest that exists of those that the pattern names; empty where none was found.
	Folder string
	// Denied says that Folder may not be looked into.
	Denied bool
	// Nearest is the name in it that is most like the one that is missing, if there is one.
	Nearest string
	// Problem and Remedy are one sentence each, without a capital and a period.
	Problem, Remedy string
}

func (r Reason) String() string { return r.Problem + ": " + r.Remedy }

// Explain looks for why a pattern matches no file. It reads names of folders alone, and may take as long as those do.
func Explain(ctx context.Context, rules *safepath.Rules, pattern string) Reason {
	seen := newProber(ctx, rules).walk(pattern)
	m, found := Check(pattern)
	if !found || !m.Never && seen.certain {
		return seen.Reason
	}
	r := seen.Reason
	r.Never, r.Likely = m.Never, true
	r.Problem, r.Remedy = m.Problem, m.Remedy
	if (m == relativeOnUnix || m == relativeOnWindows) && r.Folder != "" {
		r.Problem += "; here " + r.Folder + " is the deepest folder of it that exists"
	}
	return r
}

// prober walks along the names of a pattern.
type prober struct {
	context context.Context
	stat    func(path string) (fs.FileInfo, error)
	names   func(folder string, most int) ([]fs.DirEntry, error)
	looked  int // into folders
}

func newProber(ctx context.Context, rules *safepath.Rules) *prober {
	return &prober{context: ctx, stat: os.Stat, names: rules.Names}
}

// finding is how far a walk came.
type finding struct {
	Reason
	depth int
	// certain says that the disk tells more than the pattern's text.
	certain bool
}

func (p *prober) walk(pattern string) finding {
	whole, err := filepath.Abs(pattern)
	if err != nil {
		whole = filepath.Clean(pattern)
	}
	root := filepath.VolumeName(whole) + string(filepath.Separator)
	rest := strings.Trim(filepath.ToSlash(whole[len(filepath.VolumeName(whole)):]), "/")
	if depth := strings.Count(rest, "{"); depth > 0 && strings.Contains(braced(rest), "/") {
		// Alternatives with folders in them: nothing is said of what follows.
		base, _ := doublestar.SplitPattern(rest)
		if base == "." {
			base = ""
		}
		return p.folder(filepath.Join(root, base), []string{"*"}, 0)
	}
	return p.step(root, strings.Split(rest, "/"), 0)
}

// braced is what stands in a text's braces.
func braced(text string) string {
	from, to := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}')
	if from < 0 || to < from {
		return ""
	}
	return text[from:to]
}

// step goes on below a folder that exists, with the names that are left of the pattern.
func (p *prober) step(folder string, left []string, depth int) finding {
	if p.context.Err() != nil {
		return p.found(folder, depth)
	}
	name, wild := plain(left[0])
	if !wild {
		path := filepath.Join(folder, name)
		switch info, err := p.stat(path); { // a link is followed: what it leads to is not told
		case err == nil && info.IsDir() && len(left) > 1:
			return p.step(path, left[1:], depth+1)
		case err == nil && info.IsDir():
			f := p.found(path, depth+1)
			f.certain, f.Likely = true, true
			f.Problem, f.Remedy = "it names a folder, and not the files in it", "write "+quote(filepath.Join(path, "*"))+", or "+quote(filepath.Join(path, "**", "*"))+" for those of all folders below it"
			return f
		case err == nil && len(left) > 1:
			f := p.found(folder, depth)
			f.certain, f.Likely = true, true
			f.Problem, f.Remedy = path+" is a file, and not a folder", "write the path of the files themselves"
			return f
		case err == nil:
			f := p.found(folder, depth)
			f.Problem, f.Remedy = path+" is there and is not read", "look at exclude, exclude_names, exclude_older_than and at what else is logged of it; a file that has just come is read soon"
			return f
		case errors.Is(err, fs.ErrPermission):
			return p.closed(folder, depth)
		}
	}
	return p.folder(folder, left, depth)
}

// folder says why a folder has nothing of a name.
func (p *prober) folder(folder string, left []string, depth int) finding {
	f := p.found(folder, depth)
	entries, err := p.names(folder, mostNames)
	if err != nil && len(entries) == 0 {
		f.certain, f.Likely = true, true
		switch {
		case errors.Is(err, fs.ErrPermission):
			return p.closed(folder, depth)
		case errors.Is(err, fs.ErrNotExist):
			f.certain, f.Likely = false, false
			f.Problem, f.Remedy = folder+" does not exist", "check the path; it is looked for again and again"
		default:
			f.Problem, f.Remedy = fmt.Sprintf("%s exists, and cannot be looked into: %s", folder, bare(err)), "do what is said of it"
		}
		return f
	}
	var names, folders []string
	for _, e := range entries {
		names = append(names, e.Name())
		if e.IsDir() || e.Type()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
			folders = append(folders, e.Name())
		}
	}
	slices.Sort(names)
	slices.Sort(folders)
	next := left
	for len(next) > 1 && next[0] == "**" {
		next = next[1:]
	}
	part := next[0]
	if deeper, ok := p.deeper(folder, next, folders, depth); ok {
		return deeper
	}
	where := folder + " exists and has no name like " + quote(part)
	switch last := len(next) == 1; {
	case len(names) == 0:
		f.Problem, f.Remedy = folder+" exists and is empty", "check the path, if its files should be there; it is looked at again and again"
		return f
	case part == "**" || part == "*":
		f.Problem, f.Remedy = folder+" exists and has no such file", "check the path; files that come are read"
		return f
	case last && slices.ContainsFunc(names, func(n string) bool { return matches(part, n) }):
		f.Problem, f.Remedy = "what it names in "+folder+" is a folder, is excluded, or cannot be read", "look at exclude, exclude_names and exclude_older_than, and at what else is logged of it; write **/* after a folder"
		return f
	}
	if near := nearest(part, names); near != "" {
		f.Nearest, f.certain, f.Likely = near, true, true
		f.Problem = where + fmt.Sprintf("; the nearest is %q", clip(near))
		f.Remedy = "check the spelling: " + quote(filepath.Join(append([]string{folder, near}, next[1:]...)...))
		return f
	}
	if len(left) != len(next) {
		where = folder + " exists and nothing like " + quote(filepath.Join(next...)) + " was found below it"
	}
	f.Problem, f.Remedy = where, "check the path; if the file does not exist yet, it is read when it comes"
	return f
}

// deeper goes on in the folders that a name of the pattern matches, and takes what came furthest.
func (p *prober) deeper(folder string, left, folders []string, depth int) (best finding, ok bool) {
	if _, wild := plain(left[0]); !wild || len(left) < 2 {
		return best, false
	}
	tried := 0
	for _, name := range folders {
		if tried == mostTried || p.looked >= mostLooked || p.context.Err() != nil {
			break
		}
		path := filepath.Join(folder, name)
		if !matches(left[0], name) {
			continue
		}
		p.looked++
		if _, err := p.names(path, 1); err != nil && !errors.Is(err, fs.ErrPermission) {
			continue // no folder, or one that is not looked into
		}
		tried++
		if f := p.step(path, left[1:], depth+1); !ok || f.depth > best.depth || f.depth == best.depth && f.Likely && !best.Likely {
			best, ok = f, true
		}
	}
	return best, ok
}

// found is a finding in a folder that exists.
func (p *prober) found(folder string, depth int) finding {
	return finding{Reason: Reason{Folder: folder, Problem: folder + " exists", Remedy: "check the path"}, depth: depth}
}

// closed is a finding in a folder that the user may not read or search.
func (p *prober) closed(folder string, depth int) finding {
	f := p.found(folder, depth)
	f.certain, f.Likely, f.Denied = true, true, true
	f.Problem = folder + " exists, and this user may not look into it"
	f.Remedy = "let the user who runs the collector read and search that folder"
	return f
}

// plain is a name of a pattern without escapes, and whether it has more than a name in it.
func plain(part string) (name string, wild bool) {
	if strings.ContainsAny(part, "*?[{") {
		return part, true
	}
	if runtime.GOOS == "windows" {
		return part, false
	}
	return unescaped(part), false
}

// unescaped is a text without the backslashes that make characters ordinary ones.
func unescaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func matches(part, name string) bool {
	ok, err := doublestar.Match(part, name)
	return ok && err == nil
}

// bare takes the operation and the path off a file's error.
func bare(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
