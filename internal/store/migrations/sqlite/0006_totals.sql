-- +goose Up
-- Without the checks of what Go has types for: see docs/decisions/0022-moves.md. No table
-- refers to these two, and none has triggers.
-- create "new_activities" table
CREATE TABLE `new_activities` (
  `id` uuid NOT NULL,
  `action` text NOT NULL,
  `entity_type` text NOT NULL,
  `entity_id` uuid NOT NULL,
  `changes` json NOT NULL,
  `created_at` datetime NOT NULL,
  `organization_id` uuid NOT NULL,
  `user_id` uuid NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `activities_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `activities_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- copy rows from old table "activities" to new temporary table "new_activities"
INSERT INTO `new_activities` (`id`, `action`, `entity_type`, `entity_id`, `changes`, `created_at`, `organization_id`, `user_id`) SELECT `id`, `action`, `entity_type`, `entity_id`, `changes`, `created_at`, `organization_id`, `user_id` FROM `activities`;
-- drop "activities" table after copying rows
DROP TABLE `activities`;
-- rename temporary table "new_activities" to "activities"
ALTER TABLE `new_activities` RENAME TO `activities`;
-- create index "activity_entity_id_created_at_id" to table: "activities"
CREATE INDEX `activity_entity_id_created_at_id` ON `activities` (`entity_id`, `created_at`, `id`);
-- create "new_events" table
CREATE TABLE `new_events` (
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
  CONSTRAINT `event_seq` CHECK (seq > 0)
);
-- copy rows from old table "events" to new temporary table "new_events"
INSERT INTO `new_events` (`id`, `seq`, `kind`, `entity_type`, `entity_id`, `from_pipeline_id`, `from_stage_id`, `to_pipeline_id`, `to_stage_id`, `comment_id`, `user_id`, `changes`, `created_at`, `organization_id`) SELECT `id`, `seq`, `kind`, `entity_type`, `entity_id`, `from_pipeline_id`, `from_stage_id`, `to_pipeline_id`, `to_stage_id`, `comment_id`, `user_id`, `changes`, `created_at`, `organization_id` FROM `events`;
-- drop "events" table after copying rows
DROP TABLE `events`;
-- rename temporary table "new_events" to "events"
ALTER TABLE `new_events` RENAME TO `events`;
-- create index "event_organization_id_seq" to table: "events"
CREATE UNIQUE INDEX `event_organization_id_seq` ON `events` (`organization_id`, `seq`);
-- Figures for the query planner: see 0003_statistics.sql.
INSERT INTO `sqlite_stat1` (`tbl`, `idx`, `stat`) VALUES
  ('activities', 'sqlite_autoindex_activities_1', '4000000 1'),
  ('activities', 'activity_entity_id_created_at_id', '4000000 2 1 1'),
  ('events', 'sqlite_autoindex_events_1', '1000000 1'),
  ('events', 'event_organization_id_seq', '1000000 50000 1');
ANALYZE `sqlite_schema`;
