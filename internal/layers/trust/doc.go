// Package trust says what a layer that was fetched may set. Who may write a parameter in Parameter Store, or an object
// in S3, is not who may log in to a host as root; so what reaches into the host needs a capability that a local layer
// grants:
//
//	layers.Merged ─▶ leaves that a remote layer wrote, or whose placeholders bring text from afar
//	                      │  expanded one by one by the collector's own resolver, each placeholder checked before it is asked
//	                      ▼
//	                 rules.txt: component, key ─▶ verdict ─▶ Policy (the section remote_layers of local layers)
//	                      │
//	                 Guarded: local processors and extensions are still what local layers made of them
//	                      ▼
//	                 *Error: layer, line, key, value, capability, remedy
//
// Verdicts of rules.txt:
//
//	ok            anything
//	logs          patterns of files below the allowed paths; others need read
//	exclude       with it all patterns of the receiver's include are looked at, whoever wrote them
//	state         a folder inside the state folder; others need write
//	output        stdout and stderr; others need write
//	listen        an address on loopback; others need listen. listen_host is a host alone
//	network       tcp and udp; others, such as unix, need listen
//	host          an endpoint of an AWS service over TLS, or an allowed host; others need send
//	scrape        the same, and loopback
//	relabel       what cannot change the address of a scrape; others need send
//	operator      stanza operators that parse; those that read or write files need read or write
//	expression    text without a call of env(); others need environment
//	detector      detectors that ask nobody but the host and AWS
//	source        credentials that AWS or the environment gives to this process
//	variable      the name of a variable that placeholders may have, too
//	bound         anything, unless a local layer has it: changing that needs override
//	header        headers that do not say who sends; those to an AWS service that do need credentials
//	query         an event query without files
//	CAPABILITY    any value but null and false needs it; with an exclamation mark these, too
//
// It does no I/O but through the resolver that it is given.
package trust
