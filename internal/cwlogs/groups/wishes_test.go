package groups

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTwoWishesForOneGroupAreNamedWithTheRemedy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		a, b Wish
		want string
	}{
		"another retention":             {Wish{"a", "", "/g", 7, ""}, Wish{"b", "", "/g", 30, ""}, `exporters::a::log_retention is 7 days and exporters::b::log_retention is 30 days for the log group "/g"`},
		"one has none":                  {Wish{"a", "", "/g", 7, ""}, Wish{"b", "", "/g", 0, ""}, "is 0 (for ever)"},
		"another class":                 {Wish{"a", "", "/g", 7, "INFREQUENT_ACCESS"}, Wish{"b", "", "/g", 7, ""}, "is STANDARD (not set)"},
		"the same":                      {Wish{"a", "", "/g", 7, ""}, Wish{"b", "", "/g", 7, ""}, ""},
		"another group":                 {Wish{"a", "", "/g", 7, ""}, Wish{"b", "", "/h", 30, ""}, ""},
		"another region":                {Wish{"a", "x", "/g", 7, ""}, Wish{"b", "y", "/g", 30, ""}, ""},
		"the same template":             {Wish{"a", "", "/apps/*", 7, ""}, Wish{"b", "", "/apps/*", 30, ""}, `"/apps/*"`},
		"a template that can become it": {Wish{"a", "", "/apps/*", 7, ""}, Wish{"b", "", "/apps/audit", 30, ""}, `"/apps/audit"`},
		"one that cannot":               {Wish{"a", "", "/apps/*/x", 7, ""}, Wish{"b", "", "/apps/audit", 30, ""}, ""},
		"one that can be anything":      {Wish{"a", "", "*", 7, ""}, Wish{"b", "", "/apps/audit", 30, ""}, ""},
	} {
		got := Conflicts([]Wish{tt.a, tt.b})
		if tt.want == "" {
			assert.Empty(t, got, name)
			continue
		}
		assert.Len(t, got, 1, name)
		assert.Contains(t, got[0], tt.want, name)
		assert.Contains(t, got[0], "write the same", name)
	}
}

func TestWhoWritesFirstToAGroupHasTheSay(t *testing.T) {
	t.Parallel()
	a, none := Declare(Wish{"a", "claims", "/x/*", 7, ""})
	assert.Empty(t, none)
	b, none := Declare(Wish{"b", "claims", "/y/*", 30, ""})
	assert.Empty(t, none)
	_, conflicts := Declare(Wish{"c", "claims", "/x/*", 1, ""})
	assert.Len(t, conflicts, 1)
	assert.Nil(t, a.Claim("/g"))
	assert.Equal(t, "a", b.Claim("/g").Exporter)
	assert.Nil(t, a.Claim("/g"))
	a.Release()
	assert.Nil(t, b.Claim("/g"))
	b.Release()
}
