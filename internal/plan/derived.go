package plan

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent/activity"
	"dealflow/ent/comment"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/schema"
	"dealflow/ent/stage"
	"dealflow/ent/stagestay"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/read"
)

// Functions say what is derived from the columns of rows. The resolvers use the same.
type Functions struct {
	IsRotten       func(status deal.Status, entered time.Time, rottenAfter *int) bool
	Stayed         func(entered time.Time, left *time.Time) (seconds float64)
	PhotoURL       func(organization uuid.UUID, name string) string
	SecondaryColor func(leadstatus.PrimaryColor) string
	EntityKind     func(activity.EntityType) id.Kind
}

// stageOf is the level of the stages that deals are in.
func (c *compiler) stageOf(rows *level) *level {
	k := kinds["Stage"]
	if rows.joins() {
		return c.joined(k, rows, deal.FieldStageID)
	}
	if rows.stages == nil {
		rows.stages = c.level(k, rows, deal.FieldStageID, "id", func(*run) (asked, error) { return whole(read.WithIDs), nil })
	}
	return rows.stages
}

func isRotten(c *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	status, entered := rows.keep(deal.FieldStatus, encodePlain), rows.keep(deal.FieldStageEnteredAt, encodeMicros)
	stages := c.stageOf(rows)
	after := stages.keep(stage.FieldRottenAfter, encodePlain)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		var days *int
		for _, found := range r.rows[stages.index].of(row).rows {
			if text, ok := r.rows[stages.index].cell(found, after); ok {
				number, err := strconv.Atoi(string(text))
				if err != nil {
					return b, err
				}
				days = &number
			}
		}
		text, _ := r.rows[rows.index].cell(row, status)
		since, err := r.instant(rows, row, entered)
		if err != nil || since == nil {
			return b, errAgain
		}
		return strconv.AppendBool(b, r.planner.functions.IsRotten(deal.Status(text), *since, days)), nil
	}, nil
}

func effectiveProbability(c *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	own := rows.keep(deal.FieldProbability, encodeFloat)
	stages := c.stageOf(rows)
	usual := stages.keep(stage.FieldProbability, encodeFloat)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		if text, ok := r.rows[rows.index].cell(row, own); ok {
			return append(b, text...), nil
		}
		for _, found := range r.rows[stages.index].of(row).rows {
			if text, ok := r.rows[stages.index].cell(found, usual); ok {
				return append(b, text...), nil
			}
		}
		return b, errAgain
	}, nil
}

func durationSeconds(_ *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	entered, left := rows.keep(stagestay.FieldEnteredAt, encodeMicros), rows.keep(stagestay.FieldLeftAt, encodeMicros)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		from, err := r.instant(rows, row, entered)
		if err != nil || from == nil {
			return b, errAgain
		}
		until, err := r.instant(rows, row, left)
		if err != nil {
			return b, err
		}
		return appendFloat(b, r.planner.functions.Stayed(*from, until))
	}, nil
}

// instant is the time in a cell of encodeMicros; nil for null.
func (r *run) instant(rows *level, row int32, index int) (*time.Time, error) {
	text, ok := r.rows[rows.index].cell(row, index)
	if !ok {
		return nil, nil //nolint:nilnil // there is none
	}
	micros, err := strconv.ParseInt(string(text), 10, 64)
	at := time.UnixMicro(micros).UTC()
	return &at, err
}

func photoURL(_ *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	name := rows.keep(lead.FieldPhoto, encodePlain)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		text, ok := r.rows[rows.index].cell(row, name)
		if !ok {
			return append(b, "null"...), nil
		}
		viewer, _ := auth.ViewerFrom(r.ctx) // whose organization the lead's is
		return quote(b, r.planner.functions.PhotoURL(viewer.OrganizationID, string(text))), nil
	}, nil
}

func socialMedia(c *compiler, selected graphql.CollectedField, rows *level) (writer, error) {
	kept := rows.keep(lead.FieldSocialMedia, encodePlain)
	fields, err := members(c, "SocialMedia", selected, func(inner graphql.CollectedField) (func([]byte, *schema.SocialMedia) []byte, error) {
		of, known := map[string]func(*schema.SocialMedia) *string{
			"youtube":   func(s *schema.SocialMedia) *string { return s.Youtube },
			"facebook":  func(s *schema.SocialMedia) *string { return s.Facebook },
			"instagram": func(s *schema.SocialMedia) *string { return s.Instagram },
			"twitter":   func(s *schema.SocialMedia) *string { return s.Twitter },
		}[inner.Name]
		if !known {
			return nil, unplanned("SocialMedia.%s", inner.Name)
		}
		return func(b []byte, s *schema.SocialMedia) []byte {
			if text := of(s); text != nil {
				return quote(b, *text)
			}
			return append(b, "null"...)
		}, nil
	})
	return func(r *run, b []byte, row int32) ([]byte, error) {
		text, ok := r.rows[rows.index].cell(row, kept)
		var all *schema.SocialMedia
		if ok {
			if err := json.Unmarshal(text, &all); err != nil {
				return b, err
			}
		}
		if all == nil {
			return append(b, "null"...), nil
		}
		return writeMembers(b, fields, all), nil
	}, err
}

func secondaryColor(_ *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	primary := rows.keep(leadstatus.FieldPrimaryColor, encodePlain)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		text, ok := r.rows[rows.index].cell(row, primary)
		if !ok {
			return b, errAgain
		}
		return quote(b, r.planner.functions.SecondaryColor(leadstatus.PrimaryColor(text))), nil
	}, nil
}

func subjectID(_ *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	ofDeal, ofLead := rows.keep(comment.FieldDealID, encodeID(id.Deal)), rows.keep(comment.FieldLeadID, encodeID(id.Lead))
	return func(r *run, b []byte, row int32) ([]byte, error) {
		for _, index := range []int{ofDeal, ofLead} {
			if text, ok := r.rows[rows.index].cell(row, index); ok {
				return append(b, text...), nil
			}
		}
		return b, errAgain
	}, nil
}

func entityID(_ *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	entity, key := rows.keep(activity.FieldEntityType, encodePlain), rows.keep(activity.FieldEntityID, encodeKey)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		text, ok := r.rows[rows.index].cell(row, entity)
		if !ok {
			return b, errAgain
		}
		kind := r.planner.functions.EntityKind(activity.EntityType(text))
		return append(kind.Append(append(b, '"'), r.key(rows, row, key)), '"'), nil
	}, nil
}

func changes(c *compiler, selected graphql.CollectedField, rows *level) (writer, error) {
	kept := rows.keep(activity.FieldChanges, encodePlain)
	fields, err := members(c, "FieldChange", selected, func(inner graphql.CollectedField) (func([]byte, schema.Change) []byte, error) {
		switch inner.Name {
		case "field":
			return func(b []byte, one schema.Change) []byte { return quote(b, one.Field) }, nil
		case "from":
			return func(b []byte, one schema.Change) []byte { return appendRaw(b, one.From) }, nil
		case "to":
			return func(b []byte, one schema.Change) []byte { return appendRaw(b, one.To) }, nil
		}
		return nil, unplanned("FieldChange.%s", inner.Name)
	})
	return func(r *run, b []byte, row int32) ([]byte, error) {
		text, _ := r.rows[rows.index].cell(row, kept)
		var all []schema.Change
		if err := json.Unmarshal(text, &all); err != nil {
			return b, err
		}
		b = append(b, '[')
		for i, one := range all {
			if i > 0 {
				b = append(b, ',')
			}
			b = writeMembers(b, fields, one)
		}
		return append(b, ']'), nil
	}, err
}

// appendRaw writes JSON as it is; null for none.
func appendRaw(b []byte, value json.RawMessage) []byte {
	if len(value) == 0 {
		return append(b, "null"...)
	}
	return append(b, value...)
}

// businesses plans what a lead belongs to.
func businesses(c *compiler, selected graphql.CollectedField, rows *level) (writer, error) {
	l := c.level(kinds["Business"], rows, "id", read.BusinessOwner, func(*run) (asked, error) { return whole(read.BusinessesOf), nil })
	o, err := c.object(c.schema.Types["Business"], selected.Selections, l)
	return o.writeAll(l), err
}

// counted is how many rows of another table each row has.
type counted struct {
	index int // among the plan's values
	rows  *level
	on    int
	count read.Count
	forms forms
}

// leadCount plans the number of leads with a status.
func leadCount(c *compiler, _ graphql.CollectedField, rows *level) (writer, error) {
	s := &counted{index: c.plan.values, rows: rows, on: rows.keep("id", encodeKey), count: read.LeadsOfStatus().Count()}
	c.plan.values++
	c.plan.steps = append(c.plan.steps, s)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		counts := r.values[s.index].(map[uuid.UUID]int)
		return strconv.AppendInt(b, int64(counts[r.key(rows, row, s.on)]), 10), nil
	}, nil
}

// ask implements step.
func (*counted) ask(*run) error { return nil }

// read implements step.
func (s *counted) read(r *run) (err error) {
	if keys := r.keys(s.rows, s.on); len(keys) > 0 {
		r.values[s.index], err = s.forms.count(r, same, s.count, keys)
	}
	return err
}
