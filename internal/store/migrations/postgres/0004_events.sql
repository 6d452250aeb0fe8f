-- +goose Up
-- create "event_heads" table
CREATE TABLE "event_heads" (
  "id" uuid NOT NULL,
  "seq" bigint NOT NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "event_heads_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "eventhead_organization_id" to table: "event_heads"
CREATE UNIQUE INDEX "eventhead_organization_id" ON "event_heads" ("organization_id");
-- create "events" table
CREATE TABLE "events" (
  "id" uuid NOT NULL,
  "seq" bigint NOT NULL,
  "kind" character varying NOT NULL,
  "entity_type" character varying NOT NULL,
  "entity_id" uuid NOT NULL,
  "from_pipeline_id" uuid NULL,
  "from_stage_id" uuid NULL,
  "to_pipeline_id" uuid NULL,
  "to_stage_id" uuid NULL,
  "comment_id" uuid NULL,
  "user_id" uuid NULL,
  "changes" jsonb NOT NULL,
  "created_at" timestamptz NOT NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "events_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "event_entity_type" CHECK ((entity_type)::text = ANY ((ARRAY['PIPELINE'::character varying, 'STAGE'::character varying, 'DEAL'::character varying, 'LEAD'::character varying])::text[])),
  CONSTRAINT "event_kind" CHECK ((kind)::text = ANY ((ARRAY['CARD_CREATED'::character varying, 'CARD_UPDATED'::character varying, 'CARD_MOVED'::character varying, 'CARD_REMOVED'::character varying, 'CARD_ARCHIVED'::character varying, 'CARD_RESTORED'::character varying, 'STAGE_CREATED'::character varying, 'STAGE_UPDATED'::character varying, 'STAGES_REORDERED'::character varying, 'STAGE_REMOVED'::character varying, 'PIPELINE_CHANGED'::character varying, 'COMMENT_ADDED'::character varying, 'COMMENT_EDITED'::character varying, 'COMMENT_DELETED'::character varying])::text[])),
  CONSTRAINT "event_seq" CHECK (seq > 0)
);
-- create index "event_organization_id_seq" to table: "events"
CREATE UNIQUE INDEX "event_organization_id_seq" ON "events" ("organization_id", "seq");
