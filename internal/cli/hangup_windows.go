package cli

// followHangups does nothing: Windows has no such signal.
func (m *managed) followHangups() (end func()) { return func() {} }
