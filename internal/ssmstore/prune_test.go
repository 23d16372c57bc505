package ssmstore

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func TestADeletedParameterLeavesNoParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	for _, name := range []string{"/fleet/a", "/fleet/ab"} {
		_, err := w.Push(t.Context(), name, []byte(large(64<<10, "")), PushOptions{})
		require.NoError(t, err)
	}
	_, err := w.Push(t.Context(), "/fleet/a", []byte("a: 1"), PushOptions{Expected: 1})
	require.NoError(t, err)

	d, err := w.PlanDelete(t.Context(), "/fleet/a")
	require.NoError(t, err)
	assert.Len(t, d.Versions, 2)
	assert.NotEmpty(t, d.Parts, "those of the first version")
	require.NoError(t, w.Delete(t.Context(), d))
	for _, name := range w.names() {
		assert.True(t, strings.HasPrefix(name, "/fleet/ab"), name)
	}
	assert.Equal(t, large(64<<10, ""), w.read(t, Ref{Name: "/fleet/ab"}))

	_, err = w.PlanDelete(t.Context(), "/fleet/a")
	assert.True(t, IsKind(err, NotFound), err)
	_, err = w.PlanDelete(t.Context(), "/fleet/")
	assert.Error(t, err)
}

func TestPartsOfAParameterThatAnotherProgramDeletedAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awslocal.Options{})
	for _, name := range []string{"/fleet/gone", "/fleet/kept", "root"} {
		_, err := w.Push(t.Context(), name, []byte(large(64<<10, "")), PushOptions{})
		require.NoError(t, err)
	}
	sets, err := w.setsBelow(t.Context(), "/")
	require.NoError(t, err)
	require.Contains(t, sets, "/fleet/gone")
	_, err = w.DeleteParts(t.Context(), []string{"/fleet/gone"})
	require.NoError(t, err)

	found, err := w.Leftovers(t.Context(), "/fleet/")
	require.NoError(t, err)
	assert.Empty(t, found, "parts of the last hour may belong to a push that goes on")
	versions, err := w.History(t.Context(), "/fleet/kept")
	require.NoError(t, err)
	later := time.Now().Add(pruneAfter + time.Minute)
	assert.Empty(t, unneeded(sets["/fleet/kept"], versions, later))
	orphans := unneeded(sets["/fleet/gone"], nil, later)
	require.NotEmpty(t, orphans)
	assert.Empty(t, unneeded(sets["/fleet/kept"], []Version{{odd: true}}, later), "a version that cannot be read may need any part")

	deleted, err := w.DeleteParts(t.Context(), orphans)
	require.NoError(t, err)
	assert.Equal(t, len(orphans), deleted)
	assert.Equal(t, large(64<<10, ""), w.read(t, Ref{Name: "/fleet/kept"}))
}
