package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"

	"dealflow/internal/auth"
	"dealflow/internal/photo"
	"dealflow/internal/sales"
	"dealflow/internal/server"
	"dealflow/internal/store"
)

// serveCmd is `dealflow serve`.
type serveCmd struct {
	Listen          string        `group:"Server:" default:":8080" placeholder:"ADDRESS" help:"The address to listen on; port 0 takes a free one. Default: ${default}"`
	CORSOrigin      []string      `group:"Server:" name:"cors-origin" placeholder:"ORIGIN" help:"A web origin whose pages may call the API, such as https://app.example.com, as often as needed; * for all. Default: only the server's own."`
	ShutdownDelay   time.Duration `group:"Server:" default:"0s" min:"0s" max:"1h" placeholder:"DURATION" help:"How long to go on after /readyz says that the server stops, for load balancers to notice. Default: ${default}"`
	ShutdownTimeout time.Duration `group:"Server:" default:"10s" min:"1ms" max:"1h" placeholder:"DURATION" help:"How long requests may then take to finish. Default: ${default}"`
	limitFlags
	costFlags
	onceFlags
	liveFlags
	Migrate bool `group:"Database:" help:"Run the migrations that wait. The embedded database does so in any case."`
	databaseFlags
	JWKSURL string `group:"Tokens:" name:"jwks-url" placeholder:"URL" help:"Where the issuer of RS256, ES256 and EdDSA tokens publishes its keys. Give --jwt-issuer and --jwt-audience too."`
	secretFlags
	photosFlags
	PhotosSecret string `group:"Photos:" placeholder:"SECRET" help:"What signs the links to photos, at least 32 bytes; every server needs the same. Default: the secret of --jwt-secret; without either, a photo needs a token."`
	logFlags
}

// Help implements kong.HelpProvider.
func (serveCmd) Help() string {
	return `With the embedded database there is nothing to set up: the server makes the file, a secret to sign tokens with beside it, and, in an empty database, the organization demo; it prints a token for it. Photos go to the directory photos, beside the database too.

On Postgres, run dealflow migrate up first, and say how tokens are checked: with a secret that you share with whoever makes them (--jwt-secret), or with the keys that your sign-in service publishes (--jwks-url). The server stops on SIGTERM and SIGINT, once the requests that run are done.

Examples:

    dealflow
    dealflow serve --listen :9000 --database sqlite:/var/lib/dealflow/dealflow.db
    DEALFLOW_JWT_SECRET=... dealflow serve --database postgres://dealflow@db.example.com/dealflow
    dealflow serve --database postgres://dealflow@db.example.com/dealflow --jwks-url https://id.example.com/jwks.json --jwt-issuer https://id.example.com --jwt-audience dealflow`
}

// Run runs the command: it opens all that the server stands on, has it serve
// until ctx ends, and closes it again.
func (c *serveCmd) Run(ctx context.Context, std streams) (err error) {
	if err := c.checkTokens(); err != nil {
		return err
	}
	limits, err := c.costs()
	if err != nil {
		return err
	}
	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	limitMemory(os.DirFS("/"))
	metrics := server.NewMetrics()
	db, err := c.open(ctx, store.Options{Observe: metrics.ObserveStatement}, c.Migrate)
	if err != nil {
		return err
	}
	defer closing(db, &err)
	photos, err := c.openPhotos(ctx, c.databaseFlags)
	if err != nil {
		return err
	}
	defer closing(photos, &err)
	log := c.logger(std.Err)
	// What has no logger of its own, such as the rules, writes to the same log.
	slog.SetDefault(log)
	events, stop, err := c.events(ctx, db, log)
	if err != nil {
		return err
	}
	defer stop(&err)
	answers, forgetNoMore := c.answers(ctx, db, log)
	defer forgetNoMore()
	rules := sales.New(db, photos, time.Now)
	rules.OnEvents(events.Committed)
	config := server.Config{
		Store: db, Sales: rules, Photos: photos, Links: secrets.links, Events: events, Answers: answers, Live: c.limits(),
		Origins: c.CORSOrigin, Cost: limits, ShutdownDelay: c.ShutdownDelay, ShutdownTimeout: c.ShutdownTimeout,
		Metrics: metrics, Now: time.Now, Log: log,
	}
	c.apply(&config)
	return c.serve(ctx, std, secrets, config)
}

// serve serves until ctx ends.
func (c *serveCmd) serve(ctx context.Context, std streams, secrets secrets, config server.Config) error {
	err := c.beginWithDemo(ctx, config.Store, config.Sales)
	if err != nil {
		return err
	}
	token, err := c.developmentToken(ctx, secrets, config.Store)
	if err != nil {
		return err
	}
	c.warnOfTokens(ctx, config.Log)
	// The issuer's keys are kept fresh for as long as requests are served, which
	// is a while longer than ctx.
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if config.Verifier, err = auth.New(serving, c.verifier(secrets, config.Log)); err != nil {
		return err
	}
	s, err := server.New(config)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	announce(std, listener.Addr(), token)
	return s.Run(ctx, listener)
}

// secrets are what the server signs and checks with.
type secrets struct {
	tokens []byte      // none if only an issuer's keys check them
	local  bool        // made by the server itself, for development
	links  photo.Links // of photos
}

// checkTokens refuses flags that no token could be checked with.
func (c *serveCmd) checkTokens() error {
	if err := c.checkSecret(); err != nil {
		return err
	}
	if c.JWKSURL == "" {
		return nil
	}
	if u, err := url.Parse(c.JWKSURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("--jwks-url (DEALFLOW_JWKS_URL) %q is no http or https address, such as https://id.example.com/jwks.json", c.JWKSURL)
	}
	return nil
}

// warnOfTokens tells of an issuer whose every token is let in: it may make
// tokens for other programs, too.
func (c *serveCmd) warnOfTokens(ctx context.Context, log *slog.Logger) {
	if c.JWKSURL != "" && (c.JWTIssuer == "" || c.JWTAudience == "") {
		log.WarnContext(ctx, "--jwks-url without both --jwt-issuer and --jwt-audience accepts tokens that its keys sign for other programs")
	}
}

// secrets finds out how tokens are checked and links signed, before anything is
// opened.
func (c *serveCmd) secrets() (secrets, error) {
	s := secrets{tokens: []byte(c.JWTSecret)}
	if c.JWTSecret == "" && c.JWKSURL == "" {
		secret, err := localSecret(c.databaseFlags)
		if err == nil && secret == nil {
			err = errors.New("on Postgres, say how tokens are checked: give --jwt-secret (DEALFLOW_JWT_SECRET) or --jwks-url (DEALFLOW_JWKS_URL)")
		}
		if err != nil {
			return s, err
		}
		s.tokens, s.local = secret, true
	}
	links := []byte(c.PhotosSecret)
	if len(links) == 0 {
		links = s.tokens
	}
	if len(links) == 0 {
		return s, nil
	}
	var err error
	s.links, err = photo.NewLinks(links, time.Now)
	return s, err
}

// verifier is how tokens are checked.
func (c *serveCmd) verifier(s secrets, log *slog.Logger) auth.Config {
	config := c.config(s.tokens)
	config.JWKSURL, config.Log = c.JWKSURL, log
	return config
}

// announce tells people where the server is, and how to come in. The playground
// takes the token from its address's fragment, which browsers keep to themselves:
// the server gives it to nobody, for it cannot tell who is behind a proxy.
func announce(std streams, address net.Addr, token string) {
	base := "http://" + reachable(address)
	fragment := ""
	if token != "" {
		fragment = "#token=" + token
	}
	fmt.Fprintf(std.Out, "Dealflow is ready.\n\n  Playground  %s/%s\n  API         %s/graphql\n", base, fragment, base)
	if token != "" {
		fmt.Fprintf(std.Out, "\nA token for the API, good for 30 days, as an ADMIN of the organization %s\n"+
			"(the playground's address has it, too):\n\n%s\n\n"+
			"For others: dealflow token --help\n", demoName, token)
	}
}

// reachable is an address that a browser on this machine can open.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return address.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
