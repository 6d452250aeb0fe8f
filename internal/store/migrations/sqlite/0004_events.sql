-- +goose Up
-- create "events" table
CREATE TABLE `events` (
  `id` uuid NOT NULL,
  `seq` integer NOT NULL,
  `kind` text NOT NULL,
  `entity_type` text NOT NULL,
  `entity_id` uuid NOT NULL,
  `from_pipeline_id` uuid NULL,
  `from_stage_id` uuid NULL,
  `to_pipeline_id` uuid NULL,
  `to_stage_id` uuid NULL,
  `comment_id` uuid NULL,
  `user_id` uuid NULL,
  `changes` json NOT NULL,
  `created_at` datetime NOT NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `events_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `event_entity_type` CHECK (entity_type IN ('PIPELINE', 'STAGE', 'DEAL', 'LEAD')),
  CONSTRAINT `event_kind` CHECK (kind IN ('CARD_CREATED', 'CARD_UPDATED', 'CARD_MOVED', 'CARD_REMOVED', 'CARD_ARCHIVED', 'CARD_RESTORED', 'STAGE_CREATED', 'STAGE_UPDATED', 'STAGES_REORDERED', 'STAGE_REMOVED', 'PIPELINE_CHANGED', 'COMMENT_ADDED', 'COMMENT_EDITED', 'COMMENT_DELETED')),
  CONSTRAINT `event_seq` CHECK (seq > 0)
);
-- create index "event_organization_id_seq" to table: "events"
CREATE UNIQUE INDEX `event_organization_id_seq` ON `events` (`organization_id`, `seq`);
-- create "event_heads" table
CREATE TABLE `event_heads` (
  `id` uuid NOT NULL,
  `seq` integer NOT NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `event_heads_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "eventhead_organization_id" to table: "event_heads"
CREATE UNIQUE INDEX `eventhead_organization_id` ON `event_heads` (`organization_id`);
-- Figures for the query planner: see 0003_statistics.sql.
INSERT INTO `sqlite_stat1` (`tbl`, `idx`, `stat`) VALUES
  ('events', 'sqlite_autoindex_events_1', '1000000 1'),
  ('events', 'event_organization_id_seq', '1000000 50000 1'),
  ('event_heads', 'sqlite_autoindex_event_heads_1', '20 1'),
  ('event_heads', 'eventhead_organization_id', '20 1');
ANALYZE `sqlite_schema`;
