package ecs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTerraformIsFormatted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(distribution, "terraform", "*.tf"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(hclwrite.Format(text)), string(text), "%s: run terraform fmt", path)
	}
}
