package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"dealflow/bench/fill"
	"dealflow/bench/process"
)

// bench is the measurements on one database.
type bench struct {
	options
	kind, dir       string
	works           []work
	dealflow, floor *process.Program

	data     *fill.Data
	targets  []*target
	postgres *sql.DB // nil on SQLite
	pid      int     // Postgres' first process
}

const (
	// warmUp is how long clients ask before it counts: connections are opened,
	// statements prepared, pages read.
	warmUp = 500 * time.Millisecond
	// compared is how many answers of each work are compared byte by byte.
	compared = 5
)

// run fills a database, starts the server and the floor on it, and measures both.
func (b *bench) run(ctx context.Context) (found results, err error) {
	address, drop, err := process.Database(ctx, b.kind, b.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	secret := process.NewSecret()
	if b.data, err = filled(ctx, address, b.shape, secret); err != nil {
		return nil, err
	}
	if b.kind == "postgres" {
		if err := b.findPostgres(ctx, address); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, b.postgres.Close()) }()
	}
	serving, err := b.dealflow.On(address, secret).Serve(ctx, "serve", "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--photos", "file://"+b.dir, "--cost-burst", "1000000000") // one user is all of them
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, serving.Stop()) }()
	floor, err := b.floor.On(address, secret).Serve(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, floor.Stop()) }()
	host, below := strings.TrimPrefix(serving.Base, "http://"), strings.TrimPrefix(floor.Base, "http://")
	b.targets = []*target{
		{"server", serving.PID, host, "", toServer(host, b.data)},
		{"floor", floor.PID, below, "", toFloor(below, "one")},
	}
	if b.kind == "postgres" {
		b.targets = append(b.targets, &target{"floor, all rows", floor.PID, below, "w5", toFloor(below, "all")})
	}
	if err := b.compare(ctx); err != nil {
		return nil, err
	}
	return b.allRounds(ctx)
}

// findPostgres connects to the database, and finds the process that started the
// one of this connection, which is the first.
func (b *bench) findPostgres(ctx context.Context, address string) (err error) {
	if b.postgres, err = sql.Open("postgres", address); err != nil {
		return err
	}
	var own int
	if err = b.postgres.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&own); err == nil {
		b.pid, err = process.Parent(own)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("finding the processes of Postgres, which has to be on this machine: %w", err), b.postgres.Close())
	}
	return nil
}

// tidy has Postgres do now what it would do some time during a measurement.
func (b *bench) tidy(ctx context.Context) error {
	if b.postgres == nil {
		return nil
	}
	process.Show("%s: tidying up", b.kind)
	_, err := b.postgres.ExecContext(ctx, "VACUUM ANALYZE")
	return err
}

// compare asks both for the same, which they answer alike but for W5.
func (b *bench) compare(ctx context.Context) error {
	random := rand.New(rand.NewPCG(7, 7))
	for i := range b.works {
		w := &b.works[i]
		for range compared {
			a := w.pick(b.data, random)
			var answers []string
			for _, one := range b.targetsOf(w) {
				answer, err := b.once(ctx, one, w, a)
				if err != nil {
					return err
				}
				answers = append(answers, answer)
			}
			if w.name != "w5" && answers[0] != answers[1] {
				return fmt.Errorf("%s: the server and the floor do not answer the same:\n%.2000s\n%.2000s", w.name, answers[0], answers[1])
			}
		}
	}
	return nil
}

// targetsOf are those who are asked for a work.
func (b *bench) targetsOf(w *work) []*target {
	return slices.DeleteFunc(slices.Clone(b.targets), func(t *target) bool { return t.only != "" && t.only != w.name })
}

// once asks once, and returns the data of the answer.
func (b *bench) once(ctx context.Context, to *target, w *work, a ask) (string, error) {
	c, err := dial(ctx, to.host)
	if err != nil {
		return "", err
	}
	defer c.conn.Close()
	status, text, err := c.ask(to.request(nil, w, a))
	if err == nil {
		err = w.check(a, status, text)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", to.name, err)
	}
	var answer struct{ Data json.RawMessage }
	err = json.Unmarshal(text, &answer)
	return string(answer.Data), err
}

// allRounds measures each work so many times: the server and the floor in turns, so
// that a slow minute of the machine is one of both.
func (b *bench) allRounds(ctx context.Context) (results, error) {
	var all results
	for round := range b.rounds {
		for i := range b.works {
			w := &b.works[i]
			for _, clients := range b.clients {
				for _, one := range b.targetsOf(w) {
					if round == 0 && i == 0 || w.name == "w5" { // which leaves old rows behind
						if err := b.tidy(ctx); err != nil {
							return nil, err
						}
					}
					process.Show("%s: round %d of %d, %s of the %s, %d clients", b.kind, round+1, b.rounds, w.name, one.name, clients)
					cell, err := b.cell(ctx, one, w, clients, round)
					if err != nil {
						return nil, err
					}
					all = append(all, cell)
				}
			}
		}
	}
	return all, nil
}

// cell measures a work once.
func (b *bench) cell(ctx context.Context, to *target, w *work, clients, round int) (result, error) {
	l := &load{target: to, work: w, data: b.data, seed: uint64(round)}
	r := result{database: b.kind, work: w.name, clients: clients, round: round, target: to.name}
	var before, after taken
	var peak bool
	some, err := l.run(ctx, clients, func(count func()) (err error) {
		if err = pause(ctx, warmUp); err != nil {
			return err
		}
		peak = process.ForgetPeak(to.pid)
		if before, err = b.taken(to); err != nil {
			return err
		}
		count()
		if err = pause(ctx, b.duration); err != nil {
			return err
		}
		after, err = b.taken(to)
		return err
	})
	if err != nil {
		return r, err
	}
	if len(some.times) == 0 {
		return r, fmt.Errorf("%s: the %s answered nothing within %s: give a longer -duration", w.name, to.name, b.duration)
	}
	memory := process.Resident
	if peak {
		memory = process.Peak
	}
	if r.memory, err = memory(to.pid); err != nil {
		return r, err
	}
	r.fill(some, before, after)
	return r, nil
}

// taken is what was taken of the machine up to a moment.
type taken struct {
	at                             time.Time
	server, database, driver, busy time.Duration
}

func (b *bench) taken(by *target) (t taken, err error) {
	t.at = time.Now()
	if t.server, err = process.Processor(by.pid); err != nil {
		return t, err
	}
	if b.postgres != nil {
		if t.database, err = process.Family(b.pid); err != nil {
			return t, err
		}
	}
	if t.driver, err = process.Processor(syscall.Getpid()); err != nil {
		return t, err
	}
	t.busy, err = process.Busy()
	return t, err
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
