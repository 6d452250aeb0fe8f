package cost

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/auth"
	"dealflow/internal/store"
)

// The codes of operations that are refused for their cost.
const (
	CodeTooExpensive = "QUERY_TOO_EXPENSIVE" // waiting does not help
	CodeRateLimited  = "RATE_LIMITED"        // waiting does
)

// Header is the header by which a request asks for the paths that cost most:
// `Dealflow-Cost: paths`.
const Header = "Dealflow-Cost"

// kept is which part of its cost a query keeps, as one in so many, though it read
// less: to find that there is little also takes work.
const kept = 10

// Extension is the gqlgen extension that charges everyone for what they ask for, and
// refuses what costs too much. It wraps all that reads for an operation.
//
// The whole cost is taken before an operation runs, once for each that a client asks
// for: also of a subscription, whose events then cost nothing, since equal
// subscriptions share the work of each. A query that read less gets the difference
// back with its answer, but for a tenth; counts and searches stay paid. An operation
// that read more, since a list was longer than assumed, pays for that too, but for the
// events of a subscription. It stops where it has read as many rows as an operation may
// cost: a query; what a mutation answers, and not what its rules read; and each event.
type Extension struct {
	Prices  *Prices
	Buckets *Buckets
	// Observe is told what each operation costs.
	Observe func(points int64)
}

// ExtensionName implements graphql.HandlerExtension.
func (Extension) ExtensionName() string { return "Cost" }

// Validate implements graphql.HandlerExtension.
func (Extension) Validate(graphql.ExecutableSchema) error { return nil }

// charge is what was taken for an operation.
type charge struct {
	cost    Cost
	account account
	refused bool
	settled bool // it was answered
	report  Report
}

// Report is what the answer to an operation says of its cost, in extensions.cost.
type Report struct {
	// Requested is what the operation may cost.
	Requested int64 `json:"requested"`
	// Charged is what it did cost: less, when there was less to read.
	Charged int64 `json:"charged"`
	// Remaining is what the caller has left.
	Remaining int64 `json:"remaining"`
	// Limit is what the caller can save up.
	Limit int64 `json:"limit"`
	// RestoreRate is how many points come back each second.
	RestoreRate int64 `json:"restoreRate"`
	// Paths are what costs most, if asked for or refused.
	Paths []Path `json:"paths,omitempty"`
}

// AppendJSON appends the report as encoding/json writes it.
func (r Report) AppendJSON(text []byte) []byte {
	for i, number := range []int64{r.Requested, r.Charged, r.Remaining, r.Limit, r.RestoreRate} {
		text = append(text, names[i]...)
		text = strconv.AppendInt(text, number, 10)
	}
	if len(r.Paths) > 0 {
		paths, err := json.Marshal(r.Paths)
		if err != nil {
			panic(err) // they are texts and numbers
		}
		text = append(append(text, `,"paths":`...), paths...)
	}
	return append(text, '}')
}

// names are those of a report's numbers, as JSON has them.
var names = []string{`{"requested":`, `,"charged":`, `,"remaining":`, `,"limit":`, `,"restoreRate":`}

// MutateOperationContext implements graphql.OperationContextMutator: it takes what
// the operation costs, or refuses it.
func (e Extension) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	viewer, _ := auth.ViewerFrom(ctx)
	account := e.Buckets.accountOf(viewer)
	cost := e.Prices.Of(operation.Operation, operation.Variables)
	points := cost.Total()
	e.Observe(points)
	c := &charge{cost: cost, account: account, report: Report{
		Requested: points, Limit: int64(account.size), RestoreRate: int64(account.rate),
	}}
	operation.Stats.SetExtension(e.ExtensionName(), c)
	if operation.Headers.Get(Header) == "paths" {
		c.report.Paths = e.Prices.Paths(operation.Operation, operation.Variables)
	}
	most := e.Buckets.limits.Most(viewer.Budget)
	taken := points
	if points > most {
		taken = 0
	}
	left, wait := e.Buckets.take(account, taken)
	c.report.Remaining = left
	if points <= most && wait == 0 {
		c.report.Charged = points
		return nil
	}
	c.refused = true
	c.report.Paths = e.Prices.Paths(operation.Operation, operation.Variables)
	if points > most {
		return tooExpensive(points, most)
	}
	return rateLimited(points, left, wait)
}

func tooExpensive(points, most int64) *gqlerror.Error {
	return &gqlerror.Error{
		Message: fmt.Sprintf("The operation may cost %d points, and at most %d are allowed: ask for smaller pages or fewer fields; extensions.cost.paths says which cost most.", points, most),
		Extensions: map[string]any{
			"code": CodeTooExpensive, "status": http.StatusBadRequest, "requested": points, "limit": most,
		},
	}
}

// rateLimited says in how many seconds there are points enough.
func rateLimited(points, left int64, wait time.Duration) *gqlerror.Error {
	seconds := int(math.Ceil(wait.Seconds()))
	return &gqlerror.Error{
		Message: fmt.Sprintf("The operation may cost %d points, and %d are left: try again in %d seconds, or ask for less.", points, left, seconds),
		Extensions: map[string]any{
			"code": CodeRateLimited, "status": http.StatusTooManyRequests, "retryAfter": seconds,
		},
	}
}

// InterceptResponse implements graphql.ResponseInterceptor: it bounds what a response
// reads, settles what the operation has cost, and says so in the answer.
func (e Extension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	c, operation := e.chargeOf(ctx)
	if c == nil {
		return next(ctx)
	}
	ctx, read := store.CountStatements(ctx)
	read.LimitRows(e.Buckets.limits.Max)
	response := next(ctx)
	if response == nil || operation.Operation == ast.Subscription && !c.refused {
		return response
	}
	e.settle(c, operation.Operation, int64(read.RowsOutside()))
	if response.Extensions == nil {
		response.Extensions = map[string]any{}
	}
	response.Extensions["cost"] = c.report
	return response
}

// chargeOf is what was taken for the operation of ctx; nil when it did not get so far.
func (e Extension) chargeOf(ctx context.Context) (*charge, *ast.OperationDefinition) {
	if !graphql.HasOperationContext(ctx) {
		return nil, nil
	}
	operation := graphql.GetOperationContext(ctx)
	c, _ := operation.Stats.GetExtension(e.ExtensionName()).(*charge)
	return c, operation.Operation
}

// settle gives back what a query was charged for and did not read, or charges an
// operation for what it read beyond. What a mutation was charged for stands for its
// writes.
func (e Extension) settle(c *charge, kind ast.Operation, rows int64) {
	if c.refused || c.settled {
		return
	}
	c.settled = true
	unused := c.cost.Rows - max(rows, c.cost.Rows/kept, 1)
	if kind == ast.Mutation {
		unused = min(unused, 0)
	}
	c.report.Charged -= unused
	c.report.Remaining = e.Buckets.giveBack(c.account, unused)
}
