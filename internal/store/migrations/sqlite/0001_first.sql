-- +goose Up
-- create "activities" table
CREATE TABLE `activities` (
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
  CONSTRAINT `activities_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `activity_action` CHECK (action IN ('CREATED', 'UPDATED', 'DELETED', 'MOVED', 'STATUS_CHANGED', 'ARCHIVED', 'RESTORED', 'REORDERED', 'COMMENTED', 'COMMENT_EDITED', 'COMMENT_DELETED', 'PHOTO_CHANGED', 'PHOTO_DELETED')),
  CONSTRAINT `activity_entity_type` CHECK (entity_type IN ('ORGANIZATION', 'PIPELINE', 'STAGE', 'DEAL', 'LEAD', 'LEAD_STATUS', 'CONTACT', 'BUSINESS'))
);
-- create index "activity_entity_id_created_at_id" to table: "activities"
CREATE INDEX `activity_entity_id_created_at_id` ON `activities` (`entity_id`, `created_at`, `id`);
-- create "businesses" table
CREATE TABLE `businesses` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `businesses_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "business_organization_id_name_id" to table: "businesses"
CREATE INDEX `business_organization_id_name_id` ON `businesses` (`organization_id`, `name`, `id`);
-- create index "business_organization_id_created_at_id" to table: "businesses"
CREATE INDEX `business_organization_id_created_at_id` ON `businesses` (`organization_id`, `created_at`, `id`);
-- create "comments" table
CREATE TABLE `comments` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `content` text NOT NULL,
  `edited_at` datetime NULL,
  `organization_id` uuid NOT NULL,
  `lead_id` uuid NULL,
  `deal_id` uuid NULL,
  `author_id` uuid NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `comments_users_author` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `comments_deals_deal` FOREIGN KEY (`deal_id`) REFERENCES `deals` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT `comments_leads_lead` FOREIGN KEY (`lead_id`) REFERENCES `leads` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT `comments_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `comment_subject` CHECK ((lead_id IS NULL) <> (deal_id IS NULL))
);
-- create index "comment_lead_id_created_at_id" to table: "comments"
CREATE INDEX `comment_lead_id_created_at_id` ON `comments` (`lead_id`, `created_at`, `id`);
-- create index "comment_deal_id_created_at_id" to table: "comments"
CREATE INDEX `comment_deal_id_created_at_id` ON `comments` (`deal_id`, `created_at`, `id`);
-- create "contacts" table
CREATE TABLE `contacts` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  `email` text NULL,
  `phone` text NULL,
  `phone_key` text NULL,
  `company_name` text NULL,
  `tags` json NOT NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `contacts_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "contact_organization_id_email" to table: "contacts"
CREATE UNIQUE INDEX `contact_organization_id_email` ON `contacts` (`organization_id`, `email`);
-- create index "contact_organization_id_phone_key" to table: "contacts"
CREATE INDEX `contact_organization_id_phone_key` ON `contacts` (`organization_id`, `phone_key`);
-- create index "contact_organization_id_company_name" to table: "contacts"
CREATE INDEX `contact_organization_id_company_name` ON `contacts` (`organization_id`, `company_name`);
-- create index "contact_organization_id_created_at_id" to table: "contacts"
CREATE INDEX `contact_organization_id_created_at_id` ON `contacts` (`organization_id`, `created_at`, `id`);
-- create "deals" table
CREATE TABLE `deals` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `external_id` text NULL,
  `search_text` text NOT NULL DEFAULT '',
  `rank` text NOT NULL,
  `title` text NOT NULL,
  `status` text NOT NULL DEFAULT 'OPEN',
  `value_amount` integer NULL,
  `value_currency` text NULL,
  `probability` real NULL,
  `source` text NULL,
  `tags` json NOT NULL,
  `expected_close_date` datetime NULL,
  `lost_reason` text NULL,
  `last_status_change_at` datetime NOT NULL,
  `stage_entered_at` datetime NOT NULL,
  `duplicate` bool NOT NULL DEFAULT false,
  `organization_id` uuid NOT NULL,
  `pipeline_id` uuid NOT NULL,
  `stage_id` uuid NOT NULL,
  `contact_id` uuid NULL,
  `assigned_to_id` uuid NULL,
  `created_by_id` uuid NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `deals_users_created_by` FOREIGN KEY (`created_by_id`) REFERENCES `users` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `deals_users_assigned_to` FOREIGN KEY (`assigned_to_id`) REFERENCES `users` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `deals_contacts_contact` FOREIGN KEY (`contact_id`) REFERENCES `contacts` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `deals_stages_stage` FOREIGN KEY (`stage_id`) REFERENCES `stages` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `deals_pipelines_pipeline` FOREIGN KEY (`pipeline_id`) REFERENCES `pipelines` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `deals_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `deal_probability` CHECK (probability >= 0 AND probability <= 1),
  CONSTRAINT `deal_status` CHECK (status IN ('OPEN', 'WON', 'LOST', 'ABANDONED')),
  CONSTRAINT `deal_value` CHECK (value_amount >= 0 AND (value_amount IS NULL) = (value_currency IS NULL))
);
-- create index "deal_stage_id_rank_id" to table: "deals"
CREATE INDEX `deal_stage_id_rank_id` ON `deals` (`stage_id`, `rank`, `id`);
-- create index "deal_pipeline_id_created_at_id" to table: "deals"
CREATE INDEX `deal_pipeline_id_created_at_id` ON `deals` (`pipeline_id`, `created_at`, `id`);
-- create index "deal_organization_id_created_at_id" to table: "deals"
CREATE INDEX `deal_organization_id_created_at_id` ON `deals` (`organization_id`, `created_at`, `id`);
-- create index "deal_contact_id" to table: "deals"
CREATE INDEX `deal_contact_id` ON `deals` (`contact_id`);
-- create index "deal_assigned_to_id" to table: "deals"
CREATE INDEX `deal_assigned_to_id` ON `deals` (`assigned_to_id`);
-- create index "deal_organization_id_external_id" to table: "deals"
CREATE UNIQUE INDEX `deal_organization_id_external_id` ON `deals` (`organization_id`, `external_id`);
-- create index "deal_one_open_per_contact" to table: "deals"
CREATE UNIQUE INDEX `deal_one_open_per_contact` ON `deals` (`pipeline_id`, `contact_id`) WHERE status = 'OPEN' AND NOT duplicate;
-- create "leads" table
CREATE TABLE `leads` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `external_id` text NULL,
  `search_text` text NOT NULL DEFAULT '',
  `first_name` text NOT NULL,
  `last_name` text NOT NULL DEFAULT '',
  `email` text NULL,
  `phone_numbers` json NOT NULL,
  `photo` text NULL,
  `state` text NOT NULL DEFAULT 'ACTIVE',
  `source` text NULL,
  `description` text NULL,
  `location` text NULL,
  `position` text NULL,
  `company` text NULL,
  `social_media` json NULL,
  `rank` text NOT NULL DEFAULT '',
  `stage_entered_at` datetime NULL,
  `archived_at` datetime NULL,
  `organization_id` uuid NOT NULL,
  `status_id` uuid NOT NULL,
  `stage_id` uuid NULL,
  `created_by_id` uuid NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `leads_users_created_by` FOREIGN KEY (`created_by_id`) REFERENCES `users` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `leads_stages_stage` FOREIGN KEY (`stage_id`) REFERENCES `stages` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `leads_lead_status_status` FOREIGN KEY (`status_id`) REFERENCES `lead_status` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `leads_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `lead_board` CHECK ((stage_id IS NULL) = (rank = '') AND (stage_id IS NULL) = (stage_entered_at IS NULL)),
  CONSTRAINT `lead_state` CHECK (state IN ('ACTIVE', 'INACTIVE'))
);
-- create index "lead_organization_id_email" to table: "leads"
CREATE UNIQUE INDEX `lead_organization_id_email` ON `leads` (`organization_id`, `email`);
-- create index "lead_organization_id_external_id" to table: "leads"
CREATE UNIQUE INDEX `lead_organization_id_external_id` ON `leads` (`organization_id`, `external_id`);
-- create index "lead_stage_id_rank_id" to table: "leads"
CREATE INDEX `lead_stage_id_rank_id` ON `leads` (`stage_id`, `rank`, `id`);
-- create index "lead_organization_id_created_at_id" to table: "leads"
CREATE INDEX `lead_organization_id_created_at_id` ON `leads` (`organization_id`, `created_at`, `id`);
-- create index "lead_status_id_created_at" to table: "leads"
CREATE INDEX `lead_status_id_created_at` ON `leads` (`status_id`, `created_at`);
-- create index "lead_organization_id_photo" to table: "leads"
CREATE INDEX `lead_organization_id_photo` ON `leads` (`organization_id`, `photo`) WHERE photo IS NOT NULL;
-- create "lead_status" table
CREATE TABLE `lead_status` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  `name_key` text NOT NULL,
  `primary_color` text NOT NULL,
  `position` integer NOT NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `lead_status_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `lead_status_position` CHECK (position >= 0),
  CONSTRAINT `lead_status_primary_color` CHECK (primary_color IN ('GRAY', 'RED', 'ORANGE', 'YELLOW', 'GREEN', 'TEAL', 'BLUE', 'INDIGO', 'PURPLE', 'PINK'))
);
-- create index "leadstatus_organization_id_name_key" to table: "lead_status"
CREATE UNIQUE INDEX `leadstatus_organization_id_name_key` ON `lead_status` (`organization_id`, `name_key`);
-- create index "leadstatus_organization_id_position" to table: "lead_status"
CREATE INDEX `leadstatus_organization_id_position` ON `lead_status` (`organization_id`, `position`);
-- create "organizations" table
CREATE TABLE `organizations` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  `currency` text NOT NULL DEFAULT 'USD',
  PRIMARY KEY (`id`)
);
-- create index "organizations_name_key" to table: "organizations"
CREATE UNIQUE INDEX `organizations_name_key` ON `organizations` (`name`);
-- create "pipelines" table
CREATE TABLE `pipelines` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  `description` text NULL,
  `is_active` bool NOT NULL DEFAULT true,
  `is_default` bool NOT NULL DEFAULT false,
  `archived_at` datetime NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `pipelines_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "pipeline_organization_id_created_at_id" to table: "pipelines"
CREATE INDEX `pipeline_organization_id_created_at_id` ON `pipelines` (`organization_id`, `created_at`, `id`);
-- create index "pipeline_one_default" to table: "pipelines"
CREATE UNIQUE INDEX `pipeline_one_default` ON `pipelines` (`organization_id`) WHERE is_default;
-- create "stages" table
CREATE TABLE `stages` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  `description` text NULL,
  `position` integer NOT NULL,
  `probability` real NOT NULL,
  `rotten_after` integer NULL,
  `organization_id` uuid NOT NULL,
  `pipeline_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `stages_pipelines_pipeline` FOREIGN KEY (`pipeline_id`) REFERENCES `pipelines` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT `stages_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `stage_position` CHECK (position >= 0),
  CONSTRAINT `stage_probability` CHECK (probability >= 0 AND probability <= 1),
  CONSTRAINT `stage_rotten_after` CHECK (rotten_after > 0)
);
-- create index "stage_pipeline_id_position" to table: "stages"
CREATE UNIQUE INDEX `stage_pipeline_id_position` ON `stages` (`pipeline_id`, `position`);
-- create index "stage_organization_id_created_at_id" to table: "stages"
CREATE INDEX `stage_organization_id_created_at_id` ON `stages` (`organization_id`, `created_at`, `id`);
-- create "stage_stays" table
CREATE TABLE `stage_stays` (
  `id` uuid NOT NULL,
  `stage_name` text NOT NULL,
  `entered_at` datetime NOT NULL,
  `left_at` datetime NULL,
  `organization_id` uuid NOT NULL,
  `lead_id` uuid NULL,
  `deal_id` uuid NULL,
  `stage_id` uuid NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `stage_stays_stages_stage` FOREIGN KEY (`stage_id`) REFERENCES `stages` (`id`) ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT `stage_stays_deals_deal` FOREIGN KEY (`deal_id`) REFERENCES `deals` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT `stage_stays_leads_lead` FOREIGN KEY (`lead_id`) REFERENCES `leads` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT `stage_stays_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `stay_card` CHECK ((lead_id IS NULL) <> (deal_id IS NULL))
);
-- create index "stagestay_lead_id_entered_at" to table: "stage_stays"
CREATE INDEX `stagestay_lead_id_entered_at` ON `stage_stays` (`lead_id`, `entered_at`);
-- create index "stagestay_deal_id_entered_at" to table: "stage_stays"
CREATE INDEX `stagestay_deal_id_entered_at` ON `stage_stays` (`deal_id`, `entered_at`);
-- create index "stagestay_stage_id" to table: "stage_stays"
CREATE INDEX `stagestay_stage_id` ON `stage_stays` (`stage_id`);
-- create "users" table
CREATE TABLE `users` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `subject` text NOT NULL,
  `name` text NOT NULL,
  `email` text NULL,
  `organization_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `users_organizations_organization` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "user_organization_id_subject" to table: "users"
CREATE UNIQUE INDEX `user_organization_id_subject` ON `users` (`organization_id`, `subject`);
-- create index "user_organization_id_name_id" to table: "users"
CREATE INDEX `user_organization_id_name_id` ON `users` (`organization_id`, `name`, `id`);
-- create "lead_businesses" table
CREATE TABLE `lead_businesses` (
  `lead_id` uuid NOT NULL,
  `business_id` uuid NOT NULL,
  PRIMARY KEY (`lead_id`, `business_id`),
  CONSTRAINT `lead_businesses_business_id` FOREIGN KEY (`business_id`) REFERENCES `businesses` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT `lead_businesses_lead_id` FOREIGN KEY (`lead_id`) REFERENCES `leads` (`id`) ON UPDATE NO ACTION ON DELETE CASCADE
);

-- By hand, for ent does not describe join tables: who belongs to a business.
CREATE INDEX `lead_businesses_business` ON `lead_businesses` (`business_id`);

-- By hand: substring search of search_text, in an index of all three letters in
-- a row. The index knows its texts by number, and the number of a row whose key
-- is no integer may change in a VACUUM: so a table in between keeps numbers of
-- its own. The index holds no copy of the texts. Triggers keep it right; who
-- drops and makes anew the table deals or leads makes its triggers anew too.

CREATE TABLE `deals_search` (
  `id` integer PRIMARY KEY,
  `row_id` uuid NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE `deals_fts` USING fts5 (
  text,
  tokenize = 'trigram case_sensitive 1', -- search_text is in lower case
  content = '',
  contentless_delete = 1
);
-- +goose StatementBegin
CREATE TRIGGER `deals_search_insert` AFTER INSERT ON `deals` BEGIN
  INSERT INTO `deals_search` (`row_id`) VALUES (new.id);
  INSERT INTO `deals_fts` (rowid, text)
    SELECT id, new.search_text FROM `deals_search` WHERE `row_id` = new.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER `deals_search_update` AFTER UPDATE OF search_text ON `deals`
WHEN new.search_text <> old.search_text BEGIN
  UPDATE `deals_fts` SET text = new.search_text
    WHERE rowid = (SELECT id FROM `deals_search` WHERE `row_id` = new.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER `deals_search_delete` AFTER DELETE ON `deals` BEGIN
  DELETE FROM `deals_fts`
    WHERE rowid = (SELECT id FROM `deals_search` WHERE `row_id` = old.id);
  DELETE FROM `deals_search` WHERE `row_id` = old.id;
END;
-- +goose StatementEnd

CREATE TABLE `leads_search` (
  `id` integer PRIMARY KEY,
  `row_id` uuid NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE `leads_fts` USING fts5 (
  text,
  tokenize = 'trigram case_sensitive 1', -- search_text is in lower case
  content = '',
  contentless_delete = 1
);
-- +goose StatementBegin
CREATE TRIGGER `leads_search_insert` AFTER INSERT ON `leads` BEGIN
  INSERT INTO `leads_search` (`row_id`) VALUES (new.id);
  INSERT INTO `leads_fts` (rowid, text)
    SELECT id, new.search_text FROM `leads_search` WHERE `row_id` = new.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER `leads_search_update` AFTER UPDATE OF search_text ON `leads`
WHEN new.search_text <> old.search_text BEGIN
  UPDATE `leads_fts` SET text = new.search_text
    WHERE rowid = (SELECT id FROM `leads_search` WHERE `row_id` = new.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER `leads_search_delete` AFTER DELETE ON `leads` BEGIN
  DELETE FROM `leads_fts`
    WHERE rowid = (SELECT id FROM `leads_search` WHERE `row_id` = old.id);
  DELETE FROM `leads_search` WHERE `row_id` = old.id;
END;
-- +goose StatementEnd
