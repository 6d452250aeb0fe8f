package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"golang.org/x/time/rate"
)

const (
	// fetchTimeout bounds one fetch of the keys, and so how long a server whose
	// issuer is down takes to start, and a token with an unknown key to be refused.
	fetchTimeout = 5 * time.Second

	// fetchEvery is the least time between two fetches that unknown keys cause:
	// anyone can make up a key's name, and the issuer must not pay for it.
	fetchEvery = 30 * time.Second
)

// newKeySet fetches the issuer's keys, and keeps them fresh until ctx ends.
func newKeySet(ctx context.Context, c Config) (keyfunc.Keyfunc, error) {
	set, err := jwkset.NewStorageFromHTTP(c.JWKSURL, jwkset.HTTPClientStorageOptions{
		Client:                    c.Client,
		Ctx:                       ctx,
		HTTPTimeout:               fetchTimeout,
		NoErrorReturnFirstHTTPReq: true, // the issuer may come up after us
		RefreshInterval:           c.Refresh,
		RefreshErrorHandler: func(ctx context.Context, err error) {
			c.Log.ErrorContext(ctx, "could not fetch the keys that check tokens; the last ones stay in use",
				"url", c.JWKSURL, "error", err)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("auth: JWK Set address: %w", err)
	}
	client, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs:          map[string]jwkset.Storage{c.JWKSURL: set},
		RateLimitWaitMax:  fetchTimeout,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(fetchEvery), 1),
	})
	if err != nil {
		return nil, fmt.Errorf("auth: JWK Set: %w", err)
	}
	keys, err := keyfunc.New(keyfunc.Options{
		Ctx:     ctx,
		Storage: client,
		// A key for encryption is no key for signatures. Many issuers leave use out.
		UseWhitelist: []jwkset.USE{jwkset.UseSig, ""},
	})
	if err != nil {
		return nil, fmt.Errorf("auth: JWK Set: %w", err)
	}
	return keys, nil
}
