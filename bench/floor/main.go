// Command floor answers what bench/ measures as a program would that is written by
// hand for these five requests and no others: flat statements, prepared once, and
// JSON put together a piece at a time, with no GraphQL, tokens, tenants or limits.
// It is what Dealflow is compared with. It reads Dealflow's tables, and what it
// answers for W1 to W4 is Dealflow's data byte by byte.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listen := flag.String("listen", "127.0.0.1:0", "the address to serve at")
	flag.Parse()
	if err := run(ctx, *listen, os.Getenv("DEALFLOW_DATABASE")); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// run serves a database until ctx ends.
func run(ctx context.Context, listen, address string) (err error) {
	f, err := open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("API http://%s\n", listener.Addr())
	server := &http.Server{Handler: f.handler(), ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
