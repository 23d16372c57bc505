// Package listeners says who listens at an address of this machine, as far as the operating system tells. A local user
// can take a port before the service does: whoever uses a port has to know whose it is.
package listeners
