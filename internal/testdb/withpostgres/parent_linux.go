package main

import "syscall"

// signalOnParentDeath asks for a SIGTERM when the parent dies. `go run` does not
// pass a SIGTERM of its own on; it just leaves this program behind.
func signalOnParentDeath() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
}
