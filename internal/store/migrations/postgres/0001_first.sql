-- +goose Up

-- By hand: substring search. The extension is a trusted one, which a database's
-- owner may create; the indexes that use it are at the end.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- By hand, too: texts that lists are sorted by are COLLATE "C", compared byte by
-- byte as SQLite does, whatever the locale that the database was made with.

-- create "organizations" table
CREATE TABLE "organizations" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying COLLATE "C" NOT NULL,
  "currency" character varying NOT NULL DEFAULT 'USD',
  PRIMARY KEY ("id")
);
-- create index "organizations_name_key" to table: "organizations"
CREATE UNIQUE INDEX "organizations_name_key" ON "organizations" ("name");
-- create "users" table
CREATE TABLE "users" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "subject" character varying NOT NULL,
  "name" character varying COLLATE "C" NOT NULL,
  "email" character varying COLLATE "C" NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "users_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "user_organization_id_name_id" to table: "users"
CREATE INDEX "user_organization_id_name_id" ON "users" ("organization_id", "name", "id");
-- create index "user_organization_id_subject" to table: "users"
CREATE UNIQUE INDEX "user_organization_id_subject" ON "users" ("organization_id", "subject");
-- create "activities" table
CREATE TABLE "activities" (
  "id" uuid NOT NULL,
  "action" character varying NOT NULL,
  "entity_type" character varying NOT NULL,
  "entity_id" uuid NOT NULL,
  "changes" jsonb NOT NULL,
  "created_at" timestamptz NOT NULL,
  "organization_id" uuid NOT NULL,
  "user_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "activities_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "activities_users_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "activity_action" CHECK ((action)::text = ANY ((ARRAY['CREATED'::character varying, 'UPDATED'::character varying, 'DELETED'::character varying, 'MOVED'::character varying, 'STATUS_CHANGED'::character varying, 'ARCHIVED'::character varying, 'RESTORED'::character varying, 'REORDERED'::character varying, 'COMMENTED'::character varying, 'COMMENT_EDITED'::character varying, 'COMMENT_DELETED'::character varying, 'PHOTO_CHANGED'::character varying, 'PHOTO_DELETED'::character varying])::text[])),
  CONSTRAINT "activity_entity_type" CHECK ((entity_type)::text = ANY ((ARRAY['ORGANIZATION'::character varying, 'PIPELINE'::character varying, 'STAGE'::character varying, 'DEAL'::character varying, 'LEAD'::character varying, 'LEAD_STATUS'::character varying, 'CONTACT'::character varying, 'BUSINESS'::character varying])::text[]))
);
-- create index "activity_entity_id_created_at_id" to table: "activities"
CREATE INDEX "activity_entity_id_created_at_id" ON "activities" ("entity_id", "created_at", "id");
-- create "businesses" table
CREATE TABLE "businesses" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying COLLATE "C" NOT NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "businesses_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "business_organization_id_created_at_id" to table: "businesses"
CREATE INDEX "business_organization_id_created_at_id" ON "businesses" ("organization_id", "created_at", "id");
-- create index "business_organization_id_name_id" to table: "businesses"
CREATE INDEX "business_organization_id_name_id" ON "businesses" ("organization_id", "name", "id");
-- create "contacts" table
CREATE TABLE "contacts" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying COLLATE "C" NOT NULL,
  "email" character varying COLLATE "C" NULL,
  "phone" character varying NULL,
  "phone_key" character varying NULL,
  "company_name" character varying COLLATE "C" NULL,
  "tags" jsonb NOT NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "contacts_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "contact_organization_id_company_name" to table: "contacts"
CREATE INDEX "contact_organization_id_company_name" ON "contacts" ("organization_id", "company_name");
-- create index "contact_organization_id_created_at_id" to table: "contacts"
CREATE INDEX "contact_organization_id_created_at_id" ON "contacts" ("organization_id", "created_at", "id");
-- create index "contact_organization_id_email" to table: "contacts"
CREATE UNIQUE INDEX "contact_organization_id_email" ON "contacts" ("organization_id", "email");
-- create index "contact_organization_id_phone_key" to table: "contacts"
CREATE INDEX "contact_organization_id_phone_key" ON "contacts" ("organization_id", "phone_key");
-- create "pipelines" table
CREATE TABLE "pipelines" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying COLLATE "C" NOT NULL,
  "description" text NULL,
  "is_active" boolean NOT NULL DEFAULT true,
  "is_default" boolean NOT NULL DEFAULT false,
  "archived_at" timestamptz NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "pipelines_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- create index "pipeline_one_default" to table: "pipelines"
CREATE UNIQUE INDEX "pipeline_one_default" ON "pipelines" ("organization_id") WHERE is_default;
-- create index "pipeline_organization_id_created_at_id" to table: "pipelines"
CREATE INDEX "pipeline_organization_id_created_at_id" ON "pipelines" ("organization_id", "created_at", "id");
-- create "stages" table
CREATE TABLE "stages" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying COLLATE "C" NOT NULL,
  "description" text NULL,
  "position" bigint NOT NULL,
  "probability" double precision NOT NULL,
  "rotten_after" bigint NULL,
  "organization_id" uuid NOT NULL,
  "pipeline_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "stages_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "stages_pipelines_pipeline" FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "stage_position" CHECK ("position" >= 0),
  CONSTRAINT "stage_probability" CHECK ((probability >= (0)::double precision) AND (probability <= (1)::double precision)),
  CONSTRAINT "stage_rotten_after" CHECK (rotten_after > 0)
);
-- create index "stage_organization_id_created_at_id" to table: "stages"
CREATE INDEX "stage_organization_id_created_at_id" ON "stages" ("organization_id", "created_at", "id");
-- create index "stage_pipeline_id_position" to table: "stages"
CREATE UNIQUE INDEX "stage_pipeline_id_position" ON "stages" ("pipeline_id", "position");
-- create "deals" table
CREATE TABLE "deals" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "external_id" character varying NULL,
  "search_text" text NOT NULL DEFAULT '',
  -- By hand: ranks are compared byte by byte, in internal/rank and SQLite too.
  "rank" character varying COLLATE "C" NOT NULL,
  "title" character varying COLLATE "C" NOT NULL,
  "status" character varying COLLATE "C" NOT NULL DEFAULT 'OPEN',
  "value_amount" bigint NULL,
  "value_currency" character varying NULL,
  "probability" double precision NULL,
  "source" character varying NULL,
  "tags" jsonb NOT NULL,
  "expected_close_date" date NULL,
  "lost_reason" text NULL,
  "last_status_change_at" timestamptz NOT NULL,
  "stage_entered_at" timestamptz NOT NULL,
  "duplicate" boolean NOT NULL DEFAULT false,
  "organization_id" uuid NOT NULL,
  "pipeline_id" uuid NOT NULL,
  "stage_id" uuid NOT NULL,
  "contact_id" uuid NULL,
  "assigned_to_id" uuid NULL,
  "created_by_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "deals_contacts_contact" FOREIGN KEY ("contact_id") REFERENCES "contacts" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "deals_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "deals_pipelines_pipeline" FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "deals_stages_stage" FOREIGN KEY ("stage_id") REFERENCES "stages" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "deals_users_assigned_to" FOREIGN KEY ("assigned_to_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "deals_users_created_by" FOREIGN KEY ("created_by_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "deal_probability" CHECK ((probability >= (0)::double precision) AND (probability <= (1)::double precision)),
  CONSTRAINT "deal_status" CHECK ((status)::text = ANY ((ARRAY['OPEN'::character varying, 'WON'::character varying, 'LOST'::character varying, 'ABANDONED'::character varying])::text[])),
  CONSTRAINT "deal_value" CHECK ((value_amount >= 0) AND ((value_amount IS NULL) = (value_currency IS NULL)))
);
-- create index "deal_assigned_to_id" to table: "deals"
CREATE INDEX "deal_assigned_to_id" ON "deals" ("assigned_to_id");
-- create index "deal_contact_id" to table: "deals"
CREATE INDEX "deal_contact_id" ON "deals" ("contact_id");
-- create index "deal_one_open_per_contact" to table: "deals"
CREATE UNIQUE INDEX "deal_one_open_per_contact" ON "deals" ("pipeline_id", "contact_id") WHERE (((status)::text = 'OPEN'::text) AND (NOT duplicate));
-- create index "deal_organization_id_created_at_id" to table: "deals"
CREATE INDEX "deal_organization_id_created_at_id" ON "deals" ("organization_id", "created_at", "id");
-- create index "deal_organization_id_external_id" to table: "deals"
CREATE UNIQUE INDEX "deal_organization_id_external_id" ON "deals" ("organization_id", "external_id");
-- create index "deal_pipeline_id_created_at_id" to table: "deals"
CREATE INDEX "deal_pipeline_id_created_at_id" ON "deals" ("pipeline_id", "created_at", "id");
-- create index "deal_stage_id_rank_id" to table: "deals"
CREATE INDEX "deal_stage_id_rank_id" ON "deals" ("stage_id", "rank", "id");
-- create "lead_status" table
CREATE TABLE "lead_status" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying COLLATE "C" NOT NULL,
  "name_key" character varying NOT NULL,
  "primary_color" character varying NOT NULL,
  "position" bigint NOT NULL,
  "organization_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "lead_status_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "lead_status_position" CHECK ("position" >= 0),
  CONSTRAINT "lead_status_primary_color" CHECK ((primary_color)::text = ANY ((ARRAY['GRAY'::character varying, 'RED'::character varying, 'ORANGE'::character varying, 'YELLOW'::character varying, 'GREEN'::character varying, 'TEAL'::character varying, 'BLUE'::character varying, 'INDIGO'::character varying, 'PURPLE'::character varying, 'PINK'::character varying])::text[]))
);
-- create index "leadstatus_organization_id_name_key" to table: "lead_status"
CREATE UNIQUE INDEX "leadstatus_organization_id_name_key" ON "lead_status" ("organization_id", "name_key");
-- create index "leadstatus_organization_id_position" to table: "lead_status"
CREATE INDEX "leadstatus_organization_id_position" ON "lead_status" ("organization_id", "position");
-- create "leads" table
CREATE TABLE "leads" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "external_id" character varying NULL,
  "search_text" text NOT NULL DEFAULT '',
  "first_name" character varying COLLATE "C" NOT NULL,
  "last_name" character varying COLLATE "C" NOT NULL DEFAULT '',
  "email" character varying COLLATE "C" NULL,
  "phone_numbers" jsonb NOT NULL,
  "photo" character varying NULL,
  "state" character varying NOT NULL DEFAULT 'ACTIVE',
  "source" character varying NULL,
  "description" text NULL,
  "location" character varying NULL,
  "position" character varying NULL,
  "company" character varying COLLATE "C" NULL,
  "social_media" jsonb NULL,
  -- By hand: ranks are compared byte by byte, in internal/rank and SQLite too.
  "rank" character varying COLLATE "C" NOT NULL DEFAULT '',
  "stage_entered_at" timestamptz NULL,
  "archived_at" timestamptz NULL,
  "organization_id" uuid NOT NULL,
  "status_id" uuid NOT NULL,
  "stage_id" uuid NULL,
  "created_by_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "leads_lead_status_status" FOREIGN KEY ("status_id") REFERENCES "lead_status" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "leads_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "leads_stages_stage" FOREIGN KEY ("stage_id") REFERENCES "stages" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "leads_users_created_by" FOREIGN KEY ("created_by_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "lead_board" CHECK (((stage_id IS NULL) = ((rank)::text = ''::text)) AND ((stage_id IS NULL) = (stage_entered_at IS NULL))),
  CONSTRAINT "lead_state" CHECK ((state)::text = ANY ((ARRAY['ACTIVE'::character varying, 'INACTIVE'::character varying])::text[]))
);
-- create index "lead_organization_id_created_at_id" to table: "leads"
CREATE INDEX "lead_organization_id_created_at_id" ON "leads" ("organization_id", "created_at", "id");
-- create index "lead_organization_id_email" to table: "leads"
CREATE UNIQUE INDEX "lead_organization_id_email" ON "leads" ("organization_id", "email");
-- create index "lead_organization_id_external_id" to table: "leads"
CREATE UNIQUE INDEX "lead_organization_id_external_id" ON "leads" ("organization_id", "external_id");
-- create index "lead_stage_id_rank_id" to table: "leads"
CREATE INDEX "lead_stage_id_rank_id" ON "leads" ("stage_id", "rank", "id");
-- create index "lead_status_id_created_at" to table: "leads"
CREATE INDEX "lead_status_id_created_at" ON "leads" ("status_id", "created_at");
-- create index "lead_organization_id_photo" to table: "leads"
CREATE INDEX "lead_organization_id_photo" ON "leads" ("organization_id", "photo") WHERE (photo IS NOT NULL);
-- create "comments" table
CREATE TABLE "comments" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "content" text NOT NULL,
  "edited_at" timestamptz NULL,
  "organization_id" uuid NOT NULL,
  "lead_id" uuid NULL,
  "deal_id" uuid NULL,
  "author_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "comments_deals_deal" FOREIGN KEY ("deal_id") REFERENCES "deals" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "comments_leads_lead" FOREIGN KEY ("lead_id") REFERENCES "leads" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "comments_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "comments_users_author" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "comment_subject" CHECK ((lead_id IS NULL) <> (deal_id IS NULL))
);
-- create index "comment_deal_id_created_at_id" to table: "comments"
CREATE INDEX "comment_deal_id_created_at_id" ON "comments" ("deal_id", "created_at", "id");
-- create index "comment_lead_id_created_at_id" to table: "comments"
CREATE INDEX "comment_lead_id_created_at_id" ON "comments" ("lead_id", "created_at", "id");
-- create "lead_businesses" table
CREATE TABLE "lead_businesses" (
  "lead_id" uuid NOT NULL,
  "business_id" uuid NOT NULL,
  PRIMARY KEY ("lead_id", "business_id"),
  CONSTRAINT "lead_businesses_business_id" FOREIGN KEY ("business_id") REFERENCES "businesses" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "lead_businesses_lead_id" FOREIGN KEY ("lead_id") REFERENCES "leads" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create "stage_stays" table
CREATE TABLE "stage_stays" (
  "id" uuid NOT NULL,
  "stage_name" character varying NOT NULL,
  "entered_at" timestamptz NOT NULL,
  "left_at" timestamptz NULL,
  "organization_id" uuid NOT NULL,
  "lead_id" uuid NULL,
  "deal_id" uuid NULL,
  "stage_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "stage_stays_deals_deal" FOREIGN KEY ("deal_id") REFERENCES "deals" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "stage_stays_leads_lead" FOREIGN KEY ("lead_id") REFERENCES "leads" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "stage_stays_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "stage_stays_stages_stage" FOREIGN KEY ("stage_id") REFERENCES "stages" ("id") ON UPDATE NO ACTION ON DELETE SET NULL,
  CONSTRAINT "stay_card" CHECK ((lead_id IS NULL) <> (deal_id IS NULL))
);
-- create index "stagestay_deal_id_entered_at" to table: "stage_stays"
CREATE INDEX "stagestay_deal_id_entered_at" ON "stage_stays" ("deal_id", "entered_at");
-- create index "stagestay_lead_id_entered_at" to table: "stage_stays"
CREATE INDEX "stagestay_lead_id_entered_at" ON "stage_stays" ("lead_id", "entered_at");
-- create index "stagestay_stage_id" to table: "stage_stays"
CREATE INDEX "stagestay_stage_id" ON "stage_stays" ("stage_id");

-- By hand, for ent does not describe join tables: who belongs to a business.
CREATE INDEX "lead_businesses_business" ON "lead_businesses" ("business_id");

-- By hand: search_text LIKE '%…%'.
CREATE INDEX "deal_search" ON "deals" USING gin ("search_text" gin_trgm_ops);
CREATE INDEX "lead_search" ON "leads" USING gin ("search_text" gin_trgm_ops);
