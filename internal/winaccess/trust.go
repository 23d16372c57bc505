package winaccess

import (
	"fmt"
	"slices"
	"strings"
)

// role is what a file or folder is for the service.
type role int

const (
	// content is what the service reads, and the folders whose files it reads: nobody else may change anything of it.
	content role = iota
	// above is a folder on the way to content: others may make files in it, as in C:\ProgramData, and may neither move nor
	// remove what leads to the content.
	above
	// volume is the root of a drive, which cannot be moved itself.
	volume
)

// harmless are the rights that change nothing. Every other one does, the right to write attributes included: it is enough
// to make a link of an empty folder.
const harmless = rightReadData | rightReadEA | rightExecute | rightReadAttr | rightReadControl | rightSynchronize |
	rightGenericRead | rightGenericExec

// harmful are the rights that let somebody replace what is below a folder.
const harmful = rightDeleteChild | rightDelete | rightWriteDAC | rightWriteOwner | rightMaximum | rightAll

// object is a file or folder as it was found.
type object struct {
	path string
	sddl string
	// link is true for symbolic links and junctions.
	link bool
	// names is how many hard links a file has.
	names uint32
	file  bool
}

// Trusted are the security identifiers that may own and change content.
type Trusted []string

// NewTrusted are the system, administrators, and accounts besides. An empty one is nobody.
func NewTrusted(service string, accounts ...string) Trusted {
	t := Trusted{sidSystem, sidAdministrators, sidTrustedInstaller, ServiceSID(service)}
	for _, a := range accounts {
		if a != "" {
			t = append(t, a)
		}
	}
	return t
}

// check says what is wrong with an object, and how it is mended. who is a SID, for its name.
func (t Trusted) check(o object, r role, name func(sid string) string) error {
	remedy := func(command string) error {
		return fmt.Errorf("look at what is in it, remove it if it is not yours, and otherwise run as administrator: %s", command)
	}
	if o.link {
		return fmt.Errorf("%s is a link, which may lead to what others write: name what it leads to, or put the file itself there", o.path)
	}
	if r == content && o.file && o.names > 1 {
		return fmt.Errorf("%s is one of %d names (hard links) of a file: replace it by a copy", o.path, o.names)
	}
	d, err := parse(o.sddl)
	if err != nil {
		return fmt.Errorf("%s: %w", o.path, err)
	}
	if !slices.Contains(t, d.owner) {
		return fmt.Errorf("%s belongs to %s, who may change it at any time; only the system, administrators and the service may own it: %w",
			o.path, named(d.owner, name), remedy(fmt.Sprintf(`icacls "%s" /setowner *%s`, o.path, sidAdministrators)))
	}
	if d.open {
		return fmt.Errorf("%s may be changed by everybody, as it has no access list: %w", o.path,
			remedy(fmt.Sprintf(`icacls "%s" /inheritance:r /grant *%s:F *%s:F`, o.path, sidSystem, sidAdministrators)))
	}
	for _, e := range d.entries {
		if !e.allows || e.sid == sidCreatorOwner || e.sid == sidOwnerRights || slices.Contains(t, e.sid) || !e.changes(r) {
			continue
		}
		return fmt.Errorf("%s may be changed by %s (rights 0x%x); only the system, administrators and the service may change it: %w",
			o.path, named(e.sid, name), e.mask, remedy(fmt.Sprintf(`icacls "%s" /inheritance:d & icacls "%s" /remove:g *%s`, o.path, o.path, e.sid)))
	}
	return nil
}

// changes reports whether an entry lets somebody change content. What a folder hands down counts as if it were there: the
// next file has it.
func (e entry) changes(r role) bool {
	switch {
	case r == content:
		return e.mask&^harmless != 0
	case e.inheritOnly:
		return false
	case r == volume:
		return e.mask&(harmful&^rightDelete) != 0
	}
	return e.mask&harmful != 0
}

func named(sid string, name func(string) string) string {
	if n := name(sid); n != "" {
		return sid + " (" + n + ")"
	}
	return sid
}

// way is a path and the folders above it, from the drive's root down: what was found to be safe cannot be changed by
// others while what is below is looked at. It is empty for a path that is on no drive: what is on a share is its server's.
func way(path string) []string {
	path = strings.TrimPrefix(strings.ReplaceAll(path, "/", `\`), `\\?\`)
	if len(path) < 3 || path[1] != ':' || path[2] != '\\' {
		return nil
	}
	all := []string{path[:3]}
	for i := 3; i < len(path); i++ {
		if path[i] == '\\' {
			all = append(all, path[:i])
		}
	}
	if len(path) > 3 {
		all = append(all, path)
	}
	return all
}

// LocalPath is the path of a value of --config that is on this host, and whether it is a folder of layers. It is "" for
// another value.
func LocalPath(uri string) (path string, folder bool) {
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case !found || len(scheme) == 1: // C:\…
		return uri, false
	case scheme == "file":
		return rest, false
	case scheme == "dir":
		path, _, _ := strings.Cut(rest, "?")
		return path, true
	}
	return "", false
}
