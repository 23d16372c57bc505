// Package doctor looks at what a collector on this host would meet: where it runs, its region and
// credentials, every way to every AWS service, the files that it reads and the folder that it keeps
// its state in. It changes nothing, in AWS or on the host.
//
//	Options ─▶ plan (what the configuration uses) ─▶ checks, in parallel ─▶ Report
//
// A check never hangs: it has a limit of its own, and what was not looked at is reported as not
// checked, with the reason. A Report is plain data; package render writes it for a person.
package doctor
