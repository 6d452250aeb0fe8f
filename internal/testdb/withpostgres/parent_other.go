//go:build !linux

package main

// signalOnParentDeath does nothing where there is no such signal.
func signalOnParentDeath() {}
