// Package guard stands between what strangers send and the execution of it. It
// bounds documents before they are parsed, parses and validates them once, and
// coerces variables as the specification says, strictly.
//
// Everything here costs time in proportion to what was sent: a look at each token
// comes first (document.go), and bounds whatever in parsing and validating grows
// faster than that.
package guard

import (
	"context"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dealflow/internal/response"
)

// Limits bound what one operation may be. The zero value of each stands for its
// default.
type Limits struct {
	// Of a document, unless it is trusted.
	Tokens     int // names, numbers, texts and signs: 2,000
	Depth      int // of braces, brackets and parentheses within each other: 30
	Aliases    int // 100
	Directives int // 50
	Spreads    int // of fragments, inline ones included: 100

	// Of the values of an operation's arguments and variables, also of a trusted one.
	List       int // the values of one list: 1,000
	InputDepth int // of lists and objects within each other: 12
	Values     int // all of them: 10,000
}

func (l Limits) withDefaults() Limits {
	for field, usual := range map[*int]int{
		&l.Tokens: 2000, &l.Depth: 30, &l.Aliases: 100, &l.Directives: 50, &l.Spreads: 100,
		&l.List: 1000, &l.InputDepth: 12, &l.Values: 10_000,
	} {
		if *field <= 0 {
			*field = usual
		}
	}
	return l
}

// Readable is how many values all of a request may have: those of its variables, and
// some around them.
func (l Limits) Readable() int { return l.withDefaults().Values + 100 }

// TooManyValues is what a request is told that has more than that.
func TooManyValues(limit int) string {
	return fmt.Sprintf("the request has more than %d values, which is more than is read: send several", limit)
}

const (
	// Kept bounds the documents that are remembered, and what others remember of them.
	Kept = 1000
	// KeptBytes bounds each: one that is longer, and not trusted, comes anew each time.
	KeptBytes = 32 << 10
	// trustedTokens bounds documents that were looked at when they were published.
	trustedTokens = 20_000
)

// Guard guards a schema. It is safe for concurrent use.
type Guard struct {
	schema *ast.Schema
	limits Limits
	rules  *rules.Rules // with which a document is valid
	hints  *rules.Rules // the same, but that they suggest what may have been meant
	known  *lru.LRU[*ast.QueryDocument]
}

// New makes a guard.
func New(schema *ast.Schema, limits Limits) *Guard {
	return &Guard{
		schema: schema, limits: limits.withDefaults(),
		rules: bounded(withoutHints()), hints: bounded(withHints()), known: lru.New[*ast.QueryDocument](Kept),
	}
}

// Found is the cache of documents for an executor behind the guard, which so never
// parses anything itself: it finds what With has put into the context.
type Found struct{}

type foundKey struct{}

// With returns a context in which Found has a document.
func With(ctx context.Context, document *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, foundKey{}, document)
}

// Get implements graphql.Cache.
func (Found) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	document, ok := ctx.Value(foundKey{}).(*ast.QueryDocument)
	return document, ok
}

// Add implements graphql.Cache. The guard itself remembers what may be kept.
func (Found) Add(context.Context, string, *ast.QueryDocument) {}

var _ graphql.Cache[*ast.QueryDocument] = Found{}

// Document is a text, parsed and found valid, or what is wrong with it. The limits
// of strangers' documents are not for a trusted one.
func (g *Guard) Document(ctx context.Context, text string, trusted bool) (*ast.QueryDocument, gqlerror.List) {
	if document, ok := g.known.Get(ctx, text); ok {
		return document, nil
	}
	tokens := trustedTokens
	if !trusted {
		tokens = g.limits.Tokens
		if err := g.look(text); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	document, errs := g.parse(text, tokens)
	if errs == nil && (trusted || len(text) <= KeptBytes) {
		g.known.Add(ctx, text, document)
	}
	return document, errs
}

func (g *Guard) parse(text string, tokens int) (*ast.QueryDocument, gqlerror.List) {
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, tokens)
	if err != nil {
		return nil, gqlerror.List{refused(errcode.ParseFailed, gqlerror.WrapIfUnwrapped(err))}
	}
	if len(document.Operations) == 0 {
		return nil, gqlerror.List{invalid("The document has no operation.")}
	}
	errs := validator.ValidateWithRules(g.schema, document, g.rules)
	// A suggestion compares a name with all there are, which nobody reads by the thousand.
	if n := len(errs); n > 0 && n <= response.MaxErrors {
		errs = validator.ValidateWithRules(g.schema, document, g.hints)
	}
	for _, err := range errs {
		_ = refused(errcode.ValidationFailed, err)
	}
	return document, errs
}

// Operation is the operation of a document that a request names.
func Operation(document *ast.QueryDocument, name string) (*ast.OperationDefinition, *gqlerror.Error) {
	if operation := document.Operations.ForName(name); operation != nil {
		return operation, nil
	}
	if name == "" {
		return nil, invalid("The document has several operations: name one with operationName.")
	}
	return nil, invalid("The document has no operation with the name that operationName gives.")
}

// invalid is an error of a document or of its variables.
func invalid(message string, arguments ...any) *gqlerror.Error {
	return refused(errcode.ValidationFailed, gqlerror.Errorf(message, arguments...))
}

func refused(code string, err *gqlerror.Error) *gqlerror.Error {
	err.Extensions = map[string]any{"code": code, "status": http.StatusBadRequest}
	return err
}
