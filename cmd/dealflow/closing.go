package main

import (
	"errors"
	"io"
)

// closing closes what a command has opened, when it is done. What goes wrong
// then is the command's error too.
func closing(c io.Closer, err *error) { *err = errors.Join(*err, c.Close()) }
