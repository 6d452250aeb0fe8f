package main

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
)

// checkRanges refuses flags of a command whose values are out of the range that
// their tags min and max give, wherever the values are from.
func checkRanges(command *kong.Context) error {
	for _, flag := range command.Flags() {
		if !flag.Tag.Has("min") {
			continue
		}
		inside, err := isInside(flag.Target.Interface(), flag.Tag.Get("min"), flag.Tag.Get("max"))
		if err != nil {
			return fmt.Errorf("the program is at fault: the range of --%s: %w", flag.Name, err)
		}
		if !inside {
			return fmt.Errorf("--%s (%s) is %v: it has to be from %s to %s",
				flag.Name, flag.Envs[0], flag.Target.Interface(), flag.Tag.Get("min"), flag.Tag.Get("max"))
		}
	}
	return nil
}

// isInside tells whether a flag's value is in a range, which is written as the
// value would be.
func isInside(value any, least, most string) (bool, error) {
	switch value := value.(type) {
	case int:
		return between(value, least, most, strconv.Atoi)
	case float64:
		return between(value, least, most, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
	case time.Duration:
		return between(value, least, most, time.ParseDuration)
	case size:
		return between(value, least, most, func(text string) (read size, err error) {
			err = read.UnmarshalText([]byte(text))
			return read, err
		})
	default:
		return false, fmt.Errorf("a %T has none", value)
	}
}

func between[T cmp.Ordered](value T, least, most string, parse func(string) (T, error)) (bool, error) {
	low, err := parse(least)
	if err != nil {
		return false, err
	}
	high, err := parse(most)
	return low <= value && value <= high, err
}
