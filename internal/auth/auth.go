// Package auth turns a bearer token into a Viewer: who asks, inside which
// organization, and what they may do.
//
// A token is a JWT with these claims:
//
//	sub          who: the issuer's stable name for the user (required)
//	org          the organization's id, org_… (required)
//	role         VIEWER, SALES, ADMIN or PARTNER (required)
//	exp          when it ends (required); nbf and iat are checked when present
//	iss, aud     checked when the server is configured with them
//	permissions  a list that adds to what the role allows
//	name, email  shown to colleagues
//
// It is signed with HS256 and the server's own secret, or with RS256, ES256 or
// EdDSA and a key that the issuer publishes as a JWK Set.
//
// Partners have an API key instead, which this server makes and checks itself
// (key.go, keys.go).
package auth

import (
	"errors"
	"net/http"
	"strings"
)

// CodeUnauthenticated is the code of every Error of this package: the request's
// token is missing, or is refused.
const CodeUnauthenticated = "UNAUTHENTICATED"

// Error says why a token is refused. Code and Message are for the client; the
// cause, for the log alone, is what it wraps.
type Error struct {
	Code    string
	Message string // what is wrong and how to set it right
	cause   error
}

// Error is the message, and the cause when there is one: text for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap is the cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// refuse makes the Error of a token that is refused because of cause, if not nil.
func refuse(message string, cause error) *Error {
	return &Error{Code: CodeUnauthenticated, Message: message, cause: cause}
}

// ErrNoToken is FromRequest's answer to a request that carries no token at all.
// It is an *Error too, for callers that need a token.
var ErrNoToken error = refuse("sign in: send the header Authorization: Bearer, then a token", nil)

// FromRequest is the token of the request's Authorization header. It returns
// ErrNoToken when there is no such header, so that the caller can choose to
// serve strangers, and another *Error when the header is not a bearer token's.
func FromRequest(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", ErrNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	// Two headers are refused, for a proxy in front may have judged the other one.
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", refuse("send one Authorization header, made of Bearer, a space and the token", nil)
	}
	return token, nil
}

// asError is err as an *Error, if it is one.
func asError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
