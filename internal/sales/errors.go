package sales

import (
	"fmt"
	"strings"

	"dealflow/ent"
	"dealflow/internal/id"
)

// UserErrorCode says what was wrong with a request, for a program.
type UserErrorCode string

// The codes, as schema.graphql describes them.
const (
	CodeRequired      UserErrorCode = "REQUIRED"
	CodeInvalid       UserErrorCode = "INVALID"
	CodeInvalidID     UserErrorCode = "INVALID_ID"
	CodeNotFound      UserErrorCode = "NOT_FOUND"
	CodeAlreadyExists UserErrorCode = "ALREADY_EXISTS"
	CodeConflict      UserErrorCode = "CONFLICT"
	CodeDuplicateDeal UserErrorCode = "DUPLICATE_DEAL"
	CodeBlocked       UserErrorCode = "BLOCKED"
	CodeNotAllowed    UserErrorCode = "NOT_ALLOWED"
)

// UserError is something wrong with a request that its sender can mend.
type UserError interface {
	error
	IsUserError()
}

// Errors is everything that was wrong with a request. It is never empty.
type Errors []UserError

func (e Errors) Error() string {
	messages := make([]string, len(e))
	for i, one := range e {
		messages[i] = one.Error()
	}
	return strings.Join(messages, " ")
}

// InputError is a value that does not go where it stands.
type InputError struct {
	Message string
	Code    UserErrorCode
	// Path leads to the value: input, stageId.
	Path []string
	// Rule is the rule that was broken, in one word.
	Rule string
}

func (e InputError) Error() string { return e.Message }

// IsUserError marks a UserError.
func (InputError) IsUserError() {}

// ConflictError says that somebody changed an entity since the sender read it.
type ConflictError struct {
	InputError
	// Current is what it is like now.
	Current ent.Node
}

// DuplicateDealError says that a contact has an open deal in the pipeline.
type DuplicateDealError struct {
	InputError
	// Existing is that deal.
	Existing *ent.Deal
}

// BlockedError says that something still needs the entity.
type BlockedError struct {
	InputError
	// Count is how many things need it.
	Count int
}

// refuse is a single error as an answer.
func refuse(code UserErrorCode, rule string, path []string, format string, args ...any) error {
	return Errors{InputError{fmt.Sprintf(format, args...), code, path, rule}}
}

// notFound says that an id names nothing in the organization.
func notFound(kind id.Kind, path []string) error {
	return refuse(CodeNotFound, "exists", path, "%s not found.", capital(kind.Noun()))
}

// conflict says that an entity is no longer the one that the sender read.
func conflict(current ent.Node, have, expected int) error {
	return Errors{ConflictError{
		InputError{
			fmt.Sprintf("It has version %d now, not %d. Read it again and repeat the change.", have, expected),
			CodeConflict, []string{"input", "expectedVersion"}, "version",
		},
		current,
	}}
}

// blocked says that an entity is still needed.
func blocked(count int, path []string, format string, args ...any) error {
	return Errors{BlockedError{
		InputError{fmt.Sprintf(format, args...), CodeBlocked, path, "in_use"}, count,
	}}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
