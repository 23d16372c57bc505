// Package safepath finds, opens and removes files whose names local users may have a hand in.
//
//	path ─▶ resolve: one component after another, each held open ─▶ rules: who made the link? what is it? ─▶ file
//	pattern ─▶ Search: folders, each once, a part at a time ──────────────────────┘
//
// The program may read files that those who write there may not. So a link is only followed where root or the
// program's user made it, where its owner owns what it leads to, or where the configuration says so; and nothing is read
// from file systems that show the kernel's state, from the program's own state folders, or through a hard link that
// somebody else may have made.
//
// On Unix every component is opened below the one before it without following links, and what was judged is what is
// opened: no rename in between changes it. openat2 could refuse all links in one call, but cannot say who made one.
package safepath
