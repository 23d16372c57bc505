package filepatterns

import (
	"strings"
	"unicode/utf8"
)

const (
	// longName bounds what is compared: names of file systems have 255 bytes at most (NAME_MAX).
	longName = 255
	// mostChoices bounds the alternatives of braces that are compared.
	mostChoices = 16
	// mostCells bounds the work of one comparison with all names of a folder: about a tenth of a second.
	mostCells = 20_000_000
)

// nearest is the name that is most like one name of a pattern, in which *, ? and classes cost nothing; empty where none is.
func nearest(part string, names []string) (best string) {
	least, cells := -1, 0
	for _, choice := range choices(part) {
		letters := literals(choice)
		if letters == 0 {
			continue
		}
		for _, name := range names {
			if cells += (len(choice) + 1) * (min(len(name), longName) + 1); cells > mostCells {
				return best
			}
			if sameSeries(choice, name) {
				continue
			}
			d := distance(choice, name)
			if strings.EqualFold(choice, name) {
				d = 0 // only the case differs
			}
			if d > max(1, letters/3) || d >= letters {
				continue
			}
			if least < 0 || d < least || d == least && name < best {
				best, least = name, d
			}
		}
	}
	return best
}

// sameSeries reports whether two names differ in their numbers alone, as app1.log, app2.log and app1.log.1 do: one of them may
// be there and the other one come.
func sameSeries(part, name string) bool {
	bare := func(text string) string {
		return strings.TrimRight(strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '*' || r == '?' {
				return -1
			}
			return r
		}, text), "._-")
	}
	return part != name && bare(part) == bare(name)
}

// literals is how many characters of a part stand for themselves.
func literals(part string) int {
	n := 0
	for _, t := range tokens(part) {
		if t != anyOne && t != anyMany {
			n++
		}
	}
	return n
}

// Tokens that stand for one character, and for any number of them. No text has them.
const (
	anyOne  rune = -1
	anyMany rune = -2
)

// tokens are a part's characters, without escapes.
func tokens(part string) (all []rune) {
	runes := []rune(part)
	for i := 0; i < len(runes) && len(all) < longName; i++ {
		switch r := runes[i]; r {
		case '*':
			if len(all) == 0 || all[len(all)-1] != anyMany {
				all = append(all, anyMany)
			}
		case '?':
			all = append(all, anyOne)
		case '[':
			end := strings.IndexRune(string(runes[i+1:]), ']')
			if end < 0 {
				all = append(all, r)
				continue
			}
			i += 1 + utf8.RuneCountInString(string(runes[i+1:])[:end])
			all = append(all, anyOne)
		case '\\':
			if i+1 < len(runes) {
				i++
			}
			all = append(all, runes[i])
		default:
			all = append(all, r)
		}
	}
	return all
}

// choices are what a part's first braces stand for, with the rest of it.
func choices(part string) []string {
	open := strings.IndexByte(part, '{')
	if open < 0 {
		return []string{part}
	}
	end := strings.IndexByte(part[open:], '}')
	if end < 0 || strings.IndexByte(part[open+1:open+end], '{') >= 0 {
		return nil // nested: nothing is said of it
	}
	var all []string
	rests := choices(part[open+end+1:])
	for _, one := range strings.Split(part[open+1:open+end], ",") {
		for _, rest := range rests {
			if len(all) < mostChoices {
				all = append(all, part[:open]+one+rest)
			}
		}
	}
	return all
}

// distance is how many characters have to be put in, taken out, replaced or swapped with their neighbour so that a name
// matches a part (optimal string alignment).
func distance(part, name string) int {
	p, n := tokens(part), []rune(name)
	if len(n) > longName {
		n = n[:longName]
	}
	rows := make([][]int, len(p)+1)
	for i := range rows {
		rows[i] = make([]int, len(n)+1)
	}
	for j := range n {
		rows[0][j+1] = j + 1
	}
	for i, r := range p {
		row, above := rows[i+1], rows[i]
		if row[0] = above[0] + 1; r == anyMany {
			row[0] = above[0]
		}
		for j := range n {
			switch {
			case r == anyMany:
				row[j+1] = min(above[j+1], row[j])
				continue
			case r == anyOne || r == n[j]:
				row[j+1] = above[j]
			default:
				row[j+1] = above[j] + 1
			}
			row[j+1] = min(row[j+1], above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && p[i-1] >= 0 && r == n[j-1] && p[i-1] == n[j] {
				row[j+1] = min(row[j+1], rows[i-1][j-1]+1)
			}
		}
	}
	return rows[len(p)][len(n)]
}
