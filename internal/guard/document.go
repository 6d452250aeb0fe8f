package guard

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// CodeTooLarge is the code of a document or of values beyond a limit.
const CodeTooLarge = "QUERY_TOO_LARGE"

// tooLarge is the error of something that is more than it may be.
func tooLarge(message string, limit int) *gqlerror.Error {
	err := gqlerror.Errorf(message, limit)
	err.Extensions = map[string]any{"code": CodeTooLarge, "status": http.StatusBadRequest, "limit": limit}
	return err
}

const (
	// maxName bounds the names in a document: ours have 40 bytes at most.
	maxName = 200
	// maxPairs bounds the pairs of fields with the same name, which validation compares
	// with each other: one name may stand there 200 times, or ten names 60 times each.
	maxPairs = 20_000
)

// counts are what a look at a document's tokens counts.
type counts struct {
	tokens, depth, aliases, directives, spreads int
	parentheses                                 int // open
	pairs                                       int // of fields with the same name
}

// look goes over a document's tokens once, before anything else is done with it.
func (g *Guard) look(text string) *gqlerror.Error {
	lex := lexer.New(&ast.Source{Input: text})
	var c counts
	var before lexer.Type
	names := map[string]int{}
	for {
		token, err := lex.ReadToken()
		if err != nil {
			return refused(errcode.ParseFailed, gqlerror.WrapIfUnwrapped(err))
		}
		if token.Kind == lexer.EOF {
			return nil
		}
		if token.Kind == lexer.Comment {
			continue
		}
		if token.Kind == lexer.Name && len(token.Value) > maxName {
			return tooLarge("The document has a name of more than %d bytes.", maxName)
		}
		if token.Kind == lexer.Name && c.parentheses <= 0 {
			c.pairs += names[token.Value]
			names[token.Value]++
		}
		c.count(token.Kind, before)
		if err := g.limits.check(c); err != nil {
			return err
		}
		before = token.Kind
	}
}

// count counts a token.
func (c *counts) count(kind, before lexer.Type) {
	c.tokens++
	switch kind {
	case lexer.BraceL, lexer.BracketL:
		c.depth++
	case lexer.BraceR, lexer.BracketR:
		c.depth--
	case lexer.ParenL:
		c.depth++
		c.parentheses++
	case lexer.ParenR:
		c.depth--
		c.parentheses--
	case lexer.Colon:
		// In parentheses it follows an argument's name, a variable's or a field's.
		if before == lexer.Name && c.parentheses <= 0 {
			c.aliases++
		}
	case lexer.At:
		c.directives++
	case lexer.Spread:
		c.spreads++
	}
}

// check compares what was counted so far.
func (l Limits) check(c counts) *gqlerror.Error {
	switch {
	case c.tokens > l.Tokens:
		return tooLarge("The document has more than %d tokens (words and signs): split it up.", l.Tokens)
	case c.depth > l.Depth:
		return tooLarge("The document nests braces, brackets and parentheses more than %d deep.", l.Depth)
	case c.aliases > l.Aliases:
		return tooLarge("The document has more than %d aliases: ask for lists, or split it up.", l.Aliases)
	case c.directives > l.Directives:
		return tooLarge("The document has more than %d directives.", l.Directives)
	case c.spreads > l.Spreads:
		return tooLarge("The document has more than %d fragment spreads and inline fragments.", l.Spreads)
	case c.pairs > maxPairs:
		return tooLarge("The document repeats the same names too often: there are more than %d pairs of them.", maxPairs)
	}
	return nil
}
