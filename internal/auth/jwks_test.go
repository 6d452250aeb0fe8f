package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"dealflow/internal/auth"
)

// issuer publishes keys, as an identity provider does. Down, it answers 503.
type issuer struct {
	mu      sync.Mutex
	keys    []jwkset.JWKMarshal
	down    bool
	fetches int
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	if i.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	if err := json.NewEncoder(w).Encode(jwkset.JWKSMarshal{Keys: i.keys}); err != nil {
		panic(err)
	}
}

// publish replaces the issuer's keys, and brings it up.
func (i *issuer) publish(keys ...jwkset.JWKMarshal) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys, i.down = keys, false
}

// fail brings the issuer down.
func (i *issuer) fail() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = true
}

func (i *issuer) fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// RoundTrip lets a client reach the issuer with no network, whose waits would
// hold up a test's own time.
func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Result(), nil
}

// mustVerifier trusts the issuer alone, over HTTP.
func mustVerifier(t *testing.T, i *issuer) *auth.Verifier {
	t.Helper()
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	return mustNew(t, trusting(server.URL, server.Client()))
}

// mustVerifierInBubble trusts the issuer alone, with no network.
func mustVerifierInBubble(t *testing.T, i *issuer) *auth.Verifier {
	t.Helper()
	c, start := trusting("https://issuer.example/jwks", &http.Client{Transport: i}), time.Now()
	c.Now = func() time.Time { return now.Add(time.Since(start)) }
	return mustNew(t, c)
}

func trusting(url string, client *http.Client) auth.Config {
	return auth.Config{
		JWKSURL: url,
		Client:  client,
		Log:     slog.New(slog.DiscardHandler),
		Now:     func() time.Time { return now },
	}
}

func newRSA(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newECDSA(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newEd25519(tb testing.TB) ed25519.PrivateKey {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// mustJWK is the public half of key, as an issuer publishes it.
func mustJWK(tb testing.TB, kid string, key crypto.Signer, use jwkset.USE, alg jwkset.ALG) jwkset.JWKMarshal {
	tb.Helper()
	jwk, err := jwkset.NewJWKFromKey(key.Public(), jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{KID: kid, USE: use, ALG: alg},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return jwk.Marshal()
}

func kid(name string) map[string]any { return map[string]any{"kid": name} }

func TestVerifyJWKS(t *testing.T) {
	rs, es, ed := newRSA(t), newECDSA(t), newEd25519(t)
	shared := jwkset.JWKMarshal{KTY: jwkset.KtyOct, KID: "shared", K: "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"}
	i := &issuer{}
	i.publish(
		mustJWK(t, "rs", rs, jwkset.UseSig, jwkset.AlgRS256),
		mustJWK(t, "es", es, jwkset.UseSig, ""),
		mustJWK(t, "ed", ed, "", ""),
		mustJWK(t, "enc", rs, jwkset.UseEnc, ""),
		mustJWK(t, "rs512", rs, jwkset.UseSig, jwkset.AlgRS512),
		shared,
	)
	v := mustVerifier(t, i)
	publicKey, err := x509.MarshalPKIXPublicKey(rs.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicKey})

	tests := map[string]struct {
		method jwt.SigningMethod
		key    any
		header map[string]any
		want   string
	}{
		"RS256":                      {jwt.SigningMethodRS256, rs, kid("rs"), ""},
		"ES256":                      {jwt.SigningMethodES256, es, kid("es"), ""},
		"EdDSA":                      {jwt.SigningMethodEdDSA, ed, kid("ed"), ""},
		"another key of the kind":    {jwt.SigningMethodRS256, newRSA(t), kid("rs"), "signature"},
		"another kind of key":        {jwt.SigningMethodRS256, rs, kid("es"), "signature"},
		"a key for encryption":       {jwt.SigningMethodRS256, rs, kid("enc"), "not one this server knows"},
		"a key for RS512":            {jwt.SigningMethodRS256, rs, kid("rs512"), "not one this server knows"},
		"RS512":                      {jwt.SigningMethodRS512, rs, kid("rs512"), "use RS256, ES256 or EdDSA"},
		"PS256":                      {jwt.SigningMethodPS256, rs, kid("rs"), "use RS256, ES256 or EdDSA"},
		"no kid":                     {jwt.SigningMethodRS256, rs, nil, "no kid"},
		"kid of a number":            {jwt.SigningMethodRS256, rs, map[string]any{"kid": 1}, "no kid"},
		"HS256 with the public key":  {jwt.SigningMethodHS256, publicPEM, kid("rs"), "use RS256, ES256 or EdDSA"},
		"HS256 with a published key": {jwt.SigningMethodHS256, secret, kid("shared"), "use RS256, ES256 or EdDSA"},
		"a published HS256 key":      {jwt.SigningMethodRS256, rs, kid("shared"), "signature"},
		"none":                       {jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid("rs"), "use RS256"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), mustSign(t, test.method, test.key, test.header, claims(nil)))
			checkRefusal(t, err, test.want)
		})
	}
}

func TestVerifySecretBesideJWKS(t *testing.T) {
	rs := newRSA(t)
	i := &issuer{}
	i.publish(mustJWK(t, "rs", rs, jwkset.UseSig, jwkset.AlgRS256))
	c := config()
	c.JWKSURL, c.Client = "https://issuer.example/jwks", &http.Client{Transport: i}
	v := mustNew(t, c)

	accepted := map[string]string{
		"HS256": mustSign(t, jwt.SigningMethodHS256, secret, nil, claims(nil)),
		"RS256": mustSign(t, jwt.SigningMethodRS256, rs, kid("rs"), claims(nil)),
	}
	for name, token := range accepted {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), token)
			checkRefusal(t, err, "")
		})
	}
	t.Run("HS256 with the public key", func(t *testing.T) {
		modulus := rs.N.Bytes()
		_, err := v.Verify(t.Context(), mustSign(t, jwt.SigningMethodHS256, modulus, kid("rs"), claims(nil)))
		checkRefusal(t, err, "signature")
	})
}

func TestVerifyRotatedKey(t *testing.T) {
	first, second := newECDSA(t), newECDSA(t)
	i := &issuer{}
	i.publish(mustJWK(t, "first", first, "", ""))
	v := mustVerifier(t, i)
	verify := func(name string, key *ecdsa.PrivateKey) error {
		_, err := v.Verify(t.Context(), mustSign(t, jwt.SigningMethodES256, key, kid(name), claims(nil)))
		return err
	}
	checkRefusal(t, verify("first", first), "")
	i.publish(mustJWK(t, "second", second, "", ""))
	checkRefusal(t, verify("second", second), "")
	checkRefusal(t, verify("first", first), "not one this server knows") // withdrawn
}

func TestVerifyJWKSDownThenUp(t *testing.T) {
	key := newECDSA(t)
	i := &issuer{down: true}
	v := mustVerifier(t, i)
	i.publish(mustJWK(t, "key", key, "", ""))
	_, err := v.Verify(t.Context(), mustSign(t, jwt.SigningMethodES256, key, kid("key"), claims(nil)))
	checkRefusal(t, err, "")
}

// TestRefresh runs in a time of its own, so that hours pass in no time.
func TestRefresh(t *testing.T) {
	key := newECDSA(t)
	token := mustSign(t, jwt.SigningMethodES256, key, kid("key"), claims(map[string]any{"exp": now.AddDate(0, 0, 7).Unix()}))

	t.Run("every hour", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := &issuer{}
			i.publish(mustJWK(t, "key", key, "", ""))
			v := mustVerifierInBubble(t, i)
			i.publish() // the key is withdrawn
			time.Sleep(time.Hour - time.Second)
			synctest.Wait()
			_, err := v.Verify(t.Context(), token)
			checkRefusal(t, err, "")
			time.Sleep(time.Second)
			synctest.Wait()
			_, err = v.Verify(t.Context(), token)
			checkRefusal(t, err, "not one this server knows")
		})
	})
	t.Run("keeps the keys while the issuer is down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := &issuer{}
			i.publish(mustJWK(t, "key", key, "", ""))
			v := mustVerifierInBubble(t, i)
			i.fail()
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			_, err := v.Verify(t.Context(), token)
			checkRefusal(t, err, "")
		})
	})
	t.Run("unknown keys do not flood the issuer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			i := &issuer{}
			v := mustVerifierInBubble(t, i)
			for range 1000 {
				_, err := v.Verify(t.Context(), token)
				checkRefusal(t, err, "not one this server knows")
			}
			if got := i.fetched(); got != 2 { // at the start, and for the first token
				t.Errorf("%d fetches", got)
			}
			i.publish(mustJWK(t, "key", key, "", ""))
			time.Sleep(30 * time.Second)
			_, err := v.Verify(t.Context(), token)
			checkRefusal(t, err, "")
		})
	})
}
