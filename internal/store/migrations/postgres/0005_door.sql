-- +goose Up
-- modify "event_heads" table
ALTER TABLE "event_heads" ADD COLUMN "revision" uuid NULL;
-- create "api_keys" table
CREATE TABLE "api_keys" (
  "id" uuid NOT NULL,
  "name" character varying NOT NULL,
  "client" character varying NOT NULL,
  "hash" bytea NOT NULL,
  "permissions" jsonb NOT NULL,
  "budget" bigint NULL,
  "created_at" timestamptz NOT NULL,
  "expires_at" timestamptz NULL,
  "last_used_at" timestamptz NULL,
  "revoked_at" timestamptz NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "api_keys_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "apikey_organization_id_client" to table: "api_keys"
CREATE INDEX "apikey_organization_id_client" ON "api_keys" ("organization_id", "client");
-- create "documents" table
CREATE TABLE "documents" (
  "id" uuid NOT NULL,
  "client" character varying NOT NULL,
  "key" character varying NOT NULL,
  "name" character varying NOT NULL,
  "kind" character varying NOT NULL,
  "body" text NOT NULL,
  "hash" bytea NOT NULL,
  "published_at" timestamptz NOT NULL,
  "last_used_at" timestamptz NULL,
  "retired_at" timestamptz NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "documents_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "document_kind" CHECK ((kind)::text = ANY ((ARRAY['QUERY'::character varying, 'MUTATION'::character varying, 'SUBSCRIPTION'::character varying])::text[]))
);
-- create index "document_organization_id_client_hash" to table: "documents"
CREATE INDEX "document_organization_id_client_hash" ON "documents" ("organization_id", "client", "hash");
-- create index "document_organization_id_client_key" to table: "documents"
CREATE UNIQUE INDEX "document_organization_id_client_key" ON "documents" ("organization_id", "client", "key");
-- create index "document_organization_id_client_name_published_at" to table: "documents"
CREATE INDEX "document_organization_id_client_name_published_at" ON "documents" ("organization_id", "client", "name", "published_at");
-- create "idempotent_answers" table
CREATE TABLE "idempotent_answers" (
  "id" uuid NOT NULL,
  "key" character varying NOT NULL,
  "fingerprint" bytea NOT NULL,
  "body" bytea NULL,
  "created_at" timestamptz NOT NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "idempotent_answers_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "idempotentanswer_created_at" to table: "idempotent_answers"
CREATE INDEX "idempotentanswer_created_at" ON "idempotent_answers" ("created_at");
-- create index "idempotentanswer_organization_id_key" to table: "idempotent_answers"
CREATE UNIQUE INDEX "idempotentanswer_organization_id_key" ON "idempotent_answers" ("organization_id", "key");
