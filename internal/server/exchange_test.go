package server

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"dealflow/internal/auth"
	"dealflow/internal/id"
)

func TestRequestID(t *testing.T) {
	w := mustServe(t)
	for given, kept := range map[string]bool{
		"3f2c-11.a:b_C":          true,
		strings.Repeat("a", 128): true,
		strings.Repeat("a", 129): false,
		"a b":                    false,
		`a"b`:                    false,
		"":                       false,
	} {
		got := w.send(w.request(http.MethodGet, "/healthz", nil, requestID, given)).header.Get(requestID)
		if (got == given) != kept || len(got) == 0 {
			t.Errorf("given %q, got %q", given, got)
		}
	}
}

func TestLog(t *testing.T) {
	w := mustServe(t)
	w.do(http.MethodPost, "/graphql", `{"query":"query Hello { hello }"}`, requestID, "good")
	w.do(http.MethodPost, "/graphql", `{"query":"{ refuse }"}`, requestID, "refused")
	w.do(http.MethodPost, "/graphql", `{"query":"{ nonsense }"}`, requestID, "invalid")
	w.do(http.MethodPost, "/graphql", `{"query":"{ hello }"}`, requestID, "strange", "Authorization", "")

	ctx := auth.WithViewer(t.Context(), auth.Viewer{OrganizationID: w.organization.ID})
	user := id.User.Encode(w.store.Client.User.Query().OnlyIDX(ctx))
	organization := id.Organization.Encode(w.organization.ID)
	line := w.log.find(t, "request_id", "good", "msg", "request", "level", "INFO", "method", "POST", "path", "/graphql",
		"status", 200.0, "operation_type", "query", "operation", "Hello", "organization", organization, "user", user)
	for _, key := range []string{"duration", "statements", "bytes", "remote"} {
		if _, ok := line[key]; !ok {
			t.Errorf("no %s in %v", key, line)
		}
	}
	for name, code := range map[string]string{
		"refused": "FORBIDDEN", "invalid": "GRAPHQL_VALIDATION_FAILED", "strange": "UNAUTHENTICATED",
	} {
		codes, _ := w.log.find(t, "request_id", name, "msg", "request")["codes"].([]any)
		if !slices.Equal(codes, []any{code}) {
			t.Errorf("%s: codes %v, want %s", name, codes, code)
		}
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	w := mustServe(t)
	w.do(http.MethodGet, "/photos/x.png?signature=sesame", "", requestID, "one")
	w.log.find(t, "request_id", "one", "path", "/photos/x.png")
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	for _, secret := range []string{"sesame", w.token()} {
		if strings.Contains(w.log.text.String(), secret) {
			t.Errorf("the log has %q in it", secret)
		}
	}
}

func TestProbesAreLoggedForDebuggingOnly(t *testing.T) {
	w := mustServe(t)
	w.do(http.MethodGet, "/healthz", "")
	w.log.find(t, "path", "/healthz", "level", "DEBUG")
}

func TestPanics(t *testing.T) {
	w := mustServe(t)
	s := &Server{config: Config{Log: w.log.logger(), Metrics: NewMetrics()}}
	t.Run("BeforeTheAnswer", func(t *testing.T) {
		h := s.observed(s.caught(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of order") })))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/panics", nil)
		response := serve(h, r)
		a := answered{response.Code, response.Header(), response.Body.String()}
		a.wantError(t, http.StatusInternalServerError, "INTERNAL", "The server failed")
		if strings.Contains(a.body, "out of order") {
			t.Errorf("the client learns of it: %s", a.body)
		}
		line := w.log.find(t, "level", "ERROR", "panic", "out of order")
		if !strings.Contains(a.body, line["id"].(string)) {
			t.Errorf("body %s lacks the id %s", a.body, line["id"])
		}
		if !strings.Contains(line["stack"].(string), "exchange_test.go") {
			t.Errorf("stack %s", line["stack"])
		}
		w.log.find(t, "msg", "request", "path", "/panics", "status", 500.0)
	})
	t.Run("AfterABeginning", func(t *testing.T) {
		h := s.observed(s.caught(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half"))
			panic("out of order")
		})))
		server := httptest.NewServer(h)
		defer server.Close()
		response, err := server.Client().Get(server.URL)
		if err == nil {
			response.Body.Close()
			t.Errorf("status %d, want a broken connection", response.StatusCode)
		}
	})
	t.Run("InAResolver", func(t *testing.T) {
		if a := w.query("{ crash }"); a.status != http.StatusInternalServerError {
			t.Errorf("status %d, body %s", a.status, a.body)
		}
	})
}

func TestSecurityHeaders(t *testing.T) {
	w := mustServe(t)
	for _, path := range []string{"/", "/graphql?query={hello}", "/photos/x.png", "/healthz", "/readyz", "/metrics", "/schema.graphql", "/none"} {
		h := w.do(http.MethodGet, path, "").header
		for name, want := range map[string]string{
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Content-Security-Policy": "default-src 'none'",
			"X-Frame-Options":         "DENY",
		} {
			if got := h.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s %q, want %q", path, name, got, want)
			}
		}
	}
}
