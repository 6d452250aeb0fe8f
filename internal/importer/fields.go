package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"dealflow/ent"
	"dealflow/ent/schema"
	"dealflow/internal/money"
)

// field is a column of an export.
type field[T any] struct {
	name string
	cell func(*T) string
}

// dealFields are what examples/export-deals.yaml reads.
var dealFields = []field[ent.Deal]{
	{"externalId", func(d *ent.Deal) string { return orID(d.ExternalID, d) }},
	{"title", func(d *ent.Deal) string { return d.Title }},
	{"stage", func(d *ent.Deal) string { return d.Edges.Stage.Name }},
	{"status", func(d *ent.Deal) string { return string(d.Status) }},
	{"amount", amount},
	{"currency", func(d *ent.Deal) string { return orNone(d.ValueCurrency) }},
	{"probability", func(d *ent.Deal) string { return number(d.Probability) }},
	{"contactName", func(d *ent.Deal) string { return contactOf(d).Name }},
	{"contactCompany", func(d *ent.Deal) string { return orNone(contactOf(d).CompanyName) }},
	{"contactEmail", func(d *ent.Deal) string { return orNone(contactOf(d).Email) }},
	{"contactPhone", func(d *ent.Deal) string { return orNone(contactOf(d).Phone) }},
	{"contactTags", func(d *ent.Deal) string { return joinList(contactOf(d).Tags) }},
	{"assignee", func(d *ent.Deal) string { return assigneeOf(d).Name }},
	{"assigneeSubject", func(d *ent.Deal) string { return assigneeOf(d).Subject }},
	{"source", func(d *ent.Deal) string { return orNone(d.Source) }},
	{"tags", func(d *ent.Deal) string { return joinList(d.Tags) }},
	{"expectedCloseDate", func(d *ent.Deal) string { return instant(d.ExpectedCloseDate, time.DateOnly) }},
	{"lostReason", func(d *ent.Deal) string { return orNone(d.LostReason) }},
	{"createdAt", func(d *ent.Deal) string { return instant(&d.CreatedAt, time.RFC3339Nano) }},
	{"stageEnteredAt", func(d *ent.Deal) string { return instant(&d.StageEnteredAt, time.RFC3339Nano) }},
	{"lastStatusChangeAt", func(d *ent.Deal) string { return instant(&d.LastStatusChangeAt, time.RFC3339Nano) }},
}

// leadFields are, with leadStageFields, what examples/export-leads.yaml reads.
var leadFields = []field[ent.Lead]{
	{"externalId", func(l *ent.Lead) string { return orID(l.ExternalID, l) }},
	{"firstName", func(l *ent.Lead) string { return l.FirstName }},
	{"lastName", func(l *ent.Lead) string { return l.LastName }},
	{"email", func(l *ent.Lead) string { return orNone(l.Email) }},
	{"phoneNumbers", func(l *ent.Lead) string { return joinList(l.PhoneNumbers) }},
	{"state", func(l *ent.Lead) string { return string(l.State) }},
	{"status", func(l *ent.Lead) string { return l.Edges.Status.Name }},
	{"source", func(l *ent.Lead) string { return orNone(l.Source) }},
	{"description", func(l *ent.Lead) string { return orNone(l.Description) }},
	{"location", func(l *ent.Lead) string { return orNone(l.Location) }},
	{"position", func(l *ent.Lead) string { return orNone(l.Position) }},
	{"company", func(l *ent.Lead) string { return orNone(l.Company) }},
	{"youtube", func(l *ent.Lead) string { return orNone(socialOf(l).Youtube) }},
	{"facebook", func(l *ent.Lead) string { return orNone(socialOf(l).Facebook) }},
	{"instagram", func(l *ent.Lead) string { return orNone(socialOf(l).Instagram) }},
	{"twitter", func(l *ent.Lead) string { return orNone(socialOf(l).Twitter) }},
	{"businesses", businesses},
	{"createdAt", func(l *ent.Lead) string { return instant(&l.CreatedAt, time.RFC3339Nano) }},
}

// leadStageFields are the columns of leads that are exported from a board.
var leadStageFields = []field[ent.Lead]{
	{"stage", func(l *ent.Lead) string { return l.Edges.Stage.Name }},
	{"stageEnteredAt", func(l *ent.Lead) string { return instant(l.StageEnteredAt, time.RFC3339Nano) }},
}

func header[T any](fields []field[T]) []string {
	names := make([]string, len(fields))
	for i, one := range fields {
		names[i] = one.name
	}
	return names
}

func cellsOf[T any](fields []field[T], row *T) []string {
	cells := make([]string, len(fields))
	for i, one := range fields {
		cells[i] = escapeFormula(one.cell(row))
	}
	return cells
}

// orID is what tells a row from all others: its external id or its own.
func orID(externalID *string, row ent.Node) string {
	if externalID != nil {
		return *externalID
	}
	return row.GlobalID()
}

func orNone(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func amount(d *ent.Deal) string {
	if d.ValueAmount == nil {
		return ""
	}
	return money.Format(*d.ValueAmount, *d.ValueCurrency)
}

func number(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func instant(at *time.Time, layout string) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(layout)
}

// contactOf is the deal's contact; an empty one for none.
func contactOf(d *ent.Deal) *ent.Contact {
	if d.Edges.Contact == nil {
		return &ent.Contact{}
	}
	return d.Edges.Contact
}

// assigneeOf is whom the deal is assigned to; nobody's empty user for none.
func assigneeOf(d *ent.Deal) *ent.User {
	if d.Edges.AssignedTo == nil {
		return &ent.User{}
	}
	return d.Edges.AssignedTo
}

func socialOf(l *ent.Lead) *schema.SocialMedia {
	if l.SocialMedia == nil {
		return &schema.SocialMedia{}
	}
	return l.SocialMedia
}

// businesses are the names of the lead's businesses, whose order means nothing.
func businesses(l *ent.Lead) string {
	names := make([]string, len(l.Edges.Businesses))
	for i, one := range l.Edges.Businesses {
		names[i] = one.Name
	}
	slices.Sort(names)
	return joinList(names)
}

// addStages adds the stages of a board to a mapping. Of those with the same
// name, which a file cannot tell apart, it adds one.
func addStages(mapping []byte, stages []*ent.Stage) []byte {
	var entries []stageMapping
	seen := map[string]bool{}
	for _, one := range stages {
		if seen[one.Name] {
			continue
		}
		seen[one.Name] = true
		entry := stageMapping{Name: one.Name, Description: orNone(one.Description), Probability: one.Probability}
		if one.RottenAfter != nil {
			entry.RottenAfter = *one.RottenAfter
		}
		entries = append(entries, entry)
	}
	return addKey(mapping, "createStages", entries)
}

// addStatuses adds an organization's lead statuses to a mapping.
func addStatuses(mapping []byte, statuses []*ent.LeadStatus) []byte {
	entries := make([]statusMapping, len(statuses))
	for i, one := range statuses {
		entries[i] = statusMapping{one.Name, one.PrimaryColor}
	}
	return addKey(mapping, "createStatuses", entries)
}

// addKey adds a key to a mapping.
func addKey(mapping []byte, key string, value any) []byte {
	added, err := yaml.Marshal(map[string]any{key: value})
	if err != nil {
		panic(fmt.Sprintf("a mapping cannot be written as YAML: %v", err)) // it is texts and numbers
	}
	return fmt.Appendf(bytes.Clone(mapping), "\n# What is made where it is missing.\n%s", added)
}

// dropStages takes out of a mapping what it says of stages.
func dropStages(mapping []byte) []byte {
	var kept strings.Builder
	for line := range strings.Lines(string(mapping)) {
		if !strings.HasPrefix(line, "stage") {
			kept.WriteString(line)
		}
	}
	return []byte(kept.String())
}
