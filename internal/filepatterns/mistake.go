package filepatterns

import (
	"regexp"
	"runtime"
	"strings"
)

// Mistake is what the text of a pattern shows.
type Mistake struct {
	// Never says that nobody can have meant the pattern as it is read. Others may match, and are worth a word if they do not.
	Never bool
	// Problem and Remedy are one sentence each, without a capital and a period.
	Problem, Remedy string
}

var (
	home      = regexp.MustCompile(`^~[A-Za-z0-9._-]*([/\\]|$)`)
	shell     = regexp.MustCompile(`^\$(\w+|\{\w+\}|\(\w+\))([/\\]|$)`)
	shellIn   = regexp.MustCompile(`[/\\]\$(\w+|\{\w+\})([/\\]|$)`)
	batch     = regexp.MustCompile(`^%\w+(\(x86\))?%`)
	batchIn   = regexp.MustCompile(`%\w+(\(x86\))?%`)
	scheme    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:/{2,}`)
	quoted    = regexp.MustCompile(`^(".*"|'.*'|` + "`.*`" + `)$`)
	template  = regexp.MustCompile(`\{\{.*\}\}|<%.*%>`)
	several   = regexp.MustCompile(`[,;:]\s*/|\s[/~]`)
	severalOf = regexp.MustCompile(`[,;]\s*[A-Za-z]:[/\\]`) // on Windows
	drive     = regexp.MustCompile(`^[A-Za-z]:([/\\]|$)`)
	share     = regexp.MustCompile(`^[/\\]{2}[^/\\]`)
	escape    = regexp.MustCompile(`\\[^*?\[\]{}\\,!^-]`)
	expr      = regexp.MustCompile(`^\^|\$$|\\[.dws]|\.\+|\([^()]*\|[^()]*\)`)
	joined    = regexp.MustCompile(`[^/\\]\*\*|\*\*[^/\\]`)
	oneChoice = regexp.MustCompile(`\{[^{},/\\]*\}`)
	dated     = regexp.MustCompile(`%[YmdHjy](%|[-_./]|$)|\b(YYYY|yyyy)[-_.]?(MM|mm)`)
)

// Mistakes that say the same of every pattern.
var (
	relativeOnUnix = Mistake{
		Problem: "it is relative: it is looked for below the folder in which the collector was started, which is the root for a service",
		Remedy:  "write the whole path, from / on",
	}
	relativeOnWindows = Mistake{
		Problem: "it is relative: it is looked for below the folder in which the collector was started, which is the system's for a service",
		Remedy:  `write the whole path with its drive, such as C:\logs\*.log`,
	}
	regular = Mistake{
		Problem: "it looks like a regular expression, and patterns of paths are read as the shell's",
		Remedy:  "write * for any characters of a name, ? for one, {a,b} for alternatives, ** for any folders; exclude_names takes regular expressions",
	}
)

// Check says what is wrong with a pattern, or probably is, without a look at the disk. ok is false where nothing is.
func Check(pattern string) (m Mistake, ok bool) { return check(pattern, runtime.GOOS == "windows") }

func check(p string, windows bool) (Mistake, bool) {
	never := func(problem, remedy string) (Mistake, bool) { return Mistake{true, problem, remedy}, true }
	maybe := func(problem, remedy string) (Mistake, bool) { return Mistake{false, problem, remedy}, true }
	switch {
	case home.MatchString(p):
		return never("~ is replaced by a shell, and no shell reads this",
			`write the folder itself, such as "/home/app/`+clip(afterFirst(p))+`", or "${env:HOME}/…" for that of the user who runs the collector`)
	case shell.MatchString(p):
		name := strings.Trim(shell.FindStringSubmatch(p)[1], "{}()")
		return never("$"+name+" is replaced by a shell, and no shell reads this",
			"write ${env:"+name+"} for a variable of the collector's own environment, or the folder itself")
	case batch.MatchString(p):
		name := strings.Trim(batch.FindString(p), "%")
		return never("%"+name+"% is replaced by Windows' command line, and it does not read this",
			"write ${env:"+name+"} for a variable of the collector's own environment, or the folder itself")
	case scheme.MatchString(p):
		return never("it is a URL, and files are named by their paths", "write "+quote("/"+strings.TrimLeft(p[strings.Index(p, ":")+1:], "/")))
	case quoted.MatchString(p):
		return never("the quotation marks are a part of it", "write "+quote(p[1:len(p)-1]))
	case strings.TrimSpace(p) != p:
		return maybe("it begins or ends with a space, which is a part of it", "write "+quote(strings.TrimSpace(p)))
	case template.MatchString(p):
		return maybe("it has a placeholder of a template that was not filled in", "write ${env:NAME} for a variable of the environment, or * for any characters of a name")
	case !strings.Contains(p, "{") && (!windows && several.MatchString(p) || severalOf.MatchString(p)):
		return maybe("it has several paths in one text", `write a list with one pattern for each, as in ["/var/log/a/*.log", "/var/log/b/*.log"]`)
	case !windows && drive.MatchString(p):
		return maybe("it begins with a drive, which only Windows has", "write the path of this system, or leave the pattern out here")
	case !windows && share.MatchString(p) && strings.HasPrefix(p, `\\`):
		return maybe("it is a share's path, which only Windows has", "write the path under which the share is mounted")
	case shellIn.MatchString(p):
		return maybe("it has a variable of the shell, and no shell reads this", "write ${env:NAME} for a variable of the collector's own environment")
	case batchIn.MatchString(p):
		return maybe("it has a variable of Windows' command line, which does not read this", "write ${env:NAME} for a variable of the collector's own environment")
	case dated.MatchString(p):
		return maybe("it has a layout of dates, which is not filled in", "write * in its place, and exclude_older_than for how old files may be")
	case !windows && expr.MatchString(p), windows && expr.MatchString(strings.ReplaceAll(p, `\`, "/")):
		return regular, true
	case !windows && escape.MatchString(p):
		return maybe(`\ makes the character after it an ordinary one`, "write / between folders: "+quote(strings.ReplaceAll(p, `\`, "/")))
	case !absolute(p, windows):
		if windows {
			return relativeOnWindows, true
		}
		return relativeOnUnix, true
	case strings.HasSuffix(p, "/"), windows && strings.HasSuffix(p, `\`):
		return maybe("it names a folder, and not the files in it", "write "+quote(p+"*")+", or "+quote(p+"**/*")+" for those of all folders below it")
	case joined.MatchString(p):
		return maybe("** is for folders only where it stands alone between two separators; here it is read as *", `write **/ before the name, as in "/var/log/**/*.log"`)
	case oneChoice.MatchString(p):
		return maybe("braces are for alternatives, as in {a,b}, and those with one thing in them stand for that", "write * for what differs, or a placeholder such as ${env:NAME}")
	}
	return Mistake{}, false
}

func absolute(p string, windows bool) bool {
	if windows {
		return drive.MatchString(p) && len(p) > 2 || share.MatchString(p)
	}
	return strings.HasPrefix(p, "/")
}

// afterFirst is what stands after the first separator.
func afterFirst(p string) string {
	if i := strings.IndexAny(p, `/\`); i >= 0 {
		return p[i+1:]
	}
	return ""
}

// most is how much of a text is repeated.
const most = 200

func clip(text string) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func quote(text string) string { return `"` + clip(text) + `"` }
