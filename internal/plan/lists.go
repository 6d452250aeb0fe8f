package plan

import (
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/ent"
	"dealflow/internal/id"
	"dealflow/internal/read"
)

// kinds are the schema's types whose fields are columns.
var kinds = map[string]kind{
	"User":       {read.Users, id.User},
	"Pipeline":   {read.Pipelines, id.Pipeline},
	"Stage":      {read.Stages, id.Stage},
	"Deal":       {read.Deals, id.Deal},
	"Lead":       {read.Leads, id.Lead},
	"LeadStatus": {read.LeadStatuses, id.LeadStatus},
	"Contact":    {read.Contacts, id.Contact},
	"Business":   {read.Businesses, id.Business},
	"Comment":    {read.Comments, id.Comment},
	"Activity":   {read.Activities, id.Activity},
	"StageStay":  {read.StageStays, id.StageStay},
}

// found are the fields of the root that find a row by its id.
var found = map[string]bool{
	"user": true, "pipeline": true, "stage": true, "deal": true, "lead": true,
	"leadStatus": true, "contact": true, "business": true,
}

// listOf makes the list that a field's arguments ask for, as its resolver does.
type listOf func(*arguments) (list, error)

// lists are the fields that are lists, and those that are pages of them.
var lists = map[string]listOf{
	"Query.leadStatuses": always(read.StatusList),
	"Query.pipelines": func(a *arguments) (list, error) {
		return listed(read.PipelineList(filterOf[read.PipelineFilter](a), orderOf[read.PipelineOrder](a), a.flag("includeArchived")))
	},
	"Query.stages": func(a *arguments) (list, error) {
		return listed(read.StageList(filterOf[read.StageFilter](a), orderOf[read.StageOrder](a)))
	},
	"Query.deals": deals(func() *read.Parent[ent.Deal] { return nil }),
	"Query.leads": leads(func() *read.Parent[ent.Lead] { return nil }),
	"Query.contacts": func(a *arguments) (list, error) {
		return listed(read.ContactList(filterOf[read.ContactFilter](a), orderOf[read.ContactOrder](a)))
	},
	"Query.businesses": func(a *arguments) (list, error) {
		return listed(read.BusinessList(filterOf[read.BusinessFilter](a), orderOf[read.BusinessOrder](a)))
	},
	"Query.users": func(a *arguments) (list, error) {
		return listed(read.UserList(filterOf[read.UserFilter](a), orderOf[read.UserOrder](a)))
	},
	"Pipeline.stages":   always(read.StagesOfPipeline),
	"Pipeline.deals":    deals(read.DealsOfPipeline),
	"Pipeline.activity": always(read.ActivityOf),
	"Stage.deals":       deals(read.DealsOfStage),
	"Stage.leads":       leads(read.LeadsOfStage),
	"Contact.deals":     deals(read.DealsOfContact),
	"Deal.comments":     always(read.CommentsOfDeal),
	"Deal.activity":     always(read.ActivityOf),
	"Deal.stageHistory": always(read.StaysOfDeal),
	"Lead.comments":     always(read.CommentsOfLead),
	"Lead.activity":     always(read.ActivityOf),
	"Lead.stageHistory": always(read.StaysOfLead),
}

// always is a list that no argument changes.
func always[T any](make func() read.List[T]) listOf {
	return func(*arguments) (list, error) { return make(), nil }
}

func deals(parent func() *read.Parent[ent.Deal]) listOf {
	return func(a *arguments) (list, error) {
		return listed(read.DealList(parent(), filterOf[read.DealFilter](a), orderOf[read.DealOrder](a), a.text("search")))
	}
}

func leads(parent func() *read.Parent[ent.Lead]) listOf {
	return func(a *arguments) (list, error) {
		return listed(read.LeadList(parent(), filterOf[read.LeadFilter](a), orderOf[read.LeadOrder](a), a.text("search"), a.flag("includeArchived")))
	}
}

func listed[T any](l read.List[T], err error) (list, error) { return l, err }

// arguments are those of a field, as they came; err is the first thing that is wrong.
type arguments struct {
	given  map[string]any
	inputs Inputs
	vary   bool // from one request to the next
	err    error
}

// argument is the Go value of an argument; nil when it is left out, or null.
func argument[T any](a *arguments, name string, into func(any) (T, error)) *T {
	given := a.given[name]
	if given == nil {
		return nil
	}
	value, err := into(given)
	if a.err == nil {
		a.err = err
	}
	return &value
}

func (a *arguments) number(name string) *int  { return argument(a, name, graphql.UnmarshalInt) }
func (a *arguments) text(name string) *string { return argument(a, name, graphql.UnmarshalString) }

func (a *arguments) flag(name string) bool {
	on := argument(a, name, graphql.UnmarshalBoolean)
	return on != nil && *on
}

// window is the page that is asked for.
func (a *arguments) window() (read.Window, error) {
	return read.NewWindow(a.number("first"), a.number("last"), a.text("after"), a.text("before"), a.number("offset"))
}

// same is the form of what has the same values in it each time.
const same = "same"

// form names the text of the statement for these arguments; "" if they have values of
// their own in it, which are others the next time.
func (a *arguments) form() string {
	if !a.vary {
		return same
	}
	for name, given := range a.given {
		switch name {
		case "first", "last", "offset":
		case "includeArchived":
			if a.flag(name) {
				return ""
			}
		default:
			if given != nil {
				return ""
			}
		}
	}
	return fmt.Sprint(a.given["first"], " ", a.given["last"], " ", a.given["offset"], " ")
}

// countForm is form for the number of rows, which hangs on no page and no order.
func (a *arguments) countForm() string {
	if !a.vary {
		return same
	}
	if a.given["filter"] != nil || a.given["search"] != nil {
		return ""
	}
	return fmt.Sprint(a.flag("includeArchived"))
}

func filterOf[F any](a *arguments) *F {
	return argument(a, "filter", func(given any) (filter F, err error) {
		err = a.inputs(given, &filter)
		return filter, err
	})
}

func orderOf[O any](a *arguments) []*O {
	var order []*O
	for _, one := range graphql.CoerceList(a.given["orderBy"]) {
		by := new(O)
		if err := a.inputs(one, by); err != nil && a.err == nil {
			a.err = err
		}
		order = append(order, by)
	}
	return order
}
