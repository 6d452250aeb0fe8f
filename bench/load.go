package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dealflow/bench/fill"
)

// load is clients that each ask again as soon as they have their answer. They do
// as little as they can, for they share the processors with what they measure.
type load struct {
	target *target
	work   *work
	data   *fill.Data
	seed   uint64

	counting, finished atomic.Bool
	mu                 sync.Mutex
	asked
}

// asked is what came of requests.
type asked struct {
	times []time.Duration
	bytes int
	err   error
}

// run has clients ask, does something meanwhile, and says what was asked until it
// was done, from when it called count.
func (l *load) run(ctx context.Context, clients int, meanwhile func(count func()) error) (asked, error) {
	var asking sync.WaitGroup
	for i := range clients {
		asking.Go(func() {
			some, err := l.client(ctx, rand.New(rand.NewPCG(l.seed, uint64(i))))
			l.mu.Lock()
			defer l.mu.Unlock()
			l.times, l.bytes, l.err = append(l.times, some.times...), l.bytes+some.bytes, errors.Join(l.err, err)
		})
	}
	err := meanwhile(func() { l.counting.Store(true) })
	l.finished.Store(true)
	asking.Wait()
	slices.Sort(l.times)
	return l.asked, errors.Join(err, l.err)
}

// client asks until the load is finished.
func (l *load) client(ctx context.Context, random *rand.Rand) (some asked, err error) {
	c, err := dial(ctx, l.target.host)
	if err != nil {
		return some, err
	}
	defer c.conn.Close()
	for !l.finished.Load() {
		a := l.work.pick(l.data, random)
		began := time.Now()
		status, answer, err := c.ask(l.target.request(c.out[:0], l.work, a))
		took := time.Since(began)
		if err != nil {
			return some, err
		}
		if err := l.work.check(a, status, answer); err != nil {
			return some, fmt.Errorf("%s: %w", l.target.name, err)
		}
		if l.counting.Load() && !l.finished.Load() {
			some.times = append(some.times, took)
			some.bytes += len(answer)
		}
	}
	return some, nil
}

// client is a connection that is kept.
type client struct {
	conn   net.Conn
	in     *bufio.Reader
	out    []byte
	answer bytes.Buffer
}

func dial(ctx context.Context, host string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// ask sends a request and reads the answer, which stays until the next one.
func (c *client) ask(request []byte) (status int, answer []byte, err error) {
	c.out = request
	if err := c.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	c.answer.Reset()
	_, err = io.Copy(&c.answer, response.Body)
	return response.StatusCode, c.answer.Bytes(), err
}
