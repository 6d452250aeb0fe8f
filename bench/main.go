// Command bench measures what users wait for: whole requests over HTTP, with a
// token, to the server as a process of its own, on Postgres and on SQLite, and
// beside them the same requests to the floor (see its package), in turns. Run it
// with `make bench`; docs/performance.md says how to read what it prints.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"dealflow/bench/fill"
	"dealflow/bench/process"
	"dealflow/internal/store"
)

// options are the flags.
type options struct {
	rounds    int
	duration  time.Duration
	clients   []int
	databases []string
	works     []string
	shape     fill.Shape

	fill, ids string
}

// organizations are those of scale 1.
const organizations = 20

func main() {
	o, err := parse()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if o.fill != "" {
			err = o.fillOnly(ctx)
		} else {
			err = o.measure(ctx)
		}
	}
	if err != nil {
		process.Show("")
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads the flags.
func parse() (options, error) {
	var o options
	var scale float64
	flag.IntVar(&o.rounds, "rounds", 3, "how many times each is measured; the table has the medians")
	flag.DurationVar(&o.duration, "duration", 2*time.Second, "how long each measurement is")
	clients := flag.String("clients", "16", "how many clients ask at once; several numbers, such as 1,16, are measured one after the other")
	databases := flag.String("database", "postgres,sqlite", "sqlite, and postgres, a new database on the server that DEALFLOW_TEST_POSTGRES names")
	works := flag.String("work", "w1,w2,w3,w4,w5", "what is measured")
	flag.Float64Var(&scale, "scale", 0.1, "how many organizations there are: 20 times this, and at least one")
	flag.IntVar(&o.shape.Leads, "leads", 500, "how many leads a pipeline has")
	flag.IntVar(&o.shape.Deals, "deals", 500, "how many deals a pipeline has")
	flag.IntVar(&o.shape.Comments, "comments", 5, "how many comments a lead has")
	flag.StringVar(&o.fill, "fill", "", "only fill the empty database of this `URL`, for another load driver and a server with the secret of DEALFLOW_JWT_SECRET")
	flag.StringVar(&o.ids, "ids", "bench-ids.json", "the `file` to which -fill writes the ids and tokens that requests need")
	flag.Parse()
	o.shape.Organizations = max(1, int(scale*organizations+0.5))
	o.databases, o.works = strings.Split(*databases, ","), strings.Split(*works, ",")
	for _, one := range strings.Split(*clients, ",") {
		n, err := strconv.Atoi(one)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-clients is a number of them, or several such as 1,16, and not %q", *clients)
		}
		o.clients = append(o.clients, n)
	}
	if o.rounds < 1 || o.duration <= 0 || o.shape.Leads < 1 || o.shape.Deals < 1 || o.shape.Comments < 0 {
		return o, errors.New("-rounds, -duration, -leads and -deals are positive, and -comments is 0 or more")
	}
	return o, nil
}

// measure measures on each database, and prints what came out.
func (o options) measure(ctx context.Context) (err error) {
	works, err := newWorks(o.works, o.shape)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dealflow-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	process.Show("building the server and the floor")
	dealflow, err := process.Build(ctx, "dealflow/cmd/dealflow", dir)
	if err != nil {
		return err
	}
	floor, err := process.Build(ctx, "dealflow/bench/floor", dir)
	if err != nil {
		return err
	}
	var all results
	for _, kind := range o.databases {
		b := bench{options: o, kind: kind, dir: dir, works: works, dealflow: dealflow, floor: floor}
		some, err := b.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		all = append(all, some...)
	}
	process.Show("")
	all.print(os.Stdout)
	return nil
}

// fillOnly fills a database for others to measure.
func (o options) fillOnly(ctx context.Context) error {
	data, err := filled(ctx, o.fill, o.shape, os.Getenv("DEALFLOW_JWT_SECRET"))
	if err != nil {
		return err
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return os.WriteFile(o.ids, text, 0o600) // it has tokens
}

// filled makes the schema and the data of an empty database.
func filled(ctx context.Context, address string, shape fill.Shape, secret string) (data *fill.Data, err error) {
	s, err := store.Open(ctx, address, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Migrate(ctx); err != nil {
		return nil, err
	}
	data, err = fill.Fill(ctx, s, shape, []byte(secret), func(done, of int) {
		process.Show("filling the database: %d of %d cards", done, of)
	})
	process.Show("")
	return data, err
}
