-- +goose Up
-- Fixed figures for SQLite's query planner, in place of those of an ANALYZE: see
-- docs/decisions/0009-statistics.md. A line has the rows of an index, and how many
-- of them share its first column, its first two, and so on. They are those of 20
-- large organizations: with 100 pipelines of 8 stages, and 50,000 leads and deals.
--
-- Every index has a line, or a test fails. A migration that makes an index, or a
-- table anew, which loses the lines of its indexes, inserts theirs and then loads
-- them with ANALYZE as at the end here.
DROP TABLE IF EXISTS `sqlite_stat1`;
DROP TABLE IF EXISTS `sqlite_stat4`;
-- Makes the tables, for only SQLite may.
ANALYZE `sqlite_schema`;
INSERT INTO `sqlite_stat1` (`tbl`, `idx`, `stat`) VALUES
  ('organizations', 'sqlite_autoindex_organizations_1', '20 1'),
  ('organizations', 'organizations_name_key', '20 1'),
  ('users', 'sqlite_autoindex_users_1', '20000 1'),
  ('users', 'user_organization_id_subject', '20000 1000 1'),
  ('users', 'user_organization_id_name_id', '20000 1000 1 1'),
  ('pipelines', 'sqlite_autoindex_pipelines_1', '2000 1'),
  ('pipelines', 'pipeline_organization_id_created_at_id', '2000 100 1 1'),
  ('pipelines', 'pipeline_one_default', '20 1'),
  ('stages', 'sqlite_autoindex_stages_1', '16000 1'),
  ('stages', 'stage_pipeline_id_position', '16000 8 1'),
  ('stages', 'stage_organization_id_created_at_id', '16000 800 8 1'),
  ('lead_status', 'sqlite_autoindex_lead_status_1', '2000 1'),
  ('lead_status', 'leadstatus_organization_id_name_key', '2000 100 1'),
  ('lead_status', 'leadstatus_organization_id_position', '2000 100 1'),
  ('contacts', 'sqlite_autoindex_contacts_1', '200000 1'),
  ('contacts', 'contact_organization_id_email', '200000 10000 1'),
  ('contacts', 'contact_organization_id_phone_key', '200000 10000 1'),
  ('contacts', 'contact_organization_id_company_name', '200000 10000 20'),
  ('contacts', 'contact_organization_id_created_at_id', '200000 10000 1 1'),
  ('businesses', 'sqlite_autoindex_businesses_1', '20000 1'),
  ('businesses', 'business_organization_id_name_id', '20000 1000 1 1'),
  ('businesses', 'business_organization_id_created_at_id', '20000 1000 1 1'),
  ('lead_businesses', 'sqlite_autoindex_lead_businesses_1', '1000000 2 1'),
  ('lead_businesses', 'lead_businesses_business', '1000000 50'),
  ('leads', 'sqlite_autoindex_leads_1', '1000000 1'),
  ('leads', 'lead_organization_id_email', '1000000 50000 1'),
  ('leads', 'lead_organization_id_external_id', '500000 25000 1'),
  ('leads', 'lead_organization_id_created_at_id', '1000000 50000 1 1'),
  ('leads', 'lead_organization_id_photo', '100000 5000 1'),
  ('leads', 'lead_stage_id_rank_id', '1000000 60 1 1'),
  ('leads', 'lead_status_id_created_at', '1000000 500 1'),
  ('deals', 'sqlite_autoindex_deals_1', '1000000 1'),
  ('deals', 'deal_organization_id_external_id', '500000 25000 1'),
  ('deals', 'deal_organization_id_created_at_id', '1000000 50000 1 1'),
  ('deals', 'deal_pipeline_id_created_at_id', '1000000 500 1 1'),
  ('deals', 'deal_one_open_per_contact', '700000 350 1'),
  ('deals', 'deal_stage_id_rank_id', '1000000 60 1 1'),
  ('deals', 'deal_contact_id', '1000000 5'),
  ('deals', 'deal_assigned_to_id', '1000000 50'),
  ('deals_search', 'sqlite_autoindex_deals_search_1', '1000000 1'),
  ('leads_search', 'sqlite_autoindex_leads_search_1', '1000000 1'),
  ('stage_stays', 'sqlite_autoindex_stage_stays_1', '2000000 1'),
  ('stage_stays', 'stagestay_lead_id_entered_at', '2000000 2 1'),
  ('stage_stays', 'stagestay_deal_id_entered_at', '2000000 2 1'),
  ('stage_stays', 'stagestay_stage_id', '2000000 120'),
  ('comments', 'sqlite_autoindex_comments_1', '1500000 1'),
  ('comments', 'comment_lead_id_created_at_id', '1500000 3 1 1'),
  ('comments', 'comment_deal_id_created_at_id', '1500000 4 1 1'),
  ('activities', 'sqlite_autoindex_activities_1', '4000000 1'),
  ('activities', 'activity_entity_id_created_at_id', '4000000 2 1 1');
-- Loads the figures.
ANALYZE `sqlite_schema`;
