// Package layers makes one configuration of several: it merges them by name, remembers where each key
// came from, and says what in them is surely a mistake. It does no I/O.
//
//	Layer{Name, Text} ─▶ read ─▶ merge ─▶ check ─▶ Merged ─▶ Map (to the collector, placeholders unexpanded)
//	                       │       │        │         ├────▶ Explain, Entries, Diff (to a person, secrets redacted)
//	                       └───────┴────────┴─▶ MergeError (layers and lines)
//	                                                  └────▶ Origin, Locate (where an error points to)
//
// How layers are merged, the first one lowest:
//
//   - Maps merge. A list or a scalar of a later layer replaces what is there.
//   - service::extensions, and a pipeline's receivers and exporters, are a union, in the order in which they
//     were first named. A pipeline's processors are those of the last layer that sets them.
//   - null that is written (null, ~) removes what an earlier layer set. A component that is removed leaves
//     the lists of earlier layers, too. Where no earlier layer set the key, and where that one wrote null
//     as well, it is null as it is in a single file: "with defaults".
//   - Nothing after a key is "with defaults" as well: it defines the key where it is not, and changes nothing
//     where it is.
//   - exporters::awsemf::region is a path of keys, as everywhere in the collector.
//
// A layer alone is what the collector makes of it. What a YAML anchor, an alias or a merge key (<<) brings
// has the line where it stands.
package layers
