package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/graph/scalar"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// The codes of errors at the top of a response.
const (
	codeBadInput  = "BAD_USER_INPUT"
	codeForbidden = "FORBIDDEN"
	codeInternal  = "INTERNAL"
)

// userErrors splits what a change answered: what its sender can mend goes into
// the payload; anything else is an error of the operation.
func userErrors(err error) ([]sales.UserError, error) {
	var problems sales.Errors
	if errors.As(err, &problems) {
		return problems, nil
	}
	return []sales.UserError{}, err
}

// requires is the directive that guards a field with a permission.
func requires(ctx context.Context, _ any, next graphql.Resolver, permission auth.Permission) (any, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok || !viewer.Permissions.Has(permission) {
		return nil, sales.ForbiddenError{Permission: permission}
	}
	return next(ctx)
}

// PresentError gives each error at the top of a response its code and status.
// An error that is nobody else's fault is ours: the caller gets an id, and the
// log gets the id and the error.
func PresentError(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := graphql.DefaultErrorPresenter(ctx, err)
		if shown.Extensions["code"] != nil { // of an error that was made for the client
			if shown.Extensions["status"] == nil {
				shown.Extensions["status"] = http.StatusBadRequest
			}
			return shown
		}
		code, status, argument := classify(err)
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded): // whatever the database made of it
			code, status = "TIMEOUT", http.StatusServiceUnavailable
			shown.Message = "The operation takes longer than the server lets it: ask for smaller pages or fewer fields."
		case ctx.Err() != nil:
			code, status = "CANCELED", 499
		case code == cost.CodeTooExpensive:
			shown.Message = "The answer has more rows than one operation may read: ask for smaller pages or fewer fields."
		case code == codeInternal:
			return internalError(ctx, log, shown, err)
		}
		shown.Extensions = map[string]any{"code": code, "status": status}
		if argument != "" {
			shown.Extensions["argument"] = argument
		}
		return shown
	}
}

// classify tells whose fault an error is.
func classify(err error) (code string, status int, argument string) {
	var (
		asked     *read.Error
		badID     *id.Error
		problems  sales.Errors
		forbidden sales.ForbiddenError
	)
	switch {
	case errors.Is(err, store.ErrTooManyRows):
		return cost.CodeTooExpensive, 400, ""
	case errors.As(err, &forbidden):
		return codeForbidden, 403, ""
	case errors.As(err, &asked):
		return codeBadInput, 400, asked.Argument
	case errors.As(err, &badID):
		return "INVALID_ID", 400, ""
	case errors.As(err, &problems), isCoercion(err):
		return codeBadInput, 400, ""
	}
	return codeInternal, 500, ""
}

// isCoercion tells whether a value did not fit its scalar.
func isCoercion(err error) bool {
	var (
		ours   *scalar.Error
		number *strconv.NumError
	)
	return errors.As(err, &ours) || errors.As(err, &number)
}

// batchError is the failure of one statement, which all rows of a level share.
type batchError struct {
	cause    error
	incident string
	logged   sync.Once
}

func (e *batchError) Error() string { return e.cause.Error() }
func (e *batchError) Unwrap() error { return e.cause }

func internalError(ctx context.Context, log *slog.Logger, shown *gqlerror.Error, err error) *gqlerror.Error {
	var failed *batchError
	if !errors.As(err, &failed) {
		failed = &batchError{cause: err, incident: uuid.NewString()}
	}
	incident := failed.incident
	failed.logged.Do(func() {
		log.ErrorContext(ctx, "operation failed", "id", incident, "path", shown.Path.String(), "error", err)
	})
	return &gqlerror.Error{
		Message:    "The server failed. Its log says more under the id " + incident + ".",
		Path:       shown.Path,
		Extensions: map[string]any{"code": codeInternal, "status": 500, "id": incident},
	}
}

// Recover turns a panic of a resolver into an internal error, with its stack in
// the log.
func Recover(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, cause any) error {
		log.ErrorContext(ctx, "resolver panicked", "panic", cause, "stack", string(debug.Stack()))
		return fmt.Errorf("panic: %v", cause)
	}
}
