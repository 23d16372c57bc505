package statelog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDamageCostsWhatIsDamaged is a model: a store is written at random, damaged at random, and opened. Every key has one of
// the values that it once had, or none; the store goes on, and has after another start what it had before.
func TestDamageCostsWhatIsDamaged(t *testing.T) {
	t.Parallel()
	for seed := range uint64(120) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			folder := filepath.Join(t.TempDir(), "s")
			once := map[string]map[string]bool{}
			var copies [][]byte
			for range 1 + r.IntN(4) {
				l, report := open1(t, Options{Folder: folder})
				require.Empty(t, report.Problems)
				for range r.IntN(200) {
					var ops []*Op
					for range 1 + r.IntN(4) {
						key := fmt.Sprint(r.IntN(40))
						if r.IntN(4) == 0 {
							ops = append(ops, &Op{Kind: Delete, Key: key})
							continue
						}
						value := fmt.Sprint(key, ":", r.Uint64(), strings.Repeat("x", r.IntN(3000)))
						if once[key] == nil {
							once[key] = map[string]bool{}
						}
						once[key][value] = true
						ops = append(ops, &Op{Kind: Set, Key: key, Value: []byte(value)})
					}
					require.NoError(t, l.Batch(ops...))
				}
				require.NoError(t, l.Close())
				for _, f := range files(t, folder, "*.log") {
					text, err := os.ReadFile(f)
					require.NoError(t, err)
					copies = append(copies, text)
				}
			}
			for range 1 + r.IntN(3) {
				damage(t, r, folder, copies)
			}
			l, report := open1(t, Options{Folder: folder})
			require.NoError(t, report.Unread)
			kept := map[string]string{}
			l.Each(func(key string, _ int) { kept[key] = "" })
			for key := range kept {
				kept[key] = get(t, l, key)
				require.True(t, once[key][kept[key]], "%s has a value that it never had", key)
			}
			set(t, l, "after", "1")
			kept["after"] = "1"
			read, problems, err := Read(folder)
			require.NoError(t, err)
			require.Empty(t, problems, "the damage is gone after one start")
			require.Len(t, read, len(kept))
			require.NoError(t, l.Close())
			l, report = open1(t, Options{Folder: folder})
			require.Equal(t, Report{Keys: len(kept)}, report)
			for key, value := range kept {
				require.Equal(t, value, get(t, l, key))
			}
		})
	}
}

// damage does one of the things that happen to files.
func damage(t *testing.T, r *rand.Rand, folder string, copies [][]byte) {
	all := files(t, folder, "*.log")
	if len(all) == 0 {
		return
	}
	path := all[r.IntN(len(all))]
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	at := func() int { return r.IntN(len(text) + 1) }
	switch r.IntN(10) {
	case 0:
		text = text[:at()]
	case 1:
		text = nil
	case 2:
		clear(text)
	case 3: // pages that were not written
		for from := 0; from < len(text); from += 4096 {
			if r.IntN(3) == 0 {
				clear(text[from:min(from+4096, len(text))])
			}
		}
	case 4:
		for range 1 + r.IntN(40) {
			if len(text) > 0 {
				text[r.IntN(len(text))] ^= 1 << r.IntN(8)
			}
		}
	case 5:
		require.NoError(t, os.Remove(path))
		return
	case 6: // something else at its end
		for range r.IntN(9000) {
			text = append(text, byte(r.Uint32()))
		}
	case 7:
		from, to := at(), at()
		if from < to {
			text = append(text[:from:from], text[to:]...)
		}
	case 8:
		text = copies[r.IntN(len(copies))]
	case 9:
		other := all[r.IntN(len(all))]
		second, err := os.ReadFile(other)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(other, text, 0o600))
		text = second
	}
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

func FuzzScan(f *testing.F) {
	own := salt{1, 2, 3, 4, 5, 6, 7, 8}
	text, _ := appendFrame(nil, own, 1, []operation{floorAt(1), {kind: opSet, key: "key", value: []byte("value")}, {kind: opDelete, key: "other"}})
	twice, _ := appendFrame(text, own, 2, []operation{{kind: opSet, key: "key", value: []byte("second")}})
	f.Add(text)
	f.Add(twice)
	f.Add(append([]byte("junk"), twice[:len(twice)-3]...))
	f.Fuzz(func(t *testing.T, text []byte) {
		read := 0
		spans := scan(bytes.NewReader(text), int64(len(text)), own, func(_ uint64, payload []byte, at int64) {
			read += len(payload) + headerSize + trailerSize
			assert.Equal(t, text[at:at+int64(len(payload))], payload)
			eachOperation(payload, func(o operation, begin int) {
				assert.Equal(t, o.value, payload[begin:begin+len(o.value)])
			})
		})
		for i, s := range spans {
			read += int(s.to - s.from)
			assert.Less(t, s.from, s.to)
			assert.True(t, i == 0 || spans[i-1].to < s.from)
		}
		assert.Equal(t, len(text), read, "every byte is of a frame or of damage")
	})
}

func FuzzOperations(f *testing.F) {
	frame, _ := appendFrame(nil, salt{}, 1, []operation{floorAt(9), {kind: opSet, key: "key", value: []byte("value")}, {kind: opDelete, key: "other"}})
	f.Add(frame[headerSize : len(frame)-trailerSize])
	f.Fuzz(func(_ *testing.T, payload []byte) { eachOperation(payload, func(operation, int) {}) })
}
