package server

import (
	"net/http"

	"github.com/google/uuid"

	"dealflow/internal/auth"
	"dealflow/internal/live"
	"dealflow/internal/photo"
)

// The path of the API.
const apiPath = "/graphql"

// routes is every path that the server serves.
func (s *Server) routes(api api) http.Handler {
	mux := http.NewServeMux()
	// For signed-in clients.
	exec := s.executor(api)
	graphql := s.graphql(exec)
	mux.Handle(apiPath, s.cors(asGet(s.sockets(graphql, s.signedIn(s.keyed(s.bounded(graphql)))))))
	mux.Handle(restPath, s.cors(asGet(s.signedIn(s.keyed(s.endpoints(exec, api.schema.Schema()))))))
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

// sockets passes on requests for a WebSocket, whose first message has the token,
// if they come from a page that may use the API. All others go on as usual.
func (s *Server) sockets(socket, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !live.IsUpgrade(r):
			others.ServeHTTP(w, r)
		case !s.mayConnect(r):
			refuse(w, r, refusal{http.StatusForbidden, codeForbidden,
				"pages of this origin may not use the API: the server's operator lets them with --cors-origin"})
		default:
			socket.ServeHTTP(w, r)
		}
	})
}

// photoViewer is the organization of the request's token, if its bearer may see
// leads. Asking for a photo does not make anyone a user.
func (s *Server) photoViewer(r *http.Request) (uuid.UUID, bool) {
	token, err := auth.FromRequest(r)
	if err != nil {
		return uuid.Nil, false
	}
	viewer, err := s.verify(r.Context(), token)
	return viewer.OrganizationID, err == nil && viewer.Permissions.Has(auth.ViewLeads)
}
