package logtime

import (
	"strings"
	"time"
)

// maxZoneName is how many letters the name of a zone has at most: AEDT and ChST have four, and the military ones one.
const maxZoneName = 5

// zones are names of zones that mean one thing wherever they are written: those of RFC 5322 (section 4.3), and names in the time zone
// database that no second zone has today. CST, IST, BST, AST and SST are left out: they are of several continents.
var zones = map[string]int{
	"UTC": 0, "GMT": 0, "UT": 0, "Z": 0,
	"EST": -5 * hour, "EDT": -4 * hour, "CDT": -5 * hour, "MST": -7 * hour, "MDT": -6 * hour, "PST": -8 * hour, "PDT": -7 * hour,
	"WET": 0, "WEST": 1 * hour, "CET": 1 * hour, "CEST": 2 * hour, "MET": 1 * hour, "MEST": 2 * hour, "EET": 2 * hour, "EEST": 3 * hour, "MSK": 3 * hour,
	"AKST": -9 * hour, "AKDT": -8 * hour, "HST": -10 * hour, "NST": -3*hour - hour/2, "NDT": -2*hour - hour/2, "BRT": -3 * hour,
	"JST": 9 * hour, "KST": 9 * hour, "HKT": 8 * hour, "SGT": 8 * hour, "PHT": 8 * hour, "WIB": 7 * hour, "WITA": 8 * hour, "WIT": 9 * hour, "ICT": 7 * hour,
	"PKT": 5 * hour, "NPT": 5*hour + 45*60, "IDT": 3 * hour,
	"AEST": 10 * hour, "AEDT": 11 * hour, "ACST": 9*hour + hour/2, "ACDT": 10*hour + hour/2, "AWST": 8 * hour, "NZST": 12 * hour, "NZDT": 13 * hour, "CHST": 10 * hour,
	"SAST": 2 * hour, "EAT": 3 * hour, "CAT": 2 * hour, "WAT": 1 * hour,
}

// hour is one in seconds.
const hour = 3600

// namesOf are the names of a location's own zones in the years about now, in capitals: CST is China's in Asia/Shanghai.
func namesOf(location *time.Location, now time.Time) map[string]int {
	names := map[string]int{}
	for at := now.AddDate(-1, 0, 0); at.Before(now.AddDate(1, 0, 0)); at = at.AddDate(0, 1, 0) {
		name, offset := at.In(location).Zone()
		if name != "" && letter(name[0]) {
			names[strings.ToUpper(name)] = offset
		}
	}
	return names
}

// zone looks the name of a zone up: the location's own first. It reports whether the name is known.
func (p *Parser) zone(f *fields) bool {
	if f.zoneName == "" {
		return true
	}
	var capitals [maxZoneName]byte
	n := copy(capitals[:], f.zoneName)
	for i := range n {
		capitals[i] &^= 0x20
	}
	offset, ok := p.own[string(capitals[:n])]
	if !ok {
		offset, ok = zones[string(capitals[:n])]
	}
	if ok {
		f.hasZone, f.offset = true, offset
	}
	return ok
}
