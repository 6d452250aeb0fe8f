package main

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]size{"1": 1, "512kB": 512 << 10, "1MB": 1 << 20, "6291456": 6 << 20} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "1GB", "1 MB", "MB", "1.5MB", "99999999999"} {
		if err := new(size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
}
