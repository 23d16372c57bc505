package safepath

import "unsafe"

// pointer is what the system writes to.
func pointer[T any](to *T) unsafe.Pointer { return unsafe.Pointer(to) }
