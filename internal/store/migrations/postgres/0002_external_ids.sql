-- +goose Up
-- drop index "deal_organization_id_external_id" from table: "deals"
DROP INDEX "deal_organization_id_external_id";
-- create index "deal_organization_id_external_id" to table: "deals"
CREATE UNIQUE INDEX "deal_organization_id_external_id" ON "deals" ("organization_id", "external_id") WHERE (external_id IS NOT NULL);
-- drop index "lead_organization_id_external_id" from table: "leads"
DROP INDEX "lead_organization_id_external_id";
-- create index "lead_organization_id_external_id" to table: "leads"
CREATE UNIQUE INDEX "lead_organization_id_external_id" ON "leads" ("organization_id", "external_id") WHERE (external_id IS NOT NULL);
