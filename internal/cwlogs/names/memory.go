package names

import "sync"

const (
	// remembered is how many names a generation has. A host has some hundreds of streams; more of them
	// only cost the making of a name.
	remembered = 1024
	// maxKey is the length of what is worth remembering, in bytes: with two generations a Namer keeps at
	// most 2 x 1024 x (2048 + 512) bytes, 5 MiB.
	maxKey = 2048
)

// memory remembers names by what they were made of. There are two generations: when the younger is full
// it becomes the older, and that is forgotten; what is found in the older one is young again.
type memory struct {
	mu           sync.RWMutex
	young, older map[string]string
}

func (m *memory) find(key []byte) (string, bool) {
	m.mu.RLock()
	name, ok := m.young[string(key)]
	again := false
	if !ok {
		name, again = m.older[string(key)]
	}
	m.mu.RUnlock()
	if again {
		m.keep(string(key), name)
	}
	return name, ok || again
}

func (m *memory) keep(key, name string) {
	if len(key) > maxKey {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= remembered {
		m.young, m.older = make(map[string]string), m.young
	}
	m.young[key] = name
}
