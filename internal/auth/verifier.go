package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// MinSecret is the least length of a secret, in bytes: HS256 is no stronger
	// than its key, and a short one is guessed offline from a single token.
	MinSecret = 32

	// MaxToken is the greatest length of a token, in bytes, as most proxies limit
	// a header.
	MaxToken = 8 << 10

	// Leeway is how far the issuer's clock and ours may differ: a token is good
	// from that much before its nbf and iat to that much after its exp.
	Leeway = time.Minute

	// tokensKept bounds the tokens that are remembered.
	tokensKept = 10_000
	// tokenFor is how long a token that was good is taken to be good, if it does not
	// end before: a client's requests come in bursts, and its issuer's keys seldom go.
	tokenFor = time.Second
)

// Config says which tokens a server accepts. One of Secret and JWKSURL is
// needed; with both, a token's algorithm tells which one has to vouch for it.
type Config struct {
	// Secret signs HS256 tokens: for development, and for installs that make their
	// own tokens. At least MinSecret bytes.
	Secret []byte

	// JWKSURL is where the issuer publishes the keys of its RS256, ES256 and EdDSA
	// tokens.
	JWKSURL string

	// Issuer and Audience, when set, must be a token's iss and one of its aud. Set
	// both with a JWKSURL: without them any token of that issuer is accepted, those
	// meant for other servers too.
	Issuer, Audience string

	// Refresh is how often the keys are fetched anew: an hour, if zero.
	Refresh time.Duration

	Client *http.Client     // fetches the keys; http.DefaultClient, if nil
	Log    *slog.Logger     // hears when that fails; slog.Default(), if nil
	Now    func() time.Time // time.Now, if nil
}

// check says what is wrong with c, in the operator's words.
func (c Config) check() error {
	switch {
	case len(c.Secret) == 0 && c.JWKSURL == "":
		return errors.New("auth: no way to check tokens: configure a secret or the address of a JWK Set")
	case len(c.Secret) > 0 && len(c.Secret) < MinSecret:
		return errors.New("auth: the secret is too short: it needs at least 32 bytes, such as openssl rand -base64 32 prints")
	}
	return nil
}

// withDefaults is c with every optional field set.
func (c Config) withDefaults() Config {
	if c.Refresh <= 0 {
		c.Refresh = time.Hour
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Verifier tells good tokens from bad ones. It is safe for concurrent use.
type Verifier struct {
	secret []byte
	issuer keyfunc.Keyfunc // finds the issuer's key for a token; nil without a JWK Set
	parser *jwt.Parser
	now    func() time.Time
	good   *lru.Cache[[sha256.Size]byte, goodViewer] // by the hash of the token
}

// New makes a Verifier. With a JWKSURL it fetches the keys now and, until ctx
// ends, again every c.Refresh and when a token names a key it does not know; an
// address that does not answer is logged and tried again, not an error.
func New(ctx context.Context, c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	good, err := lru.New[[sha256.Size]byte, goodViewer](tokensKept)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	v := &Verifier{secret: c.Secret, parser: newParser(c), now: c.Now, good: good}
	if c.JWKSURL == "" {
		return v, nil
	}
	v.issuer, err = newKeySet(ctx, c)
	return v, err
}

// newParser checks everything about a token but its algorithm and key, which are
// Verifier.key's to check.
func newParser(c Config) *jwt.Parser {
	options := []jwt.ParserOption{
		jwt.WithStrictDecoding(), // or one signature would have several spellings
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(Leeway),
		jwt.WithTimeFunc(c.Now),
	}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	return jwt.NewParser(options...)
}

// Verify is who the token speaks for. Its errors are *Error. ctx bounds the wait
// for the issuer's keys, where they have to be fetched.
func (v *Verifier) Verify(ctx context.Context, token string) (Viewer, error) {
	if err := checkShape(token); err != nil {
		return Viewer{}, err
	}
	now, hash := v.now(), sha256.Sum256([]byte(token))
	if known, ok := v.good.Get(hash); ok && now.Before(known.until) && !hasEnded(known.viewer, now) {
		return known.viewer, nil
	}
	viewer, err := v.verify(ctx, token)
	if err == nil {
		v.good.Add(hash, goodViewer{viewer, now.Add(tokenFor)})
	}
	return viewer, err
}

func (v *Verifier) verify(ctx context.Context, token string) (Viewer, error) {
	// A map, for encoding/json matches a struct's fields whatever their case: then
	// "Role" would count as "role".
	claims := jwt.MapClaims{}
	_, err := v.parser.ParseWithClaims(token, claims, v.keyFor(ctx))
	if err != nil {
		return Viewer{}, explain(err)
	}
	return viewerOf(claims)
}

// checkShape refuses what need not be parsed to be refused.
func checkShape(token string) error {
	if len(token) > MaxToken {
		return refuse("the token is over 8 KB; ask its issuer for one with fewer claims", nil)
	}
	// The decoder skips line breaks, which would give a token several spellings.
	if strings.ContainsAny(token, "\r\n") {
		return malformed(nil)
	}
	return nil
}

// keyFor finds the key that has to have signed a token. The algorithm a token
// claims only ever chooses between keys made for that algorithm, so that no key
// is used for another: the issuer's public key, which anyone has, is never an
// HS256 secret, and "none" has no key.
func (v *Verifier) keyFor(ctx context.Context) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok {
			// RFC 7515 4.1.11: extensions that we do not know must not be ignored.
			return nil, refuse("the token has a crit header, which this server does not support; get one without", nil)
		}
		switch alg := token.Method.Alg(); {
		case alg == "HS256" && v.secret != nil:
			return v.secret, nil
		case (alg == "RS256" || alg == "ES256" || alg == "EdDSA") && v.issuer != nil:
			return v.issuerKey(ctx, token)
		default:
			return nil, refuse("the token's alg is not one this server accepts; "+v.accepts(), nil)
		}
	}
}

// issuerKey is the key of the issuer's that the token names.
func (v *Verifier) issuerKey(ctx context.Context, token *jwt.Token) (any, error) {
	// Trying every key in turn would ignore what each of them is published for.
	if kid, _ := token.Header["kid"].(string); kid == "" {
		return nil, refuse("the token's header has no kid; its issuer must name the key it signed with", nil)
	}
	key, err := v.issuer.KeyfuncCtx(ctx)(token)
	if err != nil {
		return nil, refuse("the token's key is not one this server knows; get a new token, or try again in a minute if the issuer has just changed its keys", err)
	}
	return key, nil
}

// accepts lists the algorithms a token may have.
func (v *Verifier) accepts() string {
	switch {
	case v.issuer == nil:
		return "use HS256"
	case v.secret == nil:
		return "use RS256, ES256 or EdDSA"
	default:
		return "use HS256, RS256, ES256 or EdDSA"
	}
}

// malformed is the Error of text that is no token.
func malformed(cause error) *Error {
	return refuse("the token is not a JWT; copy it whole, three parts joined by dots", cause)
}

// explain says why the parser refused a token, in the client's words. Only a
// token whose signature is good gets to the claims' errors.
func explain(err error) *Error {
	if e, ok := asError(err); ok {
		return e
	}
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return refuse("the token has expired; get a new one", err)
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refuse("the token is not valid yet; wait, or set the clock of the machine that made it", err)
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return refuse("the token's audience is not this server; get a token made for it", err)
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return refuse("the token's issuer is not the one this server trusts; get a token from that one", err)
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return refuse("the token lacks a claim that this server needs: exp always, iss and aud as it is configured", err)
	case errors.Is(err, jwt.ErrInvalidType):
		return refuse("the token's exp, nbf, iat, iss or aud has the wrong type; times are numbers of seconds", err)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return refuse("the token's signature is wrong; get a new one from the issuer this server trusts", err)
	default:
		return malformed(err)
	}
}
