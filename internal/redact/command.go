package redact

import (
	"regexp"
	"strings"
)

var (
	argument = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s"']+|["']`)
	flagName = regexp.MustCompile(`^--?[A-Za-z][A-Za-z0-9_-]*$`)
	// telling are arguments that say where something is, and not what it is: paths and ARNs.
	telling = regexp.MustCompile(`^(?:/|\./|[A-Za-z]:[\\/])[A-Za-z0-9_./\\ -]*$|^arn:aws[a-z-]*:[A-Za-z0-9:/_.-]+$`)
	verb    = regexp.MustCompile(`^[a-z]+(?:-[a-z]+)*$`)
)

// Command is a command line whose arguments are shown where they tell what it does: flags, paths, ARNs, a verb behind the
// program, and what stands behind a flag that is not named like a secret. The rest is hidden.
func Command(line string) string {
	words := argument.FindAllString(line, -1)
	before := "" // the flag that a word belongs to
	for i, word := range words {
		bare := strings.Trim(word, `"'`)
		flag, value, set := strings.Cut(bare, "=")
		switch {
		case i == 0:
			words[i] = Text(word)
			continue
		case flagName.MatchString(bare):
			before = bare
			continue
		case set && flagName.MatchString(flag):
			if secretFlag(flag) && !telling.MatchString(value) {
				words[i] = flag + "=" + Mark
			} else {
				words[i] = Text(word)
			}
		case telling.MatchString(bare), before != "" && !secretFlag(before), i == 1 && verb.MatchString(bare):
			words[i] = Text(word)
		default:
			words[i] = Mark
		}
		before = ""
	}
	return strings.Join(words, " ")
}

// secretFlag reports whether what is behind a flag may be a secret: flags of one letter tell nothing.
func secretFlag(flag string) bool {
	name := strings.TrimLeft(flag, "-")
	return len(name) == 1 || secretParameter(name)
}
