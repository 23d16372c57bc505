package inventory

import (
	"path/filepath"
	"strconv"
	"strings"
)

// separators stand between a log's name and what a rotation or a copy adds to it.
const separators = ".-_~ #"

// archiveEnd is what programs that compress add to a name.
const archiveEnd = ".gz"

// mostBases bounds how many names a name is looked up under: who makes a file chooses its name.
const mostBases = 96

// Plain is a name without the end that a compressing program gave it.
func Plain(name string) string {
	if n := len(name) - len(archiveEnd); n > 0 && strings.EqualFold(name[n:], archiveEnd) {
		return name[:n]
	}
	return name
}

// Extends reports whether a file's name may have been made from another one: app.log.1, app.log-20260101.gz, app.log.bak,
// app-1.log, old_app.log and .app.log.Xy12 of app.log. Folders do not matter, and a name extends itself.
func Extends(path, base string) bool {
	name, of := Plain(filepath.Base(path)), Plain(filepath.Base(base))
	if name == of {
		return true
	}
	if len(name) <= len(of) || of == "" {
		return false
	}
	if strings.HasPrefix(name, of) && separates(name[len(of)]) || strings.HasSuffix(name, of) && separates(name[len(name)-len(of)-1]) {
		return true
	}
	if n := strings.Index(name[1:], of) + 1; n > 0 && n+len(of) < len(name) && separates(name[n-1]) && separates(name[n+len(of)]) {
		return true
	}
	stem, end := cut(of)
	return end != "" && stem != "" && strings.HasPrefix(name, stem) && separates(name[len(stem)]) && strings.HasSuffix(name, end)
}

// added is what a name has beside the one that it extends, and whether it stands at the end.
func added(name, base string) (text string, atEnd bool) {
	name, base = Plain(name), Plain(base)
	if text, ok := strings.CutPrefix(name, base); ok {
		return text, true
	}
	stem, end := cut(base)
	if end != "" && strings.HasPrefix(name, stem) && strings.HasSuffix(name, end) && len(name) > len(base) {
		return name[len(stem) : len(name)-len(end)], false
	}
	return "", false
}

// numbered reports whether a name is another one with a number or a date, as rotation gives it, and nothing else.
func numbered(path, base string) (is, atEnd bool) {
	text, atEnd := added(filepath.Base(path), filepath.Base(base))
	return strings.ContainsAny(text, "0123456789") && strings.Trim(text, separators+"0123456789T:+Z") == "", atEnd
}

// Dated reports whether a name has a date or a time, or a number after its end as in app.log.1, and returns the name without
// the numbers, which all generations of a log then share.
func Dated(path string) (of string, is bool) {
	name := Plain(filepath.Base(path))
	digits := 0
	for _, c := range []byte(name) {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	text := Plain(path)
	if bare := strings.TrimRight(text, "0123456789"); bare != text && strings.HasSuffix(bare, ".") && filepath.Ext(bare[:len(bare)-1]) != "" {
		return bare[:len(bare)-1], true
	}
	return shape(text), digits >= 6
}

// shape is a path in which each number is a #, and each of four digits or more, as of a date, an @: what a rotation makes of one log
// has one shape, which worker-3.log does not share with worker-20261128.log.
func shape(path string) string {
	folder, name := filepath.Split(Plain(path))
	var b strings.Builder
	b.WriteString(folder)
	for len(name) > 0 {
		text := strings.TrimLeft(name, "0123456789")
		switch digits := len(name) - len(text); {
		case digits >= 4:
			b.WriteByte('@')
		case digits > 0:
			b.WriteByte('#')
		default:
			b.WriteByte(name[0])
			text = name[1:]
		}
		name = text
	}
	return b.String()
}

// mostApart is how far the numbers of two generations may be apart whose names do not say which way they count.
const mostApart = 8

// LaterName reports whether the name of a generation is of the same shape as that of another, and later: a date is, and app.log.1 is later
// than app.log.2.
func LaterName(path, than string) bool {
	form := shape(path)
	if form != shape(than) || path == than {
		return false
	}
	if strings.Contains(filepath.Base(form), "@") {
		return Plain(path) > Plain(than)
	}
	a, atEnd := number(path)
	b, _ := number(than)
	if atEnd {
		return a < b
	}
	return max(a-b, b-a) <= mostApart
}

// number is the last number of a name, and whether the name ends with it after a point.
func number(path string) (n int, atEnd bool) {
	name := Plain(filepath.Base(path))
	to := strings.LastIndexAny(name, "0123456789") + 1
	from := len(strings.TrimRight(name[:to], "0123456789"))
	n, _ = strconv.Atoi(name[from:to]) // 0 where there is none
	return n, to == len(name) && from > 0 && name[from-1] == '.'
}

// Bases are the paths of files that one may be a copy or a generation of, by its name: those of its folder, and of the two above
// it, as archive/app.log.1 is of app.log.
func Bases(path string) []string {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder)
	name = Plain(name)
	all := []string{filepath.Join(folder, name)}
	add := func(base string) {
		if base != "" && len(all) < mostBases {
			all = append(all, filepath.Join(folder, base))
		}
	}
	var cuts []int
	for i := range len(name) {
		if separates(name[i]) {
			cuts = append(cuts, i)
		}
	}
	for range 3 {
		for n := len(cuts) - 1; n >= 0; n-- { // the longest first
			add(name[:cuts[n]])
		}
		for n, from := range cuts {
			add(name[from+1:])
			for _, at := range cuts[:n] {
				add(name[:at] + name[from:])
				add(name[at+1 : from])
			}
		}
		above := filepath.Dir(folder)
		if above == folder {
			break
		}
		folder = above
		add(name)
	}
	return all
}

// cut divides a name before its last point.
func cut(name string) (stem, end string) {
	end = filepath.Ext(name)
	return strings.TrimSuffix(name, end), end
}

func separates(c byte) bool { return strings.IndexByte(separators, c) >= 0 }

// nearby reports whether a file is where a copy of another one is expected: in its folder, in one of the two below it, or anywhere under
// a name that has more than its own. Files of one name in other folders are logs of their own: of jobs, of containers.
func nearby(path, of string) bool {
	if Plain(filepath.Base(path)) != Plain(filepath.Base(of)) && Extends(path, of) {
		return true
	}
	return beside(path, of)
}

// beside reports whether a file is in the folder of another one, or in one of the two below it.
func beside(path, of string) bool {
	folder, near := filepath.Dir(path), filepath.Dir(of)
	for range 3 {
		if folder == near {
			return true
		}
		folder = filepath.Dir(folder)
	}
	return false
}
