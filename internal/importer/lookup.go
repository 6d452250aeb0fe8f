package importer

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"
)

// lookup turns a text of a row into the name of something that there is.
type lookup struct {
	From text
	// Values are the names of the texts. Without any, a text is a name itself.
	Values []pair
	// Otherwise is the name of a text that Values does not have, and of none.
	Otherwise string

	line int
}

type pair struct{ text, name string }

// UnmarshalYAML reads a text, or a mapping of from, values and otherwise.
func (l *lookup) UnmarshalYAML(node *yaml.Node) error {
	l.line = node.Line
	if node.Kind != yaml.MappingNode {
		return l.From.UnmarshalYAML(node)
	}
	for i := 0; i < len(node.Content); i += 2 {
		if err := l.unmarshalKey(node.Content[i], node.Content[i+1]); err != nil {
			return err
		}
	}
	if !l.From.given() {
		return fmt.Errorf("line %d: from is missing: the text to look up, such as from: \"{stage}\"", l.line)
	}
	return nil
}

func (l *lookup) unmarshalKey(key, value *yaml.Node) error {
	// The decoder does not check the keys of what decodes itself.
	switch key.Value {
	case "from":
		return l.From.UnmarshalYAML(value)
	case "otherwise":
		return value.Decode(&l.Otherwise)
	case "values":
		return l.unmarshalValues(value)
	default:
		return fmt.Errorf("line %d: there is no key %q: there are from, values and otherwise", key.Line, key.Value)
	}
}

func (l *lookup) unmarshalValues(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: values is a mapping, such as {Won: WON, Lost: LOST}", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		text, name := node.Content[i], node.Content[i+1]
		if text.Kind != yaml.ScalarNode || name.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: values is a mapping from text to text", text.Line)
		}
		if _, twice := l.find(text.Value); twice {
			return fmt.Errorf("line %d: values has %q twice", text.Line, text.Value)
		}
		l.Values = append(l.Values, pair{text.Value, name.Value})
	}
	return nil
}

// given tells whether the mapping has the lookup.
func (l lookup) given() bool { return l.From.given() }

// find is the name that values has for a text.
func (l lookup) find(text string) (string, bool) {
	for _, one := range l.Values {
		if one.text == text {
			return one.name, true
		}
	}
	return "", false
}

// unknown is a name in the mapping that is not among the choices; "" if all are.
func (l lookup) unknown(known *choices) string {
	for _, one := range l.Values {
		if !known.has(one.name) {
			return one.name
		}
	}
	if l.Otherwise != "" && !known.has(l.Otherwise) {
		return l.Otherwise
	}
	return ""
}

// of is the name that the lookup makes of a row; "" when the row says nothing.
// A text that is not known is a failure of the row.
func (l lookup) of(c *cells, what string, known *choices) string {
	said := l.From.of(c)
	if name, ok := l.find(said); ok {
		return name
	}
	switch {
	case said == "", len(l.Values) > 0 && l.Otherwise != "":
		return l.Otherwise
	case len(l.Values) > 0:
		c.fail("unknown %s %.100q; the mapping knows %s", what, said, l.texts())
	case !known.has(said):
		c.fail("unknown %s %.100q; %s has %s", what, said, known.where, known)
	}
	return said
}

func (l lookup) texts() string {
	texts := make([]string, len(l.Values))
	for i, one := range l.Values {
		texts[i] = one.text
	}
	return strings.Join(texts, ", ")
}

// choices is what a lookup may find, by name.
type choices struct {
	where string
	fold  func(string) string // names are the same whose folds are
	names []string
	ids   map[string]uuid.UUID
}

func newChoices(where string, fold func(string) string) *choices {
	return &choices{where: where, fold: fold, ids: map[string]uuid.UUID{}}
}

// enum is choices without ids.
func enum[T ~string](names ...T) *choices {
	known := newChoices("Dealflow", sameCase)
	for _, name := range names {
		known.add(string(name), uuid.Nil)
	}
	return known
}

func sameCase(s string) string { return s }

// add adds a name. Where two are the same, the first one counts.
func (k *choices) add(name string, key uuid.UUID) {
	k.names = append(k.names, name)
	if !k.has(name) {
		k.ids[k.fold(name)] = key
	}
}

func (k *choices) has(name string) bool {
	_, ok := k.ids[k.fold(name)]
	return ok
}

func (k *choices) id(name string) uuid.UUID { return k.ids[k.fold(name)] }

func (k *choices) String() string { return strings.Join(k.names, ", ") }
