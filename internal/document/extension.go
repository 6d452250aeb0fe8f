package document

import (
	"context"
	"errors"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/request"
	"dealflow/internal/response"
)

// The codes of this package's errors.
const (
	CodeRequired    = "DOCUMENT_REQUIRED"
	CodeNotFound    = "DOCUMENT_NOT_FOUND"
	CodeAmbiguous   = "DOCUMENT_AMBIGUOUS"
	CodeMismatch    = "DOCUMENT_MISMATCH"
	CodeHashUnknown = "PERSISTED_QUERY_NOT_FOUND"
	CodeHashWrong   = "PERSISTED_QUERY_HASH_MISMATCH"
)

// Extension puts the text of a document in place of its id: an executor calls
// Resolve before it looks at anything else. It is the gqlgen extension, too, that
// remembers texts which were found good.
//
// An API key runs what was published for its client, by id or by hash, and nothing
// else. It may send the text beside, as Apollo's clients do at times, when it is
// that document's.
//
// Others, who are the organization's own people, may send any text. They may also
// name what was published for any client of the organization, as their own apps
// do: a token does not say which app it is for. Where two clients have different
// texts by one id, it is refused. And they may leave out a text that they have
// sent before with its hash, as Apollo's automatic persisted queries do.
type Extension struct {
	library *Library
	texts   texts
}

// NewExtension returns the extension over a library.
func NewExtension(library *Library, limits Limits) Extension {
	return Extension{library, newTexts(limits)}
}

// ExtensionName implements graphql.HandlerExtension.
func (Extension) ExtensionName() string { return "Documents" }

// Validate implements graphql.HandlerExtension.
func (Extension) Validate(graphql.ExecutableSchema) error { return nil }

// Resolve puts the text that a request means into its parameters, or refuses it.
func (e Extension) Resolve(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if _, trusted := request.TrustedOf(params.Extensions); trusted {
		return nil // it has been found before, or the server itself has made the request of a document
	}
	viewer, _ := auth.ViewerFrom(ctx)
	id, hash := request.DocumentOf(params.Extensions), request.HashOf(params.Extensions)
	if id == "" && hash == "" {
		if viewer.IsKey() {
			return response.Error(CodeRequired, http.StatusForbidden, "This key runs published documents only: name one by documentId, and send no text.")
		}
		return nil
	}
	how, text := byHash, hash
	if id != "" {
		how, text, hash = byKey, id, "" // the id is more to the point
	}
	found, err := e.library.find(ctx, viewer.Client, how, text)
	switch {
	case err == nil:
		return e.run(found, hash, params)
	case errors.Is(err, ErrNotFound) && hash != "" && !viewer.IsKey():
		return e.sent(viewer, hash, params)
	case errors.Is(err, ErrNotFound):
		return response.Error(CodeNotFound, http.StatusNotFound, "No document with this id is published for the client: publish the client's manifest, or use an id that is in it.")
	case errors.Is(err, ErrAmbiguous):
		return response.Error(CodeAmbiguous, http.StatusConflict, "Clients of the organization have different documents by this id: send the text instead.")
	}
	return gqlerror.Wrap(err)
}

// run puts a published document in the place of its name.
func (e Extension) run(found *ent.Document, hash string, params *graphql.RawParams) *gqlerror.Error {
	switch {
	case params.Query != "" && params.Query != found.Body && !isHashOf(hash, params.Query):
		return response.Error(CodeMismatch, http.StatusBadRequest, "The text is not that of the document: send the id alone, or the text that was published under it.")
	case params.OperationName != "" && params.OperationName != found.Name:
		return response.Error(CodeMismatch, http.StatusBadRequest, "The document's operation has another name than operationName: leave it out, or correct it.")
	}
	params.Query, params.OperationName = found.Body, found.Name
	params.Extensions = request.Trusted{Client: found.Client, Key: found.Key, Name: found.Name}.Mark(params.Extensions)
	e.library.Used(found)
	return nil
}

// sent puts a text that was sent before in the place of its hash.
func (e Extension) sent(viewer auth.Viewer, hash string, params *graphql.RawParams) *gqlerror.Error {
	if params.Query != "" {
		if !isHashOf(hash, params.Query) {
			return response.Error(CodeHashWrong, http.StatusBadRequest, "The hash is not the text's: send the SHA-256 of the text as it is sent, in hexadecimal.")
		}
		return nil // MutateOperationContext remembers it, once it is known to be good
	}
	text, ok := e.texts.get(viewer.OrganizationID, hash)
	if !ok {
		// Apollo's clients know this message, and its status, and send the text.
		return response.Error(CodeHashUnknown, http.StatusOK, "PersistedQueryNotFound")
	}
	params.Query = text
	return nil
}

// MutateOperationContext implements graphql.OperationContextMutator. By now the
// text has been parsed and validated: nothing else is remembered.
func (e Extension) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	viewer, _ := auth.ViewerFrom(ctx)
	hash := request.HashOf(operation.Extensions)
	_, trusted := request.TrustedOf(operation.Extensions)
	if hash == "" || trusted || viewer.IsKey() {
		return nil
	}
	if _, known := e.texts.get(viewer.OrganizationID, hash); !known && isHashOf(hash, operation.RawQuery) {
		e.texts.put(viewer.OrganizationID, hash, operation.RawQuery)
	}
	return nil
}
