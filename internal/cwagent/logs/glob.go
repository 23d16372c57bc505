package logs

import (
	"path"
	"regexp"
	"strings"
)

// compressed are names of files that the agent never reads.
var compressed = []string{".tar", ".zst", ".gz", ".zip", ".bz2", ".rar"}

func isCompressed(path string) bool {
	for _, end := range compressed {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

// hasMeta tells whether a path of the agent is a pattern.
func hasMeta(path string) bool { return strings.ContainsAny(path, "*?[") }

var variable = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// pattern is a path of the agent as file_tail's. The agent's ** is any text, with folders or without: in file_tail it is any
// number of folders, and stands between slashes. Braces mean something to the agent in a pattern with ** alone.
func pattern(os, agent string) string {
	if os == "windows" {
		agent = strings.ReplaceAll(agent, `\`, "/")
	}
	if !hasMeta(agent) || !strings.Contains(agent, "**") {
		return braces(os, agent, !hasMeta(agent))
	}
	segments := strings.Split(agent, "/")
	for i, segment := range segments {
		for strings.Contains(segment, "***") {
			segment = strings.ReplaceAll(segment, "***", "**")
		}
		last := i == len(segments)-1
		before, after, found := strings.Cut(segment, "**")
		switch {
		case !found:
			segments[i] = segment
		case before == "" && after == "" && last:
			segments[i] = "**"
		case before == "" && after == "": // a slash on either side: one folder at least
			segments[i] = "*/**"
		case before == "":
			segments[i] = "**/*" + deep(after)
		default:
			segments[i] = "{" + before + "*" + deep(after) + "," + before + "*/**/*" + deep(after) + "}"
		}
	}
	return strings.Join(segments, "/")
}

// deep is what stands after the first ** of a name: another one there is taken for a *.
func deep(rest string) string { return strings.ReplaceAll(rest, "**", "*") }

// braces keeps braces from meaning something, and a backslash, too, where the path is no pattern.
func braces(os, text string, backslashes bool) string {
	escape := func(text string) string {
		if os == "windows" { // where nothing can be escaped
			return strings.NewReplacer("{", "?", "}", "?").Replace(text)
		}
		if backslashes {
			text = strings.ReplaceAll(text, `\`, `\\`)
		}
		return strings.NewReplacer("{", `\{`, "}", `\}`).Replace(text)
	}
	var out strings.Builder
	end := 0
	for _, at := range variable.FindAllStringIndex(text, -1) {
		out.WriteString(escape(text[end:at[0]]) + text[at[0]:at[1]])
		end = at[1]
	}
	return out.String() + escape(text[end:])
}

// stateFolder is where the agent keeps its offsets, which it never reads as logs.
func stateFolder(os string) string {
	if os == "windows" {
		return "C:/ProgramData/Amazon/AmazonCloudWatchAgent/Logs/state"
	}
	return "/opt/aws/amazon-cloudwatch-agent/logs/state"
}

// mayMatchState tells whether a pattern could name the agent's own state.
func mayMatchState(os, pattern string) bool {
	fixed := pattern
	if i := strings.IndexAny(pattern, "*?[{"); i >= 0 {
		fixed = pattern[:i]
	}
	fold := func(s string) string {
		if os == "windows" {
			return strings.ToLower(s)
		}
		return s
	}
	return strings.Contains(pattern, "**") && strings.HasPrefix(fold(stateFolder(os)), fold(fixed))
}

// withoutExtension is the agent's group of a path: all before the last point of its last part.
func withoutExtension(os, file string) string {
	end := path.Ext(file)
	if os == "windows" {
		end = path.Ext(strings.ReplaceAll(file, `\`, "/"))
	}
	return strings.TrimSuffix(file, end)
}
