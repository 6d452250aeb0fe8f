package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// slowLine is a client's connection, on which something else happens before an answer
// is on its way.
type slowLine struct {
	*httptest.ResponseRecorder
	before func()
}

func (l slowLine) Write(b []byte) (int, error) {
	l.before()
	return l.ResponseRecorder.Write(b)
}

// TestAnswersKeepTheirBuffers shows that no answer is written over another that is still
// being sent.
func TestAnswersKeepTheirBuffers(t *testing.T) {
	w := newWorld(t)
	s, err := New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	w.run(s)
	ask := func(field string, before func()) string {
		r := w.request(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ leadStatuses { `+field+` } }"}`), "Authorization", "Bearer "+w.token())
		line := slowLine{httptest.NewRecorder(), before}
		s.Handler().ServeHTTP(line, r)
		return line.Body.String()
	}
	first, second := ask("name", func() {}), ask("primaryColor", func() {})
	if !strings.Contains(first, `"name":"`) || !strings.Contains(second, `"primaryColor":"`) {
		t.Fatalf("%s %s", first, second)
	}
	data := func(answer string) string { return answer[:strings.Index(answer, `,"extensions"`)] }
	for range 20 {
		got := ask("name", func() {
			if other := ask("primaryColor", func() {}); data(other) != data(second) {
				t.Errorf("the other is %s", other)
			}
		})
		if data(got) != data(first) {
			t.Errorf("it is %s", got)
		}
	}
}
