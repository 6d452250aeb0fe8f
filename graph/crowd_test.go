package graph_test

import (
	"context"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"dealflow/internal/apitest"
)

// crowd makes five organizations out of one, and gives each so much of everything
// that Postgres has a reason to walk an index. SQLite has none: its planner goes
// by the figures of a migration, whatever the tables hold.
func crowd(t *testing.T, api *apitest.API) {
	t.Helper()
	if api.Store.Dialect != dialect.Postgres {
		return
	}
	tx, err := api.Store.Client.Tx(context.Background())
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	for _, statement := range strings.Split(crowdSQL, ";\n") {
		_, err := tx.ExecContext(t.Context(), statement)
		must(t, err)
	}
	must(t, tx.Commit())
}

// crowdSQL is written for speed: in a few statements, and with no foreign key
// looked up, and so no trigger run. Its rows are newer than those that tests make. Where a row is to
// refer to any other, that is chosen by the first letter of an id. The ids of empty
// organizations rise with their age, as they do in fact: so a page of them lies
// together. What waits to be put into the search indexes would make them look dear
// to the planner.
const crowdSQL = `
SET LOCAL session_replication_role = replica;
INSERT INTO organizations (id, created_at, updated_at, name)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'crowd ' || n FROM generate_series(1, 4) n;
INSERT INTO users (id, created_at, updated_at, subject, name, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'u' || n, 'user ' || n, o.id FROM organizations o, generate_series(1, 3000) n;
INSERT INTO lead_status (id, created_at, updated_at, name, name_key, primary_color, position, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 's' || n, 's' || n, 'RED', n, o.id FROM organizations o, generate_series(1, 3000) n;
INSERT INTO contacts (id, created_at, updated_at, name, company_name, email, phone_key, tags, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'contact', 'company ' || n, 'c' || n, n, '[]', o.id FROM organizations o, generate_series(1, 3000) n;
INSERT INTO businesses (id, created_at, updated_at, name, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'business ' || n, o.id FROM organizations o, generate_series(1, 3000) n;
INSERT INTO pipelines (id, created_at, updated_at, name, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'pipeline ' || n, o.id FROM organizations o, generate_series(1, 200) n;
INSERT INTO stages (id, created_at, updated_at, name, position, probability, organization_id, pipeline_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'stage', n, 0.5, p.organization_id, p.id FROM pipelines p, generate_series(0, 7) n;
INSERT INTO deals (id, created_at, updated_at, search_text, rank, title, status, tags, last_status_change_at, stage_entered_at,
		organization_id, pipeline_id, stage_id, contact_id, assigned_to_id)
	SELECT gen_random_uuid(), timestamptz '2026-04-01' + random() * interval '1 year', '2026-04-01', 'deal ' || md5(random()::text), 'm' || n, 'deal', 'WON', '[]', '2026-04-01', '2026-04-01',
		s.organization_id, s.pipeline_id, s.id, c.id, u.id
	FROM stages s CROSS JOIN generate_series(1, 3) n
	JOIN contacts c ON c.organization_id = s.organization_id AND c.email = 'c' || (ascii(s.id::text) * 12 + n)
	JOIN users u ON u.organization_id = s.organization_id AND u.subject = 'u' || (ascii(s.id::text) + n);
INSERT INTO leads (id, created_at, updated_at, search_text, rank, first_name, email, phone_numbers, stage_entered_at,
		organization_id, stage_id, status_id)
	SELECT gen_random_uuid(), timestamptz '2026-04-01' + random() * interval '1 year', '2026-04-01', 'lead ' || md5(random()::text), 'm' || n, 'lead', s.id || '@' || n, '[]', '2026-04-01',
		s.organization_id, s.id, l.id
	FROM stages s CROSS JOIN generate_series(1, 3) n
	JOIN lead_status l ON l.organization_id = s.organization_id AND l.name_key = 's' || (ascii(s.id::text) + n);
INSERT INTO lead_businesses (lead_id, business_id)
	SELECT DISTINCT ON (l.id) l.id, b.id FROM leads l
	JOIN businesses b ON b.organization_id = l.organization_id AND b.name = 'business ' || ascii(l.id::text);
INSERT INTO comments (id, created_at, updated_at, content, organization_id, lead_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'hello', organization_id, id FROM leads WHERE rank = 'm1';
INSERT INTO comments (id, created_at, updated_at, content, organization_id, deal_id)
	SELECT gen_random_uuid(), '2026-04-01', '2026-04-01', 'hello', organization_id, id FROM deals WHERE rank = 'm1';
INSERT INTO activities (id, created_at, action, entity_type, entity_id, changes, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', 'CREATED', 'LEAD', id, '[]', organization_id FROM leads WHERE rank = 'm1';
INSERT INTO activities (id, created_at, action, entity_type, entity_id, changes, organization_id)
	SELECT gen_random_uuid(), '2026-04-01', 'CREATED', 'DEAL', id, '[]', organization_id FROM deals WHERE rank = 'm1';
INSERT INTO stage_stays (id, stage_name, entered_at, organization_id, lead_id, stage_id)
	SELECT gen_random_uuid(), 'stage', '2026-04-01', organization_id, id, stage_id FROM leads WHERE rank = 'm1';
INSERT INTO stage_stays (id, stage_name, entered_at, organization_id, deal_id, stage_id)
	SELECT gen_random_uuid(), 'stage', '2026-04-01', organization_id, id, stage_id FROM deals WHERE rank = 'm1';
INSERT INTO organizations (id, created_at, updated_at, name)
	SELECT ('01a00000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '2026-04-01', '2026-04-01', 'empty ' || n FROM generate_series(1, 2000) n;
INSERT INTO deals_search SELECT id, search_text FROM deals ON CONFLICT DO NOTHING;
INSERT INTO leads_search SELECT id, search_text FROM leads ON CONFLICT DO NOTHING;
SELECT gin_clean_pending_list('deal_search');
SELECT gin_clean_pending_list('lead_search');
ANALYZE`
