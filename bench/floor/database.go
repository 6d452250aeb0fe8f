package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/lib/pq"
	_ "modernc.org/sqlite" // the driver
)

// connections is as many as the server has to Postgres unless told otherwise, and
// readers as many as read a SQLite file.
const (
	connections = 20
	readers     = 8
)

// floor is the database, with the statements.
type floor struct {
	db, writer *sql.DB // the same on Postgres
	sqlite     bool

	stages, leads, statuses, boards, counts, sums, lead, status, comments, move, stage *sql.Stmt
	moveAll                                                                            *sql.Stmt // on Postgres
}

// open opens a database and prepares the statements.
func open(ctx context.Context, address string) (*floor, error) {
	f := &floor{}
	var err error
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		f.sqlite = true
		f.writer, err = openFile(path, 1, "foreign_keys(1)")
		if err == nil {
			f.db, err = openFile(path, readers, "query_only(1)")
		}
	} else {
		f.db, err = sql.Open("postgres", address)
		if err == nil {
			f.db.SetMaxOpenConns(connections)
			f.db.SetMaxIdleConns(connections)
			f.writer = f.db
		}
	}
	if err != nil {
		return nil, err
	}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// openFile opens a SQLite file as the server does.
func openFile(path string, limit int, pragma string) (*sql.DB, error) {
	query := url.Values{
		"_pragma":      {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", pragma},
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
	}
	db, err := sql.Open("sqlite", "file:"+path+"?"+query.Encode())
	if err == nil {
		db.SetMaxOpenConns(limit)
		db.SetMaxIdleConns(limit)
	}
	return db, err
}

// prepare prepares the statements, once.
func (f *floor) prepare(ctx context.Context) error {
	texts := postgres
	if f.sqlite {
		texts = sqlite
	}
	type one struct {
		statement **sql.Stmt
		db        *sql.DB
		text      string
	}
	all := []one{
		{&f.stages, f.db, texts.stages}, {&f.leads, f.db, texts.leads}, {&f.statuses, f.db, texts.statuses},
		{&f.boards, f.db, texts.boards}, {&f.counts, f.db, texts.counts}, {&f.sums, f.db, texts.sums},
		{&f.lead, f.db, texts.lead}, {&f.status, f.db, texts.status}, {&f.comments, f.db, texts.comments},
		{&f.move, f.writer, texts.move}, {&f.stage, f.db, texts.stage},
	}
	if !f.sqlite {
		all = append(all, one{&f.moveAll, f.writer, movesWithAll})
	}
	for _, one := range all {
		var err error
		*one.statement, err = one.db.PrepareContext(ctx, one.text) //nolint:sqlclosecheck // they end with the database
		if err != nil {
			return fmt.Errorf("%w: %s", err, one.text)
		}
	}
	return nil
}

// close closes the database.
func (f *floor) close() error {
	err := f.writer.Close()
	if f.sqlite {
		err = errors.Join(err, f.db.Close())
	}
	return err
}

// list is ids as a parameter that a statement can look them up in.
func (f *floor) list(keys []key) (any, error) {
	texts := make([]string, len(keys))
	for i, one := range keys {
		texts[i] = uuid.UUID(one).String()
	}
	if !f.sqlite {
		return pq.StringArray(texts), nil
	}
	text, err := json.Marshal(texts)
	return string(text), err
}

// key is an id as a column has it.
type key uuid.UUID

// Scan implements sql.Scanner.
func (k *key) Scan(column any) (err error) {
	var u uuid.UUID
	switch column := column.(type) {
	case []byte:
		u, err = uuid.ParseBytes(column)
	case string:
		u, err = uuid.Parse(column)
	default:
		err = fmt.Errorf("an id is %T", column)
	}
	*k = key(u)
	return err
}

// statements are the texts of the statements.
type statements struct {
	stages, leads, statuses, boards, counts, sums, lead, status, comments, move, stage string
}

const (
	stageColumns = `s.id, s.name, s.position, s.probability`
	leadColumns  = `id, first_name, last_name, email, company, status_id`
	oneLead      = `SELECT first_name, last_name, email, phone_numbers, company, position, source, state, description, location,
		created_at, status_id FROM leads WHERE id = $1`
	oneStatus    = `SELECT name, primary_color FROM lead_status WHERE id = $1`
	someComments = `SELECT id, content, created_at FROM comments WHERE lead_id = $1 ORDER BY created_at, id LIMIT 10`
	oneStage     = `SELECT name FROM stages WHERE id = $1`
	boardStages  = `SELECT p.name, ` + stageColumns + ` FROM pipelines p JOIN stages s ON s.pipeline_id = p.id WHERE p.id = $1 ORDER BY s.position`
	allBoards    = `SELECT p.id, p.name, s.id, s.name, s.position FROM pipelines p JOIN stages s ON s.pipeline_id = p.id
		WHERE p.organization_id = $1 AND p.archived_at IS NULL ORDER BY p.created_at, p.id, s.position`
)

// moves is the simple move: the deal's own row is written and nothing is told, kept
// or checked, as a program would that has no history, activity or live boards.
const moves = `UPDATE deals SET stage_id = $2, stage_entered_at = $3, updated_at = $3, version = version + 1 WHERE id = $1`

// movesWithAll writes, in one statement, a row wherever a move writes one in Dealflow: the
// deal's, the history of its stages, an activity, an event, and where the organization's
// events end. Nothing is locked before, or checked; the card keeps its rank, and nobody is
// said to have moved it. So it is about the least that these rows cost.
const movesWithAll = `WITH was AS (SELECT organization_id, pipeline_id, stage_id FROM deals WHERE id = $1),
	goes AS (SELECT name, pipeline_id FROM stages WHERE id = $2),
	moved AS (UPDATE deals SET stage_id = $2, stage_entered_at = $3, updated_at = $3, version = version + 1 WHERE id = $1),
	has_left AS (UPDATE stage_stays SET left_at = $3 WHERE deal_id = $1 AND left_at IS NULL),
	entered AS (INSERT INTO stage_stays (organization_id, id, deal_id, stage_id, stage_name, entered_at)
		SELECT organization_id, $4, $1, $2, goes.name, $3 FROM was, goes),
	did AS (INSERT INTO activities (organization_id, id, action, entity_type, entity_id, changes, created_at)
		SELECT organization_id, $5, 'MOVED', 'DEAL', $1, $8, $3 FROM was),
	head AS (INSERT INTO event_heads (organization_id, id, seq, revision) SELECT organization_id, $6, 1, $6 FROM was
		ON CONFLICT (organization_id) DO UPDATE SET seq = event_heads.seq + 1, revision = EXCLUDED.revision RETURNING seq),
	happened AS (INSERT INTO events (organization_id, id, seq, kind, entity_type, entity_id,
			from_pipeline_id, from_stage_id, to_pipeline_id, to_stage_id, changes, created_at)
		SELECT organization_id, $7, seq, 'CARD_MOVED', 'DEAL', $1, was.pipeline_id, stage_id, goes.pipeline_id, $2, $8, $3 FROM was, goes, head
		RETURNING id)
	SELECT name FROM goes, happened`

var postgres = statements{
	stages: boardStages,
	leads: `SELECT k.n, l.* FROM unnest($1::uuid[]) WITH ORDINALITY k (id, n) CROSS JOIN LATERAL (
		SELECT ` + leadColumns + ` FROM leads WHERE stage_id = k.id AND archived_at IS NULL ORDER BY rank, leads.id LIMIT $2) l`,
	statuses: `SELECT id, name, primary_color FROM lead_status WHERE id = ANY($1)`,
	boards:   allBoards,
	counts:   `SELECT stage_id, COUNT(*) FROM leads WHERE stage_id = ANY($1) AND archived_at IS NULL GROUP BY stage_id`,
	sums:     `SELECT stage_id, value_currency, SUM(value_amount)::bigint FROM deals WHERE stage_id = ANY($1) GROUP BY stage_id, value_currency`,
	lead:     oneLead, status: oneStatus, comments: someComments, move: moves, stage: oneStage,
}

// SQLite has no LATERAL: there the leads of a board are a statement a stage, which
// costs no round trip.
var sqlite = statements{
	stages:   boardStages,
	leads:    `SELECT ` + leadColumns + ` FROM leads WHERE stage_id = $1 AND archived_at IS NULL ORDER BY rank, id LIMIT $2`,
	statuses: `SELECT id, name, primary_color FROM lead_status WHERE id IN (SELECT value FROM json_each($1))`,
	boards:   allBoards,
	counts:   `SELECT stage_id, COUNT(*) FROM leads WHERE stage_id IN (SELECT value FROM json_each($1)) AND archived_at IS NULL GROUP BY stage_id`,
	sums:     `SELECT stage_id, value_currency, SUM(value_amount) FROM deals WHERE stage_id IN (SELECT value FROM json_each($1)) GROUP BY stage_id, value_currency`,
	lead:     oneLead, status: oneStatus, comments: someComments, move: moves, stage: oneStage,
}
