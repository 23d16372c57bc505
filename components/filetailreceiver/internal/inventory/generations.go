package inventory

import (
	"cmp"
	"maps"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
)

// moved notes whose files went from their names.
func (d *decider) moved() {
	if d.o.Moved == nil {
		return
	}
	maps.DeleteFunc(d.o.Moved, func(_ string, m Moved) bool { return d.o.Now.Sub(m.At) > movedTime })
	note := func(k *Known, now string) {
		if cmp.Or(k.Now, k.Was) == k.Path && now != k.Path {
			m := Moved{At: d.o.Now, Modified: k.Modified}
			if now != "" {
				m.Name = now
			}
			d.o.Moved[k.Path] = m
		}
	}
	for i := range d.own {
		out := &d.out[i]
		if out.Displaced >= 0 {
			note(&d.known[out.Displaced], "")
		} else if out.Of >= 0 {
			note(&d.known[out.Of], d.found[i].Path)
		}
	}
	for i := range d.known {
		if k := &d.known[i]; (k.Place == Aside || k.Place == Gone) && k.Since.Equal(d.o.Now) && k.Was == k.Path {
			m := Moved{At: d.o.Now, Modified: k.Modified}
			if k.Place == Aside {
				m.Name = k.Now
			}
			d.o.Moved[k.Path] = m
		}
	}
}

// generationOf finds the log, rotated a moment ago, that a file which nobody has seen before was.
func (d *decider) generationOf(one *files.Found) (string, Moved) {
	if len(d.o.Moved) == 0 {
		return "", Moved{}
	}
	for _, base := range Bases(one.Path)[1:] {
		m, ok := d.o.Moved[base]
		if !ok {
			continue
		}
		is, atEnd := numbered(one.Path, base)
		if is && (m.Name != "" && LaterName(one.Path, m.Name) || m.Name == "" && atEnd) && !one.Modified.Before(m.Modified) {
			return base, m
		}
	}
	return "", Moved{}
}
