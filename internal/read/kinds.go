package read

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/apikey"
	"dealflow/ent/business"
	"dealflow/ent/comment"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/organization"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/ent/stagestay"
	"dealflow/ent/user"
)

// The kinds of rows that lists hold. A field of the GraphQL type that needs no
// column of its own, since it reads another level, has an empty entry.
var (
	// Organizations is the caller's own.
	Organizations = &Kind[ent.Organization]{
		table: organization.Table,
		key:   func(row *ent.Organization) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Organization, error) {
			query := db.Organization.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
	}
	// Pipelines are all there are in the organization.
	Pipelines = &Kind[ent.Pipeline]{
		table: pipeline.Table,
		key:   func(row *ent.Pipeline) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Pipeline, error) {
			query := db.Pipeline.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":          {},
			"name":        {pipeline.FieldName},
			"description": {pipeline.FieldDescription},
			"isActive":    {pipeline.FieldIsActive},
			"isDefault":   {pipeline.FieldIsDefault},
			"archivedAt":  {pipeline.FieldArchivedAt},
			"stages":      {},
			"deals":       {},
			"summary":     {},
			"activity":    {},
			"version":     {pipeline.FieldVersion},
			"createdAt":   {pipeline.FieldCreatedAt},
			"updatedAt":   {pipeline.FieldUpdatedAt},
		},
	}
	// Stages are all there are in the organization.
	Stages = &Kind[ent.Stage]{
		table: stage.Table,
		key:   func(row *ent.Stage) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Stage, error) {
			query := db.Stage.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":          {},
			"name":        {stage.FieldName},
			"description": {stage.FieldDescription},
			"order":       {stage.FieldPosition},
			"probability": {stage.FieldProbability},
			"rottenAfter": {stage.FieldRottenAfter},
			"pipeline":    {stage.FieldPipelineID},
			"deals":       {},
			"leads":       {},
			"summary":     {},
			"version":     {stage.FieldVersion},
			"createdAt":   {stage.FieldCreatedAt},
			"updatedAt":   {stage.FieldUpdatedAt},
		},
	}
	// Deals are all there are in the organization.
	Deals = &Kind[ent.Deal]{
		table: deal.Table,
		key:   func(row *ent.Deal) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Deal, error) {
			query := db.Deal.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":                   {},
			"rank":                 {deal.FieldRank},
			"title":                {deal.FieldTitle},
			"status":               {deal.FieldStatus},
			"value":                {deal.FieldValueAmount, deal.FieldValueCurrency},
			"probability":          {deal.FieldProbability},
			"effectiveProbability": {deal.FieldProbability, deal.FieldStageID},
			"stage":                {deal.FieldStageID},
			"pipeline":             {deal.FieldPipelineID},
			"contact":              {deal.FieldContactID},
			"assignedTo":           {deal.FieldAssignedToID},
			"createdBy":            {deal.FieldCreatedByID},
			"source":               {deal.FieldSource},
			"tags":                 {deal.FieldTags},
			"expectedCloseDate":    {deal.FieldExpectedCloseDate},
			"lostReason":           {deal.FieldLostReason},
			"lastStatusChangeAt":   {deal.FieldLastStatusChangeAt},
			"stageEnteredAt":       {deal.FieldStageEnteredAt},
			"isRotten":             {deal.FieldStageID, deal.FieldStageEnteredAt, deal.FieldStatus},
			"externalId":           {deal.FieldExternalID},
			"comments":             {},
			"activity":             {},
			"stageHistory":         {},
			"version":              {deal.FieldVersion},
			"createdAt":            {deal.FieldCreatedAt},
			"updatedAt":            {deal.FieldUpdatedAt},
		},
	}
	// Leads are all there are in the organization.
	Leads = &Kind[ent.Lead]{
		table: lead.Table,
		key:   func(row *ent.Lead) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Lead, error) {
			query := db.Lead.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":             {},
			"rank":           {lead.FieldRank},
			"firstName":      {lead.FieldFirstName},
			"lastName":       {lead.FieldLastName},
			"email":          {lead.FieldEmail},
			"phoneNumbers":   {lead.FieldPhoneNumbers},
			"photo":          {lead.FieldPhoto},
			"photoUrl":       {lead.FieldPhoto, lead.FieldOrganizationID},
			"state":          {lead.FieldState},
			"status":         {lead.FieldStatusID},
			"source":         {lead.FieldSource},
			"description":    {lead.FieldDescription},
			"location":       {lead.FieldLocation},
			"position":       {lead.FieldPosition},
			"company":        {lead.FieldCompany},
			"socialMedia":    {lead.FieldSocialMedia},
			"businesses":     {},
			"stage":          {lead.FieldStageID},
			"stageEnteredAt": {lead.FieldStageEnteredAt},
			"createdBy":      {lead.FieldCreatedByID},
			"archivedAt":     {lead.FieldArchivedAt},
			"externalId":     {lead.FieldExternalID},
			"comments":       {},
			"activity":       {},
			"timeline":       {},
			"stageHistory":   {},
			"version":        {lead.FieldVersion},
			"createdAt":      {lead.FieldCreatedAt},
			"updatedAt":      {lead.FieldUpdatedAt},
		},
	}
	// LeadStatuses are all there are in the organization.
	LeadStatuses = &Kind[ent.LeadStatus]{
		table: leadstatus.Table,
		key:   func(row *ent.LeadStatus) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.LeadStatus, error) {
			query := db.LeadStatus.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":             {},
			"name":           {leadstatus.FieldName},
			"primaryColor":   {leadstatus.FieldPrimaryColor},
			"secondaryColor": {leadstatus.FieldPrimaryColor},
			"order":          {leadstatus.FieldPosition},
			"leadCount":      {},
			"version":        {leadstatus.FieldVersion},
			"createdAt":      {leadstatus.FieldCreatedAt},
			"updatedAt":      {leadstatus.FieldUpdatedAt},
		},
	}
	// Contacts are all there are in the organization.
	Contacts = &Kind[ent.Contact]{
		table: contact.Table,
		key:   func(row *ent.Contact) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Contact, error) {
			query := db.Contact.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":          {},
			"name":        {contact.FieldName},
			"email":       {contact.FieldEmail},
			"phone":       {contact.FieldPhone},
			"companyName": {contact.FieldCompanyName},
			"tags":        {contact.FieldTags},
			"deals":       {},
			"version":     {contact.FieldVersion},
			"createdAt":   {contact.FieldCreatedAt},
			"updatedAt":   {contact.FieldUpdatedAt},
		},
	}
	// Businesses are all there are in the organization.
	Businesses = &Kind[ent.Business]{
		table: business.Table,
		key:   func(row *ent.Business) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Business, error) {
			query := db.Business.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":        {},
			"name":      {business.FieldName},
			"version":   {business.FieldVersion},
			"createdAt": {business.FieldCreatedAt},
			"updatedAt": {business.FieldUpdatedAt},
		},
	}
	// Users are all there are in the organization.
	Users = &Kind[ent.User]{
		table: user.Table,
		key:   func(row *ent.User) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.User, error) {
			query := db.User.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":        {},
			"name":      {user.FieldName},
			"email":     {user.FieldEmail},
			"createdAt": {user.FieldCreatedAt},
			"updatedAt": {user.FieldUpdatedAt},
		},
	}
	// APIKeys are all there are in the organization.
	APIKeys = &Kind[ent.APIKey]{
		table: apikey.Table,
		key:   func(row *ent.APIKey) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.APIKey, error) {
			query := db.APIKey.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":          {},
			"name":        {apikey.FieldName},
			"client":      {apikey.FieldClient},
			"permissions": {apikey.FieldPermissions},
			"budget":      {apikey.FieldBudget},
			"createdAt":   {apikey.FieldCreatedAt},
			"expiresAt":   {apikey.FieldExpiresAt},
			"lastUsedAt":  {apikey.FieldLastUsedAt},
			"revokedAt":   {apikey.FieldRevokedAt},
		},
	}
	// Comments are all there are in the organization.
	Comments = &Kind[ent.Comment]{
		table: comment.Table,
		key:   func(row *ent.Comment) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Comment, error) {
			query := db.Comment.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":        {},
			"content":   {comment.FieldContent},
			"author":    {comment.FieldAuthorID},
			"subjectId": {comment.FieldLeadID, comment.FieldDealID},
			"editedAt":  {comment.FieldEditedAt},
			"version":   {comment.FieldVersion},
			"createdAt": {comment.FieldCreatedAt},
			"updatedAt": {comment.FieldUpdatedAt},
		},
	}
	// Activities are all there are in the organization.
	Activities = &Kind[ent.Activity]{
		table: activity.Table,
		key:   func(row *ent.Activity) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.Activity, error) {
			query := db.Activity.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":         {},
			"action":     {activity.FieldAction},
			"entityType": {activity.FieldEntityType},
			"entityId":   {activity.FieldEntityType, activity.FieldEntityID},
			"user":       {activity.FieldUserID},
			"changes":    {activity.FieldChanges},
			"createdAt":  {activity.FieldCreatedAt},
		},
	}
	// StageStays are all there are in the organization.
	StageStays = &Kind[ent.StageStay]{
		table: stagestay.Table,
		key:   func(row *ent.StageStay) uuid.UUID { return row.ID },
		rows: func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*ent.StageStay, error) {
			query := db.StageStay.Query()
			query.Modify(shape)
			return query.Select(columns...).All(ctx)
		},
		fields: map[string][]string{
			"id":              {},
			"stage":           {stagestay.FieldStageID},
			"stageName":       {stagestay.FieldStageName},
			"enteredAt":       {stagestay.FieldEnteredAt},
			"leftAt":          {stagestay.FieldLeftAt},
			"durationSeconds": {stagestay.FieldEnteredAt, stagestay.FieldLeftAt},
		},
	}
)
