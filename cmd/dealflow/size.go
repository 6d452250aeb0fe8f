package main

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a number of bytes, written as 1MB, 512kB or 1048576.
type size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for suffix, bytes := range map[string]int64{"kB": 1 << 10, "MB": 1 << 20} {
		if before, ok := strings.CutSuffix(number, suffix); ok {
			number, unit = before, bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is no size: write a number of bytes, or one with kB or MB, such as 1MB", text)
	}
	*s = size(n * unit)
	return nil
}
