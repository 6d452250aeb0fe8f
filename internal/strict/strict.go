// Package strict reads JSON that says the same to every program: one value in
// UTF-8, with nothing after it, of whose objects none has two members of one name.
// Of such, some programs take the first and others, like encoding/json, the last: a
// proxy may have looked at another value than the one that is used.
package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Member is a name of an object, and its value.
type Member struct {
	Name  string
	Value any
}

// Value reads any value: a map[string]any, an []any, a string, a bool or nil, and
// numbers as they were written, as json.Number: one that no float64 holds is for the
// schema's scalars to refuse. Errors say of the text what is wrong with it, for a
// caller's sentence: ErrTooMany when the value, and all within it, are more than most.
func Value(text []byte, most int) (any, error) {
	r, err := read(text, most)
	if err != nil {
		return nil, err
	}
	return r.value()
}

// ErrTooMany is of a text with more values than are wanted: each takes far more memory,
// and time, than its text.
var ErrTooMany = errors.New("it has too many values")

var errNoObject = errors.New("it does not begin with {")

// Object reads an object, as Value does.
func Object(text []byte, most int) (map[string]any, error) {
	value, err := Value(text, most)
	object, ok := value.(map[string]any)
	if err == nil && !ok {
		err = errNoObject
	}
	return object, err
}

// Members reads an object of any size, in its order.
func Members(text []byte) ([]Member, error) {
	r, err := read(text, len(text))
	if err != nil {
		return nil, err
	}
	if r.next() != '{' {
		return nil, errNoObject
	}
	var list []Member
	names := map[string]bool{}
	err = r.members(func(name string) bool { return names[name] }, func(name string, value any) {
		names[name] = true
		list = append(list, Member{name, value})
	})
	return list, err
}

// reader goes over a text that is valid JSON: it never comes to the end unawares.
type reader struct {
	text []byte
	at   int
	left int // how many values it may still read
}

// read leaves it to encoding/json to tell what is JSON, and how deep it may be.
func read(text []byte, most int) (*reader, error) {
	switch {
	case !utf8.Valid(text):
		return nil, errors.New("it is not UTF-8")
	case !json.Valid(text):
		return nil, invalid(text)
	}
	return &reader{text: text, left: most}, nil
}

// invalid is what is wrong with JSON, without Go's words for it.
func invalid(text []byte) error {
	syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, new(json.RawMessage)))
	if !ok {
		panic("encoding/json disagrees with itself")
	}
	return fmt.Errorf("its JSON is broken, or ends, at byte %d", syntax.Offset)
}

// next is what comes after blanks.
func (r *reader) next() byte {
	for {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
}

// skip takes a sign if it comes next.
func (r *reader) skip(sign byte) bool {
	if r.next() != sign {
		return false
	}
	r.at++
	return true
}

func (r *reader) value() (any, error) {
	if r.left--; r.left < 0 {
		return nil, ErrTooMany
	}
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		return r.list()
	case '"':
		return r.string(), nil
	case 't':
		r.at += len("true")
		return true, nil
	case 'f':
		r.at += len("false")
		return false, nil
	case 'n':
		r.at += len("null")
		return nil, nil
	}
	return r.number(), nil
}

func (r *reader) object() (map[string]any, error) {
	object := map[string]any{}
	taken := func(name string) bool { _, there := object[name]; return there }
	return object, r.members(taken, func(name string, value any) { object[name] = value })
}

// members adds those of an object, each of whose names is not taken yet.
func (r *reader) members(taken func(string) bool, add func(string, any)) error {
	r.at++ // the {
	for !r.skip('}') {
		r.skip(',')
		r.next()
		name := r.string()
		if taken(name) {
			return fmt.Errorf("%q stands there twice", shorten(name))
		}
		r.skip(':')
		value, err := r.value()
		if err != nil {
			return err
		}
		add(name, value)
	}
	return nil
}

func (r *reader) list() ([]any, error) {
	list := []any{}
	r.at++ // the [
	for !r.skip(']') {
		r.skip(',')
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

// string reads a text that begins here.
func (r *reader) string() string {
	start := r.at
	r.at++
	end := r.at + bytes.IndexByte(r.text[r.at:], '"')
	if plain := r.text[r.at:end]; bytes.IndexByte(plain, '\\') < 0 {
		r.at = end + 1
		return string(plain)
	}
	for r.text[r.at] != '"' {
		if r.text[r.at] == '\\' {
			r.at++
		}
		r.at++
	}
	r.at++
	return unquote(r.text[start:r.at])
}

// unquote reads a text as encoding/json does.
func unquote(quoted []byte) (text string) {
	if err := json.Unmarshal(quoted, &text); err != nil {
		panic(err) // it was valid
	}
	return text
}

func (r *reader) number() json.Number {
	start := r.at
	for r.at < len(r.text) && isOfNumber(r.text[r.at]) {
		r.at++
	}
	return json.Number(r.text[start:r.at])
}

func isOfNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// shorten cuts a name that others wrote to a length that a message can have.
func shorten(name string) string {
	const most = 40
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return name
}
