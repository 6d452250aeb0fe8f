package apitest

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// Proxy is a network between a server and its clients that can be cut.
type Proxy struct {
	URL string

	mu    sync.Mutex
	open  map[net.Conn]bool
	ended bool
}

// Proxy makes a way to the server, until the test ends.
func (a *API) Proxy(t *testing.T) *Proxy {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	p := &Proxy{URL: "http://" + listener.Addr().String(), open: map[net.Conn]bool{}}
	server := strings.TrimPrefix(a.URL, "http://")
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			carrying.Go(func() { p.carry(t.Context(), client, server) })
		}
	})
	t.Cleanup(func() {
		check(t, listener.Close())
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.Cut()
		carrying.Wait()
	})
	return p
}

// carry connects a client to the server until one of them, or Cut, hangs up.
func (p *Proxy) carry(ctx context.Context, client net.Conn, address string) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	p.note(client, server)
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
		both.Go(func() {
			_, _ = io.Copy(to, from)              // it ends when either is closed
			_, _ = client.Close(), server.Close() // the other way ends, too
		})
	}
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, client)
	delete(p.open, server)
}

func (p *Proxy) note(both ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range both {
		if p.open[one] = true; p.ended {
			_ = one.Close()
		}
	}
}

// Cut hangs up on all who are connected, in the middle of whatever they say.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.open {
		_ = one.Close()
	}
}
