// Package loghistory makes histories of log files, from a seed, and judges what a reader of them delivers, for tests of
// such readers: services that write, what rotates, replaces, copies, compresses and removes their files, a reader that is
// stopped and killed meanwhile, a service that takes nothing for a while.
//
// A Plan is made from a seed and does not depend on time. Run carries it out before a Reader, which it knows by what it
// delivers alone. Shrink leaves out steps for as long as the plan still fails.
package loghistory
