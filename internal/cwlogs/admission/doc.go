// Package admission says where events go whose contents have a say in that: it bounds which groups and streams attributes,
// scopes, records and EMF documents can name, and how many.
//
//	name of the template ─▶ allowed? ─▶ new? ─▶ room? ─▶ the target
//	                           │                  │ no
//	                           └────────┬─────────┘
//	                                    ▼
//	             a reduced name: overflow for what the record says, then for all that was sent in the stream, then in the group, too
//
// A document that names a target itself goes there where the configuration has a list that it is on, and otherwise where the
// template says.
package admission
