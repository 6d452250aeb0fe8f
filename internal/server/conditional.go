package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/auth"
	"dealflow/internal/request"
)

// This file lets clients keep the answers to queries that they ask for by GET and by
// the name of a document. Each has an ETag, and who sends it again is told when the
// answer is still the same.
//
// For most documents that takes no more than the organization's revision, which each
// change replaces (sales.Revision): the ETag is made of it, and of all else that the
// answer depends on, before anything is executed. The revision is read first, so
// what is read then is never older than its ETag says. Where a document has a field
// that is @volatile in the schema, the answer is made and the ETag is that of its
// bytes.

// page is the answer to a GET.
type page struct {
	status int
	media  string
	body   []byte
	good   bool   // it may be kept
	free   func() // gives the body back, once it was sent, or need not be; may be nil
}

// done is for a page whose body nobody looks at any more.
func (p page) done() {
	if p.free != nil {
		p.free()
	}
}

// conditional answers a GET: with what run makes, or without running it when the
// client has that already. Form tells answers of one document in different forms
// apart.
func (s *Server) conditional(w http.ResponseWriter, r *http.Request, exec *guarded, params *graphql.RawParams, form string, run func() *page) {
	tag, err := s.tagBefore(r.Context(), exec, params, form)
	if err != nil {
		s.fail(w, r, "could not read the revision of an organization", "error", err)
		return
	}
	if tag != "" && has(r, tag) {
		notModified(w, tag)
		return
	}
	p := run()
	switch {
	case p == nil: // the client is gone, or has been answered
		return
	case p.good && tag == "":
		tag = tagOf(p.body)
	case !p.good:
		tag = ""
	}
	if tag != "" && has(r, tag) {
		notModified(w, tag)
		p.done()
		return
	}
	if tag != "" {
		mayKeep(w.Header(), tag)
	}
	send(w, *p)
}

// buffered is how long an answer may be, in bytes, whose length net/http finds out. Most
// are shorter, and then have eight headers of ours: a ninth has Go make the map of them anew.
const buffered = 2 << 10

// send writes an answer.
func send(w http.ResponseWriter, p page) {
	h := w.Header()
	h.Set("Content-Type", p.media+"; charset=utf-8")
	if len(p.body) > buffered {
		h.Set("Content-Length", strconv.Itoa(len(p.body)))
	}
	w.WriteHeader(p.status)
	// A client that is gone hears nothing, and nobody else is interested.
	_, _ = w.Write(p.body)
	p.done()
}

// mayKeep says that the client may keep the answer, and is to ask whether it is
// still the same. Nobody between may: it is for this bearer.
func mayKeep(h http.Header, tag string) {
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Authorization, Accept")
}

func notModified(w http.ResponseWriter, tag string) {
	mayKeep(w.Header(), tag)
	w.WriteHeader(http.StatusNotModified)
}

// has tells whether the client has the answer with a tag. It may not say that it has
// any (*): whether there is an answer at all, only the query can tell.
func has(r *http.Request, tag string) bool {
	for _, given := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == tag {
			return true
		}
	}
	return false
}

// tagOf is the ETag of what a hash stands for.
func tagOf(text []byte) string {
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
}

// tagBefore is the ETag of an answer that is yet to be made; "" where only the
// answer can tell, or where there is none.
func (s *Server) tagBefore(ctx context.Context, exec *guarded, params *graphql.RawParams, form string) (string, error) {
	document, operation, errs := exec.find(ctx, params)
	if errs != nil || operation.Operation != ast.Query || isVolatile(document) {
		return "", nil
	}
	revision, err := s.config.Sales.Revision(ctx)
	if err != nil {
		return "", err
	}
	viewer, _ := auth.ViewerFrom(ctx)
	text, err := json.Marshal([]any{
		revision, s.build.version, s.build.revision, s.build.schema, form, params.Query, params.OperationName, params.Variables,
		viewer.OrganizationID, viewer.UserID, viewer.Name, viewer.Email, viewer.Role, viewer.Permissions, viewer.Client,
	})
	if err != nil {
		return "", err
	}
	return tagOf(text), nil
}

// isVolatile tells whether an answer to a document depends on the time.
func isVolatile(document *ast.QueryDocument) bool {
	for _, operation := range document.Operations {
		if hasVolatile(operation.SelectionSet) {
			return true
		}
	}
	for _, fragment := range document.Fragments {
		if hasVolatile(fragment.SelectionSet) {
			return true
		}
	}
	return false
}

func hasVolatile(set ast.SelectionSet) bool {
	for _, selected := range set {
		switch s := selected.(type) {
		case *ast.Field:
			if s.Definition.Directives.ForName("volatile") != nil || hasVolatile(s.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if hasVolatile(s.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// namesDocument tells whether a request asks for a document by its name.
func namesDocument(params *graphql.RawParams) bool {
	_, trusted := request.TrustedOf(params.Extensions)
	return trusted || request.DocumentOf(params.Extensions) != "" || request.HashOf(params.Extensions) != ""
}
