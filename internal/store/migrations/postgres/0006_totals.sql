-- +goose Up
-- What these are for is in docs/decisions: 0021-totals.md and 0022-moves.md.
-- modify "activities" table
ALTER TABLE "activities" DROP CONSTRAINT "activity_action", DROP CONSTRAINT "activity_entity_type";
-- drop index "deal_stage_id_rank_id" from table: "deals"
DROP INDEX "deal_stage_id_rank_id";
-- create index "deal_stage_id_rank_id" to table: "deals"
CREATE INDEX "deal_stage_id_rank_id" ON "deals" ("stage_id", "rank", "id") INCLUDE ("organization_id", "value_currency", "value_amount", "status", "probability");
-- modify "events" table
ALTER TABLE "events" DROP CONSTRAINT "event_entity_type", DROP CONSTRAINT "event_kind";
-- drop index "lead_stage_id_rank_id" from table: "leads"
DROP INDEX "lead_stage_id_rank_id";
-- create index "lead_stage_id_rank_id" to table: "leads"
CREATE INDEX "lead_stage_id_rank_id" ON "leads" ("stage_id", "rank", "id") INCLUDE ("organization_id", "archived_at");

-- By hand: what a search of deals looks through, in a table of its own. An index on
-- deals would get the trigrams of a deal again each time that it is moved. Triggers
-- keep the table right.
CREATE TABLE "deals_search" (
  "row_id" uuid PRIMARY KEY REFERENCES "deals" ("id") ON DELETE CASCADE,
  "text" text NOT NULL
);
INSERT INTO "deals_search" SELECT "id", "search_text" FROM "deals";
DROP INDEX "deal_search";
CREATE INDEX "deal_search" ON "deals_search" USING gin ("text" gin_trgm_ops);
-- +goose StatementBegin
CREATE FUNCTION "deals_search_keep"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deals_search (row_id, text) VALUES (NEW.id, NEW.search_text)
    ON CONFLICT (row_id) DO UPDATE SET text = EXCLUDED.text;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER "deals_search_insert" AFTER INSERT ON "deals"
  FOR EACH ROW EXECUTE FUNCTION deals_search_keep();
CREATE TRIGGER "deals_search_update" AFTER UPDATE OF search_text ON "deals"
  FOR EACH ROW WHEN (NEW.search_text <> OLD.search_text) EXECUTE FUNCTION deals_search_keep();

-- By hand: what a search of leads looks through, in a table of its own. An index on
-- leads would get the trigrams of a lead again each time that it is moved. Triggers
-- keep the table right.
CREATE TABLE "leads_search" (
  "row_id" uuid PRIMARY KEY REFERENCES "leads" ("id") ON DELETE CASCADE,
  "text" text NOT NULL
);
INSERT INTO "leads_search" SELECT "id", "search_text" FROM "leads";
DROP INDEX "lead_search";
CREATE INDEX "lead_search" ON "leads_search" USING gin ("text" gin_trgm_ops);
-- +goose StatementBegin
CREATE FUNCTION "leads_search_keep"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO leads_search (row_id, text) VALUES (NEW.id, NEW.search_text)
    ON CONFLICT (row_id) DO UPDATE SET text = EXCLUDED.text;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER "leads_search_insert" AFTER INSERT ON "leads"
  FOR EACH ROW EXECUTE FUNCTION leads_search_keep();
CREATE TRIGGER "leads_search_update" AFTER UPDATE OF search_text ON "leads"
  FOR EACH ROW WHEN (NEW.search_text <> OLD.search_text) EXECUTE FUNCTION leads_search_keep();
