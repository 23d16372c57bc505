// Package thirdparty lists what a Go program was linked from: its modules, the Go toolchain, and the licence texts that
// come with them. The list is that of the program, not of a go.mod: the linker records it.
package thirdparty
