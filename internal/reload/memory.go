package reload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// memoryVersion is the format of the files. Another one is not read.
const memoryVersion = 1

// memory is the folder of what outlives the process. The zero value keeps nothing.
type memory struct {
	dir string
	key string // tells collectors with other --config values apart
}

func newMemory(dir string, uris []string) memory {
	sum := sha256.Sum256([]byte(strings.Join(uris, "\x00")))
	return memory{dir: dir, key: hex.EncodeToString(sum[:6])}
}

// good is a configuration that has run healthily. It holds secrets.
type good struct {
	Version int              `json:"version"`
	Saved   time.Time        `json:"saved"`
	Build   string           `json:"build"`
	URIs    []string         `json:"uris"`
	Layers  []layers.Layer   `json:"layers"`
	Values  map[string]value `json:"values"`
}

// attempt is a configuration that was started and has not been healthy for long enough yet.
type attempt struct {
	Version int    `json:"version"`
	Hash    string `json:"hash"`
	Starts  int    `json:"starts"`
}

func (m memory) path(kind string) string { return filepath.Join(m.dir, m.key+"."+kind+".json") }

// save writes a file that is whole or not there, for its owner alone.
func (m memory) save(kind string, content any) (err error) {
	if m.dir == "" {
		return nil
	}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(m.dir, ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), m.path(kind))
}

func (m memory) load(kind string, content any) (bool, error) {
	if m.dir == "" {
		return false, nil
	}
	text, err := os.ReadFile(m.path(kind))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	if err := json.Unmarshal(text, content); err != nil {
		return false, fmt.Errorf("%s is damaged: %w", m.path(kind), err)
	}
	return true, nil
}

// remember keeps a snapshot as the last known good one. What the environment said is asked again at the
// next start, and stays off the disk.
func (m memory) remember(s *snapshot, uris []string, build string, now time.Time) error {
	g := good{Version: memoryVersion, Saved: now.UTC().Truncate(time.Second), Build: build, URIs: uris, Layers: s.layers, Values: map[string]value{}}
	for uri, v := range s.values {
		if !strings.HasPrefix(uri, "env:") {
			g.Values[uri] = v
		}
	}
	return m.save("good", g)
}

// recall gives the last known good configuration, nil where there is none for these URIs.
func (m memory) recall(uris []string) (*snapshot, time.Time, error) {
	var g good
	ok, err := m.load("good", &g)
	if !ok || err != nil {
		return nil, time.Time{}, err
	}
	if g.Version != memoryVersion || !slices.Equal(g.URIs, uris) {
		return nil, time.Time{}, nil
	}
	for i, l := range g.Layers { // files from before layers had the mark
		g.Layers[i].Remote = l.Remote || layers.RemoteURI(l.Name)
	}
	s := &snapshot{layers: g.Layers, values: g.Values, remembered: true}
	if s.values == nil {
		s.values = map[string]value{}
	}
	if s.merged, err = layers.Merge(s.layers); err != nil {
		return nil, time.Time{}, fmt.Errorf("%s: %w", m.path("good"), err)
	}
	return s, g.Saved, nil
}

// starting counts a start with a configuration, and gives how often it has ended the process before.
func (m memory) starting(hash string) (ended int, err error) {
	var a attempt
	if _, err := m.load("attempt", &a); err != nil || a.Hash != hash || a.Version != memoryVersion {
		a = attempt{Version: memoryVersion, Hash: hash}
	}
	ended = a.Starts
	a.Starts++
	return ended, m.save("attempt", a)
}

// settled forgets the attempts: the configuration is healthy, or its process was ended on purpose.
func (m memory) settled() error {
	if m.dir == "" {
		return nil
	}
	err := os.Remove(m.path("attempt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
