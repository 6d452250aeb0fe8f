-- +goose Up
-- By hand, without the copies of whole tables that the tool would make.
DROP INDEX `deal_organization_id_external_id`;
CREATE UNIQUE INDEX `deal_organization_id_external_id` ON `deals` (`organization_id`, `external_id`) WHERE external_id IS NOT NULL;
DROP INDEX `lead_organization_id_external_id`;
CREATE UNIQUE INDEX `lead_organization_id_external_id` ON `leads` (`organization_id`, `external_id`) WHERE external_id IS NOT NULL;
