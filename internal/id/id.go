// Package id turns the ids of the database into the ids of the API and back.
//
// The database keeps a UUIDv7. The API shows a TypeID: the kind of thing, an
// underscore, and the same 128 bits as 26 characters of Crockford's base 32,
// so that an id says what it belongs to and still sorts by age:
//
//	lead_01jd5v0000e8mrx3k9q2w7n4tc
//
// The text follows https://github.com/jetify-com/typeid/tree/main/spec, v0.3.
package id

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Kind is what an id belongs to. Its value is the prefix of the id's text and
// therefore part of the API's contract: it never changes.
type Kind string

// The kinds of things that have an id.
const (
	Organization Kind = "org"
	User         Kind = "user"
	Pipeline     Kind = "pipeline"
	Stage        Kind = "stage"
	Deal         Kind = "deal"
	Lead         Kind = "lead"
	LeadStatus   Kind = "status"
	Comment      Kind = "comment"
	Contact      Kind = "contact"
	Business     Kind = "business"
	Activity     Kind = "activity"
	StageStay    Kind = "stay"
	APIKey       Kind = "key"
)

// kinds lists every Kind; an id with any other prefix is not one of ours.
var kinds = [...]Kind{
	Organization, User, Pipeline, Stage, Deal, Lead, LeadStatus,
	Comment, Contact, Business, Activity, StageStay, APIKey,
}

const (
	// alphabet is Crockford's base 32: no i, l, o or u, and in ASCII order, so
	// that texts sort as their UUIDs do.
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

	// suffixLen is the characters 128 bits take at 5 bits each: 26, whose
	// first carries only 3 bits.
	suffixLen = 26

	// maxFirst is the greatest first character of a suffix; a greater one
	// would need more than 128 bits.
	maxFirst = '7'
)

// New returns a new UUIDv7. Within one process each is greater than the one
// before, even within a millisecond and when the clock steps back.
//
// It does not fail: the only error uuid.NewV7 passes on is that of the random
// source, and crypto/rand, which we leave in place, never returns one.
func New() uuid.UUID {
	return uuid.Must(uuid.NewV7())
}

// Noun is what people call a k, for messages: "lead", "lead status".
func (k Kind) Noun() string {
	switch k {
	case Organization:
		return "organization"
	case LeadStatus:
		return "lead status"
	case StageStay:
		return "stage stay"
	case APIKey:
		return "API key"
	default:
		return string(k)
	}
}

// Encode returns the text of u as the id of a k, such as "lead_01jd5v…".
func (k Kind) Encode(u uuid.UUID) string {
	// The array stays on the stack as long as it holds the text, which it does
	// for every kind, and leaves the string as the only allocation.
	var room [48]byte
	return string(k.Append(room[:0], u))
}

// Append appends the text that Encode returns.
func (k Kind) Append(dst []byte, u uuid.UUID) []byte {
	dst = append(dst, k...)
	dst = append(dst, '_')
	return appendSuffix(dst, u)
}

// Decode returns the UUID in s, the text of a k's id. It takes exactly what
// Encode returns and answers anything else with an [*Error].
func (k Kind) Decode(s string) (uuid.UUID, error) {
	got, u, ok := split(s)
	if !ok {
		return uuid.Nil, &Error{Text: s, Want: k}
	}
	if got != k {
		return uuid.Nil, &Error{Text: s, Want: k, Got: got}
	}
	return u, nil
}

// Parse returns the kind and the UUID in s, the text of any kind's id. It
// answers anything else with an [*Error].
func Parse(s string) (Kind, uuid.UUID, error) {
	k, u, ok := split(s)
	if !ok {
		return "", uuid.Nil, &Error{Text: s}
	}
	return k, u, nil
}

// split takes an id's text apart and reports whether it is one.
func split(s string) (Kind, uuid.UUID, bool) {
	prefix, suffix, _ := strings.Cut(s, "_")
	k := Kind(prefix)
	if !slices.Contains(kinds[:], k) {
		return "", uuid.Nil, false
	}
	u, ok := parseSuffix(suffix)
	return k, u, ok
}

// appendSuffix appends the 26 characters of u, read as one 128-bit number.
func appendSuffix(dst []byte, u uuid.UUID) []byte {
	hi, lo := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	var suffix [suffixLen]byte
	for i := suffixLen - 1; i >= 0; i-- {
		suffix[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(dst, suffix[:]...)
}

// parseSuffix undoes appendSuffix and reports whether there was anything to
// undo. It is strict, unlike Crockford's own decoding: capitals and look-alike
// letters would give one thing several ids, which caches would keep apart.
func parseSuffix(suffix string) (u uuid.UUID, ok bool) {
	if len(suffix) != suffixLen || suffix[0] > maxFirst {
		return uuid.Nil, false
	}
	var hi, lo uint64
	for i := range len(suffix) {
		digit := strings.IndexByte(alphabet, suffix[i])
		if digit < 0 {
			return uuid.Nil, false
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(digit)
	}
	binary.BigEndian.PutUint64(u[:8], hi)
	binary.BigEndian.PutUint64(u[8:], lo)
	return u, true
}
