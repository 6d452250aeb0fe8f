package once

import (
	"errors"
	"strings"
)

// Header is the request header with the key, as the IETF's draft of it has it.
const Header = "Idempotency-Key"

// maxKey is how long a key may be, in bytes.
const maxKey = 255

// ErrBadKey is the answer to a header that is no key.
var ErrBadKey = errors.New(`Idempotency-Key must be sent once, with 1 to 255 printable ASCII characters, ` + //nolint:staticcheck // it begins with a name
	`such as a random UUID; in double quotes, if you like, with \ before each " and \ inside`)

// ParseKey reads the values of the header. A key in quotes, which is the form of the
// draft, is the same as without.
func ParseKey(values []string) (string, error) {
	if len(values) != 1 {
		return "", ErrBadKey
	}
	key := values[0]
	if strings.HasPrefix(key, `"`) {
		var ok bool
		if key, ok = unquote(key[1:]); !ok {
			return "", ErrBadKey
		}
	}
	if key == "" || len(key) > maxKey || !isPrintable(key) {
		return "", ErrBadKey
	}
	return key, nil
}

// unquote reads a string of RFC 8941 behind its first quote, and nothing after it.
func unquote(text string) (string, bool) {
	var key strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			return key.String(), i == len(text)-1
		case '\\':
			i++
			if i == len(text) || text[i] != '"' && text[i] != '\\' {
				return "", false
			}
			key.WriteByte(text[i])
		default:
			key.WriteByte(c)
		}
	}
	return "", false
}

func isPrintable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
