package reload

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// memory is what is known of the configurations of one set of --config values. The zero value keeps nothing.
type memory struct {
	store
	key   string // tells collectors with other --config values apart
	build string // the program's version
	boot  string // of the machine
}

func newMemory(dir, build string, uris []string) memory {
	sum := sha256.Sum256([]byte(strings.Join(uris, "\x00")))
	return memory{store: store{dir: dir}, key: hex.EncodeToString(sum[:6]), build: build, boot: bootID()}
}

// good is a configuration that has run healthily. It holds secrets.
type good struct {
	Saved  time.Time        `json:"saved"`
	Build  string           `json:"build"`
	URIs   []string         `json:"uris"`
	Layers []layers.Layer   `json:"layers"`
	Values map[string]value `json:"values"`
}

func (m memory) name(kind string) string { return m.key + "." + kind }

func (m memory) save(kind string, content any, generations bool) error {
	return m.store.save(m.name(kind), content, generations)
}

func (m memory) load(kind string, content any) (bool, error) {
	return m.store.load(m.name(kind), content)
}

// remember keeps a snapshot as the last known good one. What the environment said is asked again at the
// next start, and stays off the disk.
func (m memory) remember(s *snapshot, uris []string, now time.Time) error {
	g := good{Saved: now.UTC().Truncate(time.Second), Build: m.build, URIs: uris, Layers: s.layers, Values: map[string]value{}}
	for uri, v := range s.values {
		if !strings.HasPrefix(uri, "env:") {
			g.Values[uri] = v
		}
	}
	return m.save("good", g, true)
}

// recall gives the last known good configuration, nil where there is none for these URIs. What is wrong with its files
// is an error also where there is one.
func (m memory) recall(uris []string) (*snapshot, time.Time, error) {
	var g good
	ok, damage := m.load("good", &g)
	if !ok || !slices.Equal(g.URIs, uris) {
		return nil, time.Time{}, damage
	}
	for i, l := range g.Layers { // files from before layers had the mark
		g.Layers[i].Remote = l.Remote || layers.RemoteURI(l.Name)
	}
	s := &snapshot{layers: g.Layers, values: g.Values, remembered: true}
	if s.values == nil {
		s.values = map[string]value{}
	}
	var err error
	if s.merged, err = layers.Merge(s.layers); err != nil {
		return nil, time.Time{}, errors.Join(damage, fmt.Errorf("%s: %w", m.path(m.name("good")), err))
	}
	return s, g.Saved, damage
}
