package rank

import "strings"

const (
	// digits are those of base 62, in the order of their bytes.
	digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	base     = len(digits)
	minDigit = '0'
	maxDigit = 'z'

	// least is the integer that cannot be stepped down.
	least = "A00000000000000000000000000"
)

// integerLen returns the length of the integer s starts with, the character
// that tells the length included, or 0 if s does not start with one.
func integerLen(s string) int {
	if s == "" {
		return 0
	}
	switch head := s[0]; {
	case 'a' <= head && head <= 'z':
		return int(head-'a') + 2
	case 'A' <= head && head <= 'Z':
		return int('Z'-head) + 2
	default:
		return 0
	}
}

// split takes a rank apart into its integer and its fraction, "" for none.
func split(rank string) (integer, frac string) {
	n := integerLen(rank)
	return rank[:n], rank[n:]
}

// increment returns the integer after n, and false if n is the greatest.
func increment(n string) (string, bool) {
	d := []byte(n)
	for i := len(d) - 1; i > 0; i-- {
		if d[i] != maxDigit {
			d[i] = digits[digit(d[i])+1]
			return string(d), true
		}
		d[i] = minDigit
	}
	switch head := d[0]; head {
	case 'z':
		return "", false
	case 'Z':
		return filled('a', minDigit), true
	default:
		return filled(head+1, minDigit), true
	}
}

// decrement returns the integer before n, and false if n is the least.
func decrement(n string) (string, bool) {
	d := []byte(n)
	for i := len(d) - 1; i > 0; i-- {
		if d[i] != minDigit {
			d[i] = digits[digit(d[i])-1]
			return string(d), true
		}
		d[i] = maxDigit
	}
	switch head := d[0]; head {
	case 'A':
		return "", false
	case 'a':
		return filled('Z', maxDigit), true
	default:
		return filled(head-1, maxDigit), true
	}
}

// filled returns the integer that starts with head and repeats one digit: the
// first or the last of its length.
func filled(head, digit byte) string {
	n := integerLen(string(head))
	return string(head) + strings.Repeat(string(digit), n-1)
}

// midpoint returns a fraction about halfway between a and b, as short as it
// can be. Neither ends in a zero, and neither does the result. An empty a is
// 0; an empty b is 1, one past the greatest fraction.
func midpoint(a, b string) string {
	if n := commonPrefixLen(a, b); n > 0 {
		return b[:n] + midpoint(a[min(n, len(a)):], b[n:])
	}
	digitA, digitB := 0, base
	if a != "" {
		digitA = digit(a[0])
	}
	if b != "" {
		digitB = digit(b[0])
	}
	switch {
	case digitB-digitA > 1:
		return digits[(digitA+digitB)/2:][:1]
	case len(b) > 1:
		// b goes on past its first digit, so that digit alone is below it.
		return b[:1]
	default:
		// Nothing fits at this digit: keep a's and go past the rest of it.
		return digits[digitA:][:1] + midpoint(a[min(1, len(a)):], "")
	}
}

// commonPrefixLen returns how many digits of b a starts with, where a has as
// many zeros at its end as it takes.
func commonPrefixLen(a, b string) int {
	for i := range len(b) {
		digitA := byte(minDigit)
		if i < len(a) {
			digitA = a[i]
		}
		if digitA != b[i] {
			return i
		}
	}
	return len(b)
}

// digit returns the value of a digit.
func digit(c byte) int {
	return strings.IndexByte(digits, c)
}
