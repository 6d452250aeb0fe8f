package process

import (
	"fmt"
	"os"
)

// Show says on a terminal what is being done; "" takes it away.
func Show(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
