-- +goose Up
-- add column "revision" to table: "event_heads"
ALTER TABLE `event_heads` ADD COLUMN `revision` uuid NULL;
-- create "api_keys" table
CREATE TABLE `api_keys` (
  `id` uuid NOT NULL,
  `name` text NOT NULL,
  `client` text NOT NULL,
  `hash` blob NOT NULL,
  `permissions` json NOT NULL,
  `budget` integer NULL,
  `created_at` datetime NOT NULL,
  `expires_at` datetime NULL,
  `last_used_at` datetime NULL,
  `revoked_at` datetime NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `api_keys_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "apikey_organization_id_client" to table: "api_keys"
CREATE INDEX `apikey_organization_id_client` ON `api_keys` (`organization_id`, `client`);
-- create "documents" table
CREATE TABLE `documents` (
  `id` uuid NOT NULL,
  `client` text NOT NULL,
  `key` text NOT NULL,
  `name` text NOT NULL,
  `kind` text NOT NULL,
  `body` text NOT NULL,
  `hash` blob NOT NULL,
  `published_at` datetime NOT NULL,
  `last_used_at` datetime NULL,
  `retired_at` datetime NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `documents_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `document_kind` CHECK (kind IN ('QUERY', 'MUTATION', 'SUBSCRIPTION'))
);
-- create index "document_organization_id_client_key" to table: "documents"
CREATE UNIQUE INDEX `document_organization_id_client_key` ON `documents` (`organization_id`, `client`, `key`);
-- create index "document_organization_id_client_hash" to table: "documents"
CREATE INDEX `document_organization_id_client_hash` ON `documents` (`organization_id`, `client`, `hash`);
-- create index "document_organization_id_client_name_published_at" to table: "documents"
CREATE INDEX `document_organization_id_client_name_published_at` ON `documents` (`organization_id`, `client`, `name`, `published_at`);
-- create "idempotent_answers" table
CREATE TABLE `idempotent_answers` (
  `id` uuid NOT NULL,
  `key` text NOT NULL,
  `fingerprint` blob NOT NULL,
  `body` blob NULL,
  `created_at` datetime NOT NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `idempotent_answers_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "idempotentanswer_organization_id_key" to table: "idempotent_answers"
CREATE UNIQUE INDEX `idempotentanswer_organization_id_key` ON `idempotent_answers` (`organization_id`, `key`);
-- create index "idempotentanswer_created_at" to table: "idempotent_answers"
CREATE INDEX `idempotentanswer_created_at` ON `idempotent_answers` (`created_at`);
-- Figures for the query planner: see 0003_statistics.sql.
INSERT INTO `sqlite_stat1` (`tbl`, `idx`, `stat`) VALUES
  ('api_keys', 'sqlite_autoindex_api_keys_1', '400 1'),
  ('api_keys', 'apikey_organization_id_client', '400 20 2'),
  ('documents', 'sqlite_autoindex_documents_1', '20000 1'),
  ('documents', 'document_organization_id_client_key', '20000 1000 100 1'),
  ('documents', 'document_organization_id_client_hash', '20000 1000 100 1'),
  ('documents', 'document_organization_id_client_name_published_at', '20000 1000 100 2 1'),
  ('idempotent_answers', 'sqlite_autoindex_idempotent_answers_1', '200000 1'),
  ('idempotent_answers', 'idempotentanswer_organization_id_key', '200000 10000 1'),
  ('idempotent_answers', 'idempotentanswer_created_at', '200000 1');
ANALYZE `sqlite_schema`;
