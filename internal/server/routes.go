package server

import (
	"net/http"

	"github.com/google/uuid"

	"dealflow/internal/auth"
	"dealflow/internal/photo"
)

// The path of the API.
const apiPath = "/graphql"

// routes is every path that the server serves.
func (s *Server) routes(api api) http.Handler {
	mux := http.NewServeMux()
	// For signed-in clients.
	mux.Handle(apiPath, s.cors(s.signedIn(s.bounded(coded(s.graphql(api))))))
	mux.Handle(photo.Path, s.cors(s.config.Photos.Handler(s.config.Links, s.photoViewer, s.config.Log)))
	// For operators and tools.
	mux.Handle("GET /healthz", http.HandlerFunc(s.healthz))
	mux.Handle("GET /readyz", http.HandlerFunc(s.readyz))
	mux.Handle("GET /metrics", s.config.Metrics.handler())
	mux.Handle("GET /schema.graphql", schema())
	// For people.
	mux.Handle("/", playground())
	return mux
}

// photoViewer is the organization of the request's token, if its bearer may see
// leads. Asking for a photo does not make anyone a user.
func (s *Server) photoViewer(r *http.Request) (uuid.UUID, bool) {
	token, err := auth.FromRequest(r)
	if err != nil {
		return uuid.Nil, false
	}
	viewer, err := s.config.Verifier.Verify(r.Context(), token)
	return viewer.OrganizationID, err == nil && viewer.Permissions.Has(auth.ViewLeads)
}
