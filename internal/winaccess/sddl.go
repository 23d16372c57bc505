package winaccess

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Security identifiers that mean the same on every host.
const (
	sidSystem           = "S-1-5-18"
	sidAdministrators   = "S-1-5-32-544"
	sidTrustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	sidCreatorOwner     = "S-1-3-0"
	sidOwnerRights      = "S-1-3-4"

	// SIDEventLogReaders and SIDPerformanceMonitorUsers are local groups, whose names depend on the language of Windows.
	SIDEventLogReaders         = "S-1-5-32-573"
	SIDPerformanceMonitorUsers = "S-1-5-32-558"
)

// ServiceSID is the identifier of NT SERVICE\name, which Windows makes of the service's name.
func ServiceSID(name string) string {
	var text []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(name))) {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	sum := sha1.Sum(text)
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(sum[i:])), 10)
	}
	return sid
}

// aliases are the abbreviations of SDDL that the decision or its messages need. An unknown one stays as it is, and is
// nobody who is trusted.
var aliases = map[string]string{
	"SY": sidSystem, "BA": sidAdministrators, "CO": sidCreatorOwner, "OW": sidOwnerRights,
	"WD": "S-1-1-0", "AU": "S-1-5-11", "IU": "S-1-5-4", "LS": "S-1-5-19", "NS": "S-1-5-20",
	"BU": "S-1-5-32-545", "PU": "S-1-5-32-547", "CG": "S-1-3-1", "AC": "S-1-15-2-1",
}

// Rights to a file or folder, as Windows numbers them.
const (
	rightReadData    = 0x1 // list a folder
	rightReadEA      = 0x8
	rightExecute     = 0x20
	rightDeleteChild = 0x40
	rightReadAttr    = 0x80
	rightDelete      = 0x10000
	rightReadControl = 0x20000
	rightWriteDAC    = 0x40000
	rightWriteOwner  = 0x80000
	rightSynchronize = 0x100000
	rightMaximum     = 0x2000000
	rightAll         = 0x10000000
	rightGenericExec = 0x20000000
	rightGenericRead = 0x80000000
)

var rights = map[string]uint32{
	"GA": rightAll, "GR": rightGenericRead, "GW": 0x40000000, "GX": rightGenericExec,
	"RC": rightReadControl, "SD": rightDelete, "WD": rightWriteDAC, "WO": rightWriteOwner,
	"CC": 0x1, "DC": 0x2, "LC": 0x4, "SW": 0x8, "RP": 0x10, "WP": 0x20, "DT": 0x40, "LO": 0x80, "CR": 0x100,
	"FA": 0x1f01ff, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200a0,
	"KA": 0xf003f, "KR": 0x20019, "KW": 0x20006, "KX": 0x20019,
}

// descriptor is who owns something, and who may do what with it.
type descriptor struct {
	owner string
	// open is true where there is no list: everybody may do everything.
	open    bool
	entries []entry
}

// entry is a line of the list.
type entry struct {
	allows      bool
	inheritOnly bool // it is for what is made in the folder, not for the folder
	mask        uint32
	sid         string
}

// parse reads a security descriptor in the form of ConvertSecurityDescriptorToStringSecurityDescriptor. What it does not
// know is an error: nothing may be trusted by mistake.
func parse(sddl string) (d descriptor, err error) {
	d.open = true
	for rest := sddl; rest != ""; {
		if len(rest) < 2 || rest[1] != ':' {
			return d, fmt.Errorf("security descriptor %q: a part such as O: or D: is expected at %q", sddl, rest)
		}
		part := rest[0]
		value, after := section(rest[2:])
		rest = after
		switch part {
		case 'O':
			d.owner = sidOf(value)
		case 'D':
			if d.open, d.entries, err = list(value); err != nil {
				return d, fmt.Errorf("security descriptor %q: %w", sddl, err)
			}
		case 'G', 'S':
		default:
			return d, fmt.Errorf("security descriptor %q: unknown part %q", sddl, string(part))
		}
	}
	return d, nil
}

// section cuts a text before the next part: a letter with a colon outside parentheses.
func section(text string) (value, rest string) {
	depth := 0
	for i, c := range text {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ':' && depth == 0 && i > 0:
			return text[:i-1], text[i-1:]
		}
	}
	return text, ""
}

func sidOf(text string) string {
	if sid, ok := aliases[text]; ok {
		return sid
	}
	return text
}

// list reads the flags and entries of an access list.
func list(text string) (open bool, entries []entry, err error) {
	flags, rest := text, ""
	if i := strings.IndexByte(text, '('); i >= 0 {
		flags, rest = text[:i], text[i:]
	}
	if strings.Contains(flags, "NO_ACCESS_CONTROL") {
		return true, nil, nil
	}
	for rest != "" {
		end := closing(rest)
		if rest[0] != '(' || end < 0 {
			return false, nil, fmt.Errorf("an entry in parentheses is expected at %q", rest)
		}
		e, err := entryOf(rest[1:end])
		if err != nil {
			return false, nil, err
		}
		entries = append(entries, e)
		rest = rest[end+1:]
	}
	return false, entries, nil
}

// closing is where the parenthesis ends that a text begins with, or -1.
func closing(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func entryOf(text string) (e entry, err error) {
	fields := strings.SplitN(text, ";", 7) // the seventh is a condition
	if len(fields) < 6 {
		return e, fmt.Errorf("entry %q has %d fields instead of 6", text, len(fields))
	}
	switch fields[0] {
	case "A", "OA", "XA", "ZA": // with a condition (X, Z) as without: who knows when it is met
		e.allows = true
	case "D", "OD", "XD":
	default:
		return e, fmt.Errorf("entry %q is of an unknown kind", text)
	}
	for flags := fields[1]; flags != ""; flags = flags[2:] {
		if len(flags) < 2 {
			return e, fmt.Errorf("entry %q has unknown flags", text)
		}
		e.inheritOnly = e.inheritOnly || flags[:2] == "IO"
	}
	if e.mask, err = maskOf(fields[2]); err != nil {
		return e, fmt.Errorf("entry %q: %w", text, err)
	}
	e.sid = sidOf(fields[5])
	return e, nil
}

func maskOf(text string) (mask uint32, err error) {
	if text != "" && text[0] >= '0' && text[0] <= '9' {
		n, err := strconv.ParseUint(text, 0, 32)
		return uint32(n), err
	}
	for ; text != ""; text = text[min(2, len(text)):] {
		bits, ok := rights[text[:min(2, len(text))]]
		if !ok {
			return 0, fmt.Errorf("unknown rights %q", text)
		}
		mask |= bits
	}
	return mask, nil
}
