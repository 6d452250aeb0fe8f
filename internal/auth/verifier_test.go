package auth_test

import (
	"bytes"
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"dealflow/internal/auth"
	"dealflow/internal/id"
)

var (
	secret       = bytes.Repeat([]byte("k"), auth.MinSecret)
	organization = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	now          = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
)

// config accepts tokens signed with secret, as of now.
func config() auth.Config {
	return auth.Config{Secret: secret, Now: func() time.Time { return now }}
}

func mustNew(tb testing.TB, c auth.Config) *auth.Verifier {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	v, err := auth.New(ctx, c)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// claims are a good token's, changed by changes; a nil change removes the claim.
func claims(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"sub":  "alice",
		"org":  id.Organization.Encode(organization),
		"role": "SALES",
		"exp":  now.Add(time.Hour).Unix(),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

// mustSign makes a token with whatever algorithm, key and header a test needs.
func mustSign(tb testing.TB, method jwt.SigningMethod, key any, header map[string]any, c jwt.MapClaims) string {
	tb.Helper()
	token := jwt.NewWithClaims(method, c)
	maps.Copy(token.Header, header)
	s, err := token.SignedString(key)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestNew(t *testing.T) {
	tests := map[string]struct {
		config auth.Config
		want   string
	}{
		"nothing configured": {auth.Config{}, "configure a secret"},
		"short secret":       {auth.Config{Secret: secret[1:]}, "at least 32 bytes"},
		"short with JWKS":    {auth.Config{Secret: []byte("x"), JWKSURL: "https://issuer.example/jwks"}, "at least 32 bytes"},
		"no address":         {auth.Config{JWKSURL: "issuer"}, "JWK Set address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := auth.New(t.Context(), test.config); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New: %v, want %q", err, test.want)
			}
		})
	}
}

func TestVerifyViewer(t *testing.T) {
	token := mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(jwt.MapClaims{
		"role": "PARTNER", "name": "Alice", "email": "alice@example.com",
		"permissions": []any{"VIEW_LEADS", "LAUNCH_MISSILES", 7, "EDIT_LEADS"},
	}))
	got, err := mustNew(t, config()).Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Viewer{
		OrganizationID: organization,
		Subject:        "alice", Name: "Alice", Email: "alice@example.com",
		Role:        auth.RolePartner,
		Permissions: auth.PermissionsOf(auth.ViewLeads, auth.EditLeads),
		ExpiresAt:   now.Add(time.Hour + auth.Leeway),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyClaims(t *testing.T) {
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	tests := map[string]struct {
		change jwt.MapClaims
		want   string // part of the message; "" where the token is good
	}{
		"good":                        {nil, ""},
		"exp: the leeway's last":      {jwt.MapClaims{"exp": at(-auth.Leeway + time.Second)}, ""},
		"exp: past the leeway":        {jwt.MapClaims{"exp": at(-auth.Leeway)}, "expired"},
		"exp: none":                   {jwt.MapClaims{"exp": nil}, "lacks a claim"},
		"exp: text":                   {jwt.MapClaims{"exp": "tomorrow"}, "wrong type"},
		"exp: beyond all time":        {jwt.MapClaims{"exp": 1e300}, "expired"},
		"nbf: within the leeway":      {jwt.MapClaims{"nbf": at(auth.Leeway)}, ""},
		"nbf: later":                  {jwt.MapClaims{"nbf": at(auth.Leeway + time.Second)}, "not valid yet"},
		"iat: within the leeway":      {jwt.MapClaims{"iat": at(auth.Leeway)}, ""},
		"iat: later":                  {jwt.MapClaims{"iat": at(auth.Leeway + time.Second)}, "not valid yet"},
		"sub: none":                   {jwt.MapClaims{"sub": nil}, "no sub claim"},
		"sub: a number":               {jwt.MapClaims{"sub": 7}, "no sub claim"},
		"org: none":                   {jwt.MapClaims{"org": nil}, "org claim"},
		"org: a deal's id":            {jwt.MapClaims{"org": id.Deal.Encode(organization)}, "org claim"},
		"org: a bare UUID":            {jwt.MapClaims{"org": organization.String()}, "org claim"},
		"role: none":                  {jwt.MapClaims{"role": nil}, "Invalid Role"},
		"role: unknown":               {jwt.MapClaims{"role": "OWNER"}, "Invalid Role"},
		"role: another case":          {jwt.MapClaims{"role": "admin"}, "Invalid Role"},
		"role: another case's claim":  {jwt.MapClaims{"role": nil, "Role": "ADMIN"}, "Invalid Role"},
		"permissions: no list":        {jwt.MapClaims{"permissions": "EDIT_LEADS"}, ""},
		"iss and aud: not configured": {jwt.MapClaims{"iss": "https://any.example", "aud": "any"}, ""},
	}
	v := mustNew(t, config())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			token := mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(test.change))
			_, err := v.Verify(t.Context(), token)
			checkRefusal(t, err, test.want)
		})
	}
}

func TestVerifyIssuerAndAudience(t *testing.T) {
	c := config()
	c.Issuer, c.Audience = "https://issuer.example", "dealflow"
	tests := map[string]struct {
		iss, aud any
		want     string
	}{
		"good":             {"https://issuer.example", "dealflow", ""},
		"one of many":      {"https://issuer.example", []string{"crm", "dealflow"}, ""},
		"another audience": {"https://issuer.example", "crm", "audience"},
		"no audience":      {"https://issuer.example", nil, "lacks a claim"},
		"another issuer":   {"https://issuer.example/", "dealflow", "issuer"},
		"no issuer":        {nil, "dealflow", "lacks a claim"},
	}
	v := mustNew(t, c)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			token := mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(jwt.MapClaims{"iss": test.iss, "aud": test.aud}))
			_, err := v.Verify(t.Context(), token)
			checkRefusal(t, err, test.want)
		})
	}
}

func TestVerifyRefusesShapes(t *testing.T) {
	good := mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(nil))
	long := mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(jwt.MapClaims{"name": strings.Repeat("a", auth.MaxToken)}))
	sign := func(method jwt.SigningMethod, key any, header map[string]any) string {
		return mustSign(t, method, key, header, claims(nil))
	}
	tests := map[string]struct{ token, want string }{
		"empty":           {"", "not a JWT"},
		"words":           {"let me in", "not a JWT"},
		"two parts":       {good[:strings.LastIndex(good, ".")], "not a JWT"},
		"four parts":      {good + ".x", "not a JWT"},
		"line break":      {good + "\n", "not a JWT"},
		"padding":         {good + "=", "not a JWT"},
		"no signature":    {good[:strings.LastIndex(good, ".")+1], "signature"},
		"over 8 KB":       {long, "over 8 KB"},
		"another secret":  {sign(jwt.SigningMethodHS256, bytes.Repeat([]byte("x"), 32), nil), "signature"},
		"none":            {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), "use HS256"},
		"None":            {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"alg": "None"}), "not a JWT"},
		"HS512":           {sign(jwt.SigningMethodHS512, secret, nil), "use HS256"},
		"RS256, no JWKS":  {sign(jwt.SigningMethodRS256, newRSA(t), nil), "use HS256"},
		"crit":            {sign(jwt.SigningMethodHS256, secret, map[string]any{"crit": []string{"b64"}}), "crit"},
		"alg of a number": {sign(jwt.SigningMethodHS256, secret, map[string]any{"alg": 256}), "not a JWT"},
	}
	v := mustNew(t, config())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), test.token)
			checkRefusal(t, err, test.want)
		})
	}
}

// checkRefusal fails the test unless err's message has want, or err is nil where
// want is "".
func checkRefusal(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want == "":
	case err == nil:
		t.Errorf("accepted; want a refusal that says %q", want)
	case !strings.Contains(message(t, err), want):
		t.Errorf("message %q does not say %q", message(t, err), want)
	}
}

func TestSign(t *testing.T) {
	c := config()
	c.Issuer, c.Audience = "dealflow", "dealflow"
	want := auth.Viewer{
		OrganizationID: organization, Subject: "alice", Name: "Alice", Email: "alice@example.com",
		Role:        auth.RoleViewer,
		Permissions: auth.RoleViewer.Permissions() | auth.PermissionsOf(auth.EditLeads),
		ExpiresAt:   now.Add(time.Hour + auth.Leeway),
	}
	token, err := auth.Sign(c, want, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := mustNew(t, c).Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSignRefuses(t *testing.T) {
	viewer := auth.Viewer{OrganizationID: organization, Subject: "alice", Role: auth.RoleViewer}
	tests := map[string]struct {
		config auth.Config
		change func(*auth.Viewer)
		want   string
	}{
		"short secret": {auth.Config{Secret: secret[1:]}, func(*auth.Viewer) {}, "secret"},
		"no subject":   {config(), func(v *auth.Viewer) { v.Subject = "" }, "subject"},
		"no role":      {config(), func(v *auth.Viewer) { v.Role = "" }, "role"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := viewer
			test.change(&v)
			if _, err := auth.Sign(test.config, v, time.Hour); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Sign: %v, want %q", err, test.want)
			}
		})
	}
}

// FuzzVerify changes a good token, byte by byte or wholly, and expects every
// other text to be refused, without a panic.
func FuzzVerify(f *testing.F) {
	good := mustSign(f, jwt.SigningMethodHS256, secret, nil, claims(nil))
	for i := range good {
		f.Add(good[:i] + string(good[i]^1) + good[i+1:])
	}
	f.Add(good + "\n")
	f.Add(mustSign(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, claims(nil)))
	f.Add(strings.Repeat(".", auth.MaxToken+1))
	v := mustNew(f, config())
	f.Fuzz(func(t *testing.T, token string) {
		viewer, err := v.Verify(t.Context(), token)
		if token == good {
			if err != nil {
				t.Errorf("a good token is refused: %v", err)
			}
			return
		}
		if err == nil || viewer != (auth.Viewer{}) {
			t.Fatalf("accepted %q", token)
		}
		message(t, err)
	})
}

// TestVerifyRemembers shows that a good token is believed for a second, and no longer
// than it is good.
func TestVerifyRemembers(t *testing.T) {
	at := now
	c := config()
	c.Now = func() time.Time { return at }
	v := mustNew(t, c)
	token := mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(map[string]any{"exp": now.Add(time.Millisecond).Unix() + 1}))
	first, err := v.Verify(t.Context(), token)
	checkRefusal(t, err, "")
	at = first.ExpiresAt.Add(-time.Millisecond)
	again, err := v.Verify(t.Context(), token)
	checkRefusal(t, err, "")
	if again.Subject != first.Subject || !again.ExpiresAt.Equal(first.ExpiresAt) {
		t.Errorf("%+v, then %+v", first, again)
	}
	at = first.ExpiresAt
	_, err = v.Verify(t.Context(), token)
	checkRefusal(t, err, "expired")
	if n := testing.AllocsPerRun(10, func() { at = now; _, _ = v.Verify(t.Context(), token) }); n > 5 {
		t.Errorf("%v allocations for a token that was good a moment ago", n)
	}
}
