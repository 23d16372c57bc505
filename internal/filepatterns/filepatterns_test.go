package filepatterns

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

func TestTextsThatNobodyCanHaveMeantAreNamedWithTheRemedy(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]struct {
		never           bool
		problem, remedy string
		windows         bool
	}{
		"~/logs/*.log":                     {never: true, problem: "~ is replaced by a shell", remedy: `"/home/app/logs/*.log"`},
		"~app/logs/*.log":                  {never: true, problem: "~ is replaced by a shell", remedy: "${env:HOME}"},
		"~":                                {never: true, problem: "~ is replaced by a shell"},
		"$HOME/logs/*.log":                 {never: true, problem: "$HOME is replaced by a shell", remedy: "${env:HOME}"},
		"${APP}/x.log":                     {never: true, problem: "$APP is replaced by a shell", remedy: "${env:APP}"},
		"$(pwd)/x.log":                     {never: true, problem: "$pwd is replaced by a shell"},
		`%ProgramData%\app\*.log`:          {never: true, problem: "%ProgramData% is replaced by Windows", remedy: "${env:ProgramData}", windows: true},
		`%ProgramFiles(x86)%\app\*.log`:    {never: true, problem: "%ProgramFiles(x86)% is replaced by Windows", windows: true},
		"%ProgramData%/app/*.log":          {never: true, problem: "%ProgramData% is replaced by Windows"},
		"file:///var/log/app.log":          {never: true, problem: "it is a URL", remedy: `"/var/log/app.log"`},
		`"/var/log/app.log"`:               {never: true, problem: "quotation marks", remedy: `"/var/log/app.log"`},
		" /var/log/app.log":                {problem: "begins or ends with a space", remedy: `write "/var/log/app.log"`},
		"/var/log/{{ .app }}/*.log":        {problem: "template that was not filled in"},
		"/var/log/a.log,/var/log/b.log":    {problem: "several paths", remedy: "a list"},
		"/var/log/a.log /var/log/b.log":    {problem: "several paths"},
		"/var/log/a.log:/var/log/b.log":    {problem: "several paths"},
		`C:\a\*.log;D:\b\*.log`:            {windows: true, problem: "several paths"},
		`C:\logs\*.log`:                    {problem: "a drive, which only Windows has"},
		`\\server\share\*.log`:             {problem: "a share's path"},
		"/var/$APP/x.log":                  {problem: "a variable of the shell"},
		`C:\%APP%\x.log`:                   {windows: true, problem: "Windows' command line"},
		"/var/log/app-%Y-%m-%d.log":        {problem: "a layout of dates", remedy: "exclude_older_than"},
		"/var/log/app-YYYY-MM-DD.log":      {problem: "a layout of dates"},
		`^/var/log/app\.log$`:              {problem: "a regular expression"},
		`/var/log/app.+\.log`:              {problem: "a regular expression"},
		`/var/log/(a|b)/x.log`:             {problem: "a regular expression", remedy: "{a,b}"},
		`/var/log\app\x.log`:               {problem: `\ makes the character after it`, remedy: `"/var/log/app/x.log"`},
		"logs/app.log":                     {problem: "it is relative", remedy: "from / on"},
		"/var/log/x.log":                   {windows: true, problem: "it is relative", remedy: "with its drive"},
		"/var/log/app/":                    {problem: "it names a folder", remedy: `"/var/log/app/*"`},
		`C:\logs\`:                         {windows: true, problem: "it names a folder", remedy: `"C:\logs\*"`},
		"/var/log/**.log":                  {problem: "** is for folders only where it stands alone"},
		"/var/log/{hostname}/*.log":        {problem: "braces are for alternatives"},
		"/var/log/*.log":                   {},
		"/var/log/**/*.{log,txt}":          {},
		"/var/log/app-[0-9]*.log":          {},
		"/var/log/100%.log":                {},
		"/var/log/a~":                      {},
		"/var/log/12:30:00/x, y.log":       {},
		"/srv/a b/x.log":                   {},
		"/var/log/price$.log":              {},
		`/var/log/\[a\].log`:               {},
		"/var/log/app.*":                   {},
		"/var/log/pods/*_{a,b}_*/*/*.log":  {},
		`C:\inetpub\logs\**\*.log`:         {windows: true},
		`C:\$Recycle.Bin\x.log`:            {windows: true},
		`\\server\share\logs\*.log`:        {windows: true},
		"C:/logs/*.log":                    {windows: true},
		"/var/log/containers/*_prod_*.log": {},
	} {
		m, ok := check(pattern, want.windows)
		assert.Equal(t, want.problem != "", ok, "%s: %+v", pattern, m)
		assert.Equal(t, want.never, m.Never, pattern)
		assert.Contains(t, m.Problem, want.problem, pattern)
		assert.Contains(t, m.Remedy, want.remedy, pattern)
	}
}

func TestTheReasonNamesTheDeepestFolderAndTheNearestName(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, path := range []string{"log/app.log", "log/App2/server.log", "log/nginx/access.log", "log/nginx/old/x.gz", "srv/a/logs/out.log", "srv/b/other", "same/app1.log", "same/db.log.1"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, path), []byte("x\n"), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(root, "empty"), 0o755))
	for pattern, want := range map[string]struct {
		folder, nearest, problem string
		likely                   bool
	}{
		"log/ap.log":             {folder: "log", nearest: "app.log", likely: true, problem: `the nearest is "app.log"`},
		"log/APP.LOG":            {folder: "log", nearest: "app.log", likely: true},
		"log/pap.log":            {folder: "log", nearest: "app.log", likely: true},
		"log/*.logs":             {folder: "log", nearest: "app.log", likely: true},
		"log/{xx,ap}.log":        {folder: "log", nearest: "app.log", likely: true},
		"lgo/app.log":            {folder: "", nearest: "log", likely: true},
		"log/ngnix/*.log":        {folder: "log", nearest: "nginx", likely: true},
		"log/nginx/acess.log":    {folder: "log/nginx", nearest: "access.log", likely: true},
		"log/nginx/error.log":    {folder: "log/nginx"},
		"log":                    {folder: "log", likely: true, problem: "names a folder"},
		"log/nginx/":             {folder: "log/nginx", likely: true, problem: "names a folder"},
		"log/app.log/*.log":      {folder: "log", likely: true, problem: "is a file, and not a folder"},
		"nosuchthing/x/*.log":    {folder: "", problem: "has no name like"},
		"srv/*/logs/ou.log":      {folder: "srv/a/logs", nearest: "out.log", likely: true},
		"srv/*/lgs/*.log":        {folder: "srv/a", nearest: "logs", likely: true},
		"empty/*.log":            {folder: "empty", problem: "is empty"},
		"log/**/acces.log":       {folder: "log"},
		"same/app2.log":          {folder: "same"},
		"same/db.log":            {folder: "same"},
		"log/nginx/{a,b/c}.log":  {folder: "log/nginx"},
		"log/app.log":            {folder: "log", problem: "is there and is not read"},
		"log/[ab]qq[cd]":         {folder: "log"},
		"log/[":                  {folder: "log"},
		"log/**":                 {folder: "log"},
		"log/nginx/ol/**/*.gz":   {folder: "log/nginx", nearest: "old", likely: true},
		"log/App2/server.logfoo": {folder: "log/App2", nearest: "server.log", likely: true},
	} {
		got := Explain(t.Context(), &safepath.Rules{}, filepath.Join(root)+"/"+pattern)
		assert.Equal(t, filepath.Join(root, want.folder), got.Folder, "%s: %+v", pattern, got)
		assert.Equal(t, want.nearest, got.Nearest, "%s: %+v", pattern, got)
		assert.Equal(t, want.likely, got.Likely, "%s: %+v", pattern, got)
		assert.Contains(t, got.Problem, want.problem, pattern)
		assert.NotEmpty(t, got.Remedy, pattern)
	}
}

func TestAFolderThatMayNotBeLookedIntoIsNamed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	closed := filepath.Join(root, "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(closed, "a.log"), nil, 0o600))
	denied := func(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: fs.ErrPermission} }
	// Whoever runs the tests may be root, who may look into every folder.
	p := newProber(t.Context(), &safepath.Rules{})
	unread, unsearched := *p, *p
	unread.names = func(folder string, most int) ([]fs.DirEntry, error) {
		if folder == closed {
			return nil, denied("open", folder)
		}
		return p.names(folder, most)
	}
	unsearched.stat = func(path string) (fs.FileInfo, error) {
		if filepath.Dir(path) == closed {
			return nil, denied("stat", path)
		}
		return os.Stat(path)
	}
	for name, got := range map[string]finding{
		"may not be read": unread.walk(closed + "/*.log"), "below one that may not be read": unread.walk(root + "/*/x/*.log"),
		"may not be searched": unsearched.walk(closed + "/a.log"),
	} {
		assert.True(t, got.Denied && got.Likely, "%s: %+v", name, got)
		assert.Equal(t, closed, got.Folder, name)
		assert.Contains(t, got.Problem, "may not look into it", name)
	}
}

func TestARelativePatternIsToldWhereItIsLookedFor(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	require.NoError(t, err)
	got := Explain(t.Context(), &safepath.Rules{}, "nosuchfolder/x.log")
	assert.Contains(t, got.Problem, "relative")
	assert.Contains(t, got.Problem, here)
	assert.True(t, got.Likely)
}

func TestTheWorkIsBoundedWhateverThePatternAndTheNamesAre(t *testing.T) {
	t.Parallel()
	folders := make([]fs.DirEntry, 300)
	for i := range folders {
		folders[i] = fs.FileInfoToDirEntry(folderInfo(fmt.Sprint("folder", i)))
	}
	p := newProber(t.Context(), nil)
	listed := 0
	p.names = func(_ string, most int) ([]fs.DirEntry, error) {
		listed++
		return folders[:min(most, len(folders))], nil
	}
	p.walk("/*/*/*/*/*/*/*/*/x.log")
	assert.Less(t, listed, 3*mostLooked)
	names := make([]string, mostNames)
	for i := range names {
		names[i] = strings.Repeat("n", longName-5) + fmt.Sprint(i)
	}
	nearest(strings.Repeat("{a,b}", 50)+strings.Repeat("x", 250), names)
}

// folderInfo is a folder of a name.
type folderInfo string

func (f folderInfo) Name() string     { return string(f) }
func (folderInfo) Size() int64        { return 0 }
func (folderInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (folderInfo) ModTime() time.Time { return time.Time{} }
func (folderInfo) IsDir() bool        { return true }
func (folderInfo) Sys() any           { return nil }

// FuzzPatterns looks for texts that end the program.
func FuzzPatterns(f *testing.F) {
	for _, seed := range []string{"~/x", "/a/{b,c/d}/[e", `\`, "{", "}{", "[", "/**/*", "a*?[x]", "//", "C:\\", "{{{{,,}}", "/tmp/\x00", "\xff\xfe"} {
		f.Add(seed)
	}
	root := f.TempDir()
	require.NoError(f, os.WriteFile(filepath.Join(root, "app.log"), nil, 0o600))
	f.Fuzz(func(t *testing.T, pattern string) {
		if len(pattern) > 300 {
			return
		}
		check(pattern, true)
		check(pattern, false)
		nearest(pattern, []string{"app.log", "söme", ""})
		newProber(t.Context(), &safepath.Rules{}).walk(filepath.Join(root, "x") + "/../" + pattern)
	})
}
