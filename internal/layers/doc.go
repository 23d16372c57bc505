// Package layers makes one configuration of several: it merges them by name, remembers where each key
// came from, and says what in them is surely a mistake.
package layers
