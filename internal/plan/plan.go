// Package plan answers queries that ask for data as they lie: boards, lists, single
// cards and what hangs on them. An operation is compiled once, into statements, one
// for each level of it unless its row comes with another's, and one for what is counted
// or summed of it, and into what writes the rows of these as JSON; then it runs
// without a goroutine, a context or a Go value for each field.
//
// What a plan reads is what gqlgen's resolvers read: the lists of internal/read,
// inside the wall of internal/store. What it cannot do it leaves to gqlgen, whole
// operation by whole operation: at compiling, what is no data (mutations, unions,
// figures), and at running whatever goes wrong, so that errors, and the nulls
// that come of them, are gqlgen's and no others. A query changes nothing, so that it
// can run again.
package plan

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"entgo.io/ent/dialect"
	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/auth"
	"dealflow/internal/guard"
	"dealflow/internal/store"
)

// maxSwitches bounds the variables of @skip and @include: each set of their values is
// a plan.
const maxSwitches = 4

// Planner plans the operations of a schema. It is safe for concurrent use.
type Planner struct {
	schema *ast.Schema
	store  *store.Store
	// batches says that statements which wait for no other's rows are run as one.
	batches   bool
	inputs    Inputs
	texts     map[string]Text
	functions Functions
	known     *lru.Cache[*ast.OperationDefinition, *operation]
}

// Inputs reads an argument that is an object, or a list of them, into a Go value.
type Inputs func(raw, into any) error

// Text is what a field of the root says that is a text and of no table.
type Text func(context.Context) (string, error)

// New makes a planner of what a database holds, and of the root's texts by their names.
func New(schema *ast.Schema, s *store.Store, inputs Inputs, texts map[string]Text, functions Functions) *Planner {
	known, err := lru.New[*ast.OperationDefinition, *operation](guard.Kept)
	if err != nil {
		panic(err) // the size is good
	}
	batches := s != nil && s.Dialect == dialect.Postgres // SQLite's statements take no round trip
	return &Planner{schema, s, batches, inputs, texts, functions, known}
}

// operation is what is known of an operation: its plans by the values of the
// variables that switch fields on and off.
type operation struct {
	switches []string
	mu       sync.Mutex
	plans    map[string]*plan
}

// plan is an operation as it is run, or why it is not.
type plan struct {
	root        *object
	steps       []step           // in the order to read them
	levels      int              // of the steps, those that read rows
	values      int              // and those that read anything else
	permissions auth.Permissions // that its fields need
	unplanned   error
	size        atomic.Int64 // of the last answer, in bytes: the next is about as long
}

// Unplanned is the error of an operation that is gqlgen's.
type Unplanned struct{ Because string }

func (e *Unplanned) Error() string { return "not planned: " + e.Because }

func unplanned(format string, args ...any) error {
	return &Unplanned{fmt.Sprintf(format, args...)}
}

// ErrRefused is the error of a query with a field that its viewer may not see, or whose
// arguments are wrong. That is no error of the query as long as nothing comes to the
// field.
var ErrRefused = errors.New("plan: a field is refused")

// errAgain is the error of a plan that came to what gqlgen has to tell.
var errAgain = errors.New("plan: gqlgen has to say what is wrong")

// Run answers an operation with its data. After any error gqlgen is to answer, also
// after a panic, of which it so becomes one answer's business.
func (p *Planner) Run(ctx context.Context, o *graphql.OperationContext) (data []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	plan := p.planOf(o)
	if plan.unplanned != nil {
		return nil, plan.unplanned
	}
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok || viewer.Permissions&plan.permissions != plan.permissions {
		return nil, ErrRefused
	}
	return p.run(ctx, plan, o.Variables)
}

// planOf is the plan of an operation, made now or before.
func (p *Planner) planOf(o *graphql.OperationContext) *plan {
	if len(o.RawQuery) > guard.KeptBytes { // each request may bring an operation of its own
		return p.compile(o, len(switches(o.Operation)))
	}
	known, ok := p.known.Get(o.Operation)
	if !ok {
		known = &operation{switches: switches(o.Operation), plans: map[string]*plan{}}
		p.known.Add(o.Operation, known)
	}
	set := known.set(o.Variables)
	known.mu.Lock()
	defer known.mu.Unlock()
	made, ok := known.plans[set]
	if !ok {
		made = p.compile(o, len(known.switches))
		known.plans[set] = made
	}
	return made
}

// set names the values of the switches.
func (o *operation) set(variables map[string]any) string {
	if len(o.switches) == 0 || len(o.switches) > maxSwitches {
		return ""
	}
	var set strings.Builder
	for _, name := range o.switches {
		switch variables[name] {
		case true:
			set.WriteByte('1')
		case false:
			set.WriteByte('0')
		default: // null, or left out, which is an error where it switches
			set.WriteByte('-')
		}
	}
	return set.String()
}

// switches are the variables of the operation that @skip and @include may look at.
func switches(operation *ast.OperationDefinition) []string {
	var found []string
	for _, variable := range operation.VariableDefinitions {
		if variable.Type.NamedType == "Boolean" {
			found = append(found, variable.Variable)
		}
	}
	return found
}

// Explain tells of a document's first operation why it is not planned: nil when it is.
// What its variables switch is off.
func (p *Planner) Explain(document *ast.QueryDocument) error {
	o := &graphql.OperationContext{Doc: document, Operation: document.Operations[0], Variables: map[string]any{}}
	names := switches(o.Operation)
	for _, name := range names {
		o.Variables[name] = false
	}
	return p.compile(o, len(names)).unplanned
}
