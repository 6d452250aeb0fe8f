package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/internal/sales"
)

// DealMapping says what the columns of a file of deals mean. docs/import.md
// describes each key.
type DealMapping struct {
	format `yaml:",inline"`

	ExternalID         text           `yaml:"externalId"`
	Title              text           `yaml:"title"`
	Stage              lookup         `yaml:"stage"`
	CreateStages       []stageMapping `yaml:"createStages"`
	Status             lookup         `yaml:"status"`
	Value              moneyMapping   `yaml:"value"`
	Probability        text           `yaml:"probability"`
	Contact            contactMapping `yaml:"contact"`
	Assignee           text           `yaml:"assignee"`
	AssigneeSubject    text           `yaml:"assigneeSubject"`
	Source             text           `yaml:"source"`
	Tags               texts          `yaml:"tags"`
	ExpectedCloseDate  text           `yaml:"expectedCloseDate"`
	LostReason         text           `yaml:"lostReason"`
	CreatedAt          text           `yaml:"createdAt"`
	StageEnteredAt     text           `yaml:"stageEnteredAt"`
	LastStatusChangeAt text           `yaml:"lastStatusChangeAt"`
	AllowDuplicates    bool           `yaml:"allowDuplicates"`
}

// LeadMapping says what the columns of a file of leads mean. docs/import.md
// describes each key.
type LeadMapping struct {
	format `yaml:",inline"`

	ExternalID     text            `yaml:"externalId"`
	FirstName      text            `yaml:"firstName"`
	LastName       text            `yaml:"lastName"`
	Email          text            `yaml:"email"`
	PhoneNumbers   texts           `yaml:"phoneNumbers"`
	State          lookup          `yaml:"state"`
	Status         lookup          `yaml:"status"`
	CreateStatuses []statusMapping `yaml:"createStatuses"`
	Source         text            `yaml:"source"`
	Description    text            `yaml:"description"`
	Location       text            `yaml:"location"`
	Position       text            `yaml:"position"`
	Company        text            `yaml:"company"`
	SocialMedia    socialMapping   `yaml:"socialMedia"`
	Businesses     texts           `yaml:"businesses"`
	Stage          lookup          `yaml:"stage"`
	CreateStages   []stageMapping  `yaml:"createStages"`
	CreatedAt      text            `yaml:"createdAt"`
	StageEnteredAt text            `yaml:"stageEnteredAt"`
}

// format says how a file is written.
type format struct {
	Delimiter delimiter `yaml:"delimiter"`
	// Dates are the forms of dates, besides ISO's, which are always read.
	Dates     layouts `yaml:"dates"`
	Decimal   string  `yaml:"decimal"`
	Thousands string  `yaml:"thousands"`
	// EscapedFormulas tells that cells begin with a ' that does not belong to
	// them, as they do where Export wrote them.
	EscapedFormulas bool `yaml:"escapedFormulas"`
}

type moneyMapping struct {
	Amount   text `yaml:"amount"`
	Currency text `yaml:"currency"`
}

type contactMapping struct {
	Name    text  `yaml:"name"`
	Company text  `yaml:"company"`
	Email   text  `yaml:"email"`
	Phone   text  `yaml:"phone"`
	Tags    texts `yaml:"tags"`
}

type socialMapping struct {
	Youtube   text `yaml:"youtube"`
	Facebook  text `yaml:"facebook"`
	Instagram text `yaml:"instagram"`
	Twitter   text `yaml:"twitter"`
}

type stageMapping struct {
	Name        string  `yaml:"name"`
	Description string  `yaml:"description,omitempty"`
	Probability float64 `yaml:"probability"`
	RottenAfter int     `yaml:"rottenAfter,omitempty"`
}

type statusMapping struct {
	Name  string                  `yaml:"name"`
	Color leadstatus.PrimaryColor `yaml:"color"`
}

// ReadDealMapping reads and checks a mapping of deals.
func ReadDealMapping(r io.Reader) (*DealMapping, error) {
	m := &DealMapping{}
	if err := decode(r, m); err != nil {
		return nil, err
	}
	return m, errors.Join(
		m.checkFormat(),
		need("externalId", m.ExternalID.given(), "the text that tells a row from all others, such as externalId: \"{id}\", by which the import can be run again"),
		need("title", m.Title.given(), "the deal's title, such as title: \"{product} for {account}\""),
		need("stage", m.Stage.given(), "the stage that a row goes to, such as stage: \"{stage}\""),
		among("status", m.Status, deal.StatusOPEN, deal.StatusWON, deal.StatusLOST, deal.StatusABANDONED),
		checkStages(m.CreateStages),
	)
}

// ReadLeadMapping reads and checks a mapping of leads.
func ReadLeadMapping(r io.Reader) (*LeadMapping, error) {
	m := &LeadMapping{}
	if err := decode(r, m); err != nil {
		return nil, err
	}
	return m, errors.Join(
		m.checkFormat(),
		need("externalId", m.ExternalID.given(), "the text that tells a row from all others, such as externalId: \"{id}\" or \"{email}\", by which the import can be run again"),
		need("firstName", m.FirstName.given(), "the lead's first name, such as firstName: \"{first_name}\""),
		among("state", m.State, lead.StateACTIVE, lead.StateINACTIVE),
		checkStages(m.CreateStages),
		checkStatuses(m.CreateStatuses),
	)
}

// fits tells which columns a mapping speaks of that a file does not have.
func (m *DealMapping) fits(columns columns) error {
	return columns.missing(slices.Concat(
		m.ExternalID.columns(), m.Title.columns(), m.Stage.From.columns(), m.Status.From.columns(),
		m.Value.Amount.columns(), m.Value.Currency.columns(), m.Probability.columns(),
		m.Contact.Name.columns(), m.Contact.Company.columns(), m.Contact.Email.columns(),
		m.Contact.Phone.columns(), m.Contact.Tags.columns(),
		m.Assignee.columns(), m.AssigneeSubject.columns(), m.Source.columns(), m.Tags.columns(),
		m.ExpectedCloseDate.columns(), m.LostReason.columns(),
		m.CreatedAt.columns(), m.StageEnteredAt.columns(), m.LastStatusChangeAt.columns(),
	))
}

// fits tells which columns a mapping speaks of that a file does not have.
func (m *LeadMapping) fits(columns columns) error {
	return columns.missing(slices.Concat(
		m.ExternalID.columns(), m.FirstName.columns(), m.LastName.columns(), m.Email.columns(),
		m.PhoneNumbers.columns(), m.State.From.columns(), m.Status.From.columns(), m.Source.columns(),
		m.Description.columns(), m.Location.columns(), m.Position.columns(), m.Company.columns(),
		m.SocialMedia.Youtube.columns(), m.SocialMedia.Facebook.columns(),
		m.SocialMedia.Instagram.columns(), m.SocialMedia.Twitter.columns(),
		m.Businesses.columns(), m.Stage.From.columns(), m.CreatedAt.columns(), m.StageEnteredAt.columns(),
	))
}

// missing tells which of some columns there are not.
func (c columns) missing(wanted []column) error {
	var errs []error
	for _, one := range wanted {
		if _, ok := c[one.name]; !ok {
			errs = append(errs, fmt.Errorf("line %d of the mapping: the file has no column %q; it has %s", one.line, one.name, c))
		}
	}
	return errors.Join(errs...)
}

// decode reads YAML, of which nothing may be left over.
func decode(r io.Reader, into any) error {
	source, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); errors.Is(err, io.EOF) {
		return errors.New("the mapping is empty")
	} else if err != nil {
		return fmt.Errorf("the mapping: %w", plain(err))
	}
	return nil
}

var (
	unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)
	wrongType  = regexp.MustCompile(` into (\[\])?importer\.\w+`)
)

// plain is an error of the YAML library without what it says of Go.
func plain(err error) error {
	var several *yaml.TypeError
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if errors.As(err, &several) {
		text = strings.Join(several.Errors, "; ")
	}
	text = unknownKey.ReplaceAllString(text, `there is no key "$1"`)
	return errors.New(wrongType.ReplaceAllString(text, " here"))
}

func need(key string, given bool, what string) error {
	if given {
		return nil
	}
	return fmt.Errorf("the mapping lacks %s: %s", key, what)
}

// among checks that a lookup finds nothing but what there is.
func among[T ~string](key string, l lookup, allowed ...T) error {
	known := enum(allowed...)
	if unknown := l.unknown(known); unknown != "" {
		return fmt.Errorf("line %d of the mapping: %q is no %s: there are %s", l.line, unknown, key, known)
	}
	return nil
}

func checkStages(stages []stageMapping) error {
	names := map[string]bool{}
	for _, one := range stages {
		switch {
		case one.Name == "":
			return errors.New("the mapping's createStages has an entry without a name")
		case names[one.Name]:
			return fmt.Errorf("the mapping's createStages has %q twice", one.Name)
		case one.Probability < 0 || one.Probability > 1:
			return fmt.Errorf("the mapping's createStages gives %q the probability %v: it goes from 0 to 1", one.Name, one.Probability)
		}
		names[one.Name] = true
	}
	return nil
}

func checkStatuses(statuses []statusMapping) error {
	names := map[string]bool{}
	for _, one := range statuses {
		switch {
		case one.Name == "":
			return errors.New("the mapping's createStatuses has an entry without a name")
		case names[strings.ToLower(one.Name)]:
			return fmt.Errorf("the mapping's createStatuses has %q twice", one.Name)
		case leadstatus.PrimaryColorValidator(one.Color) != nil:
			return fmt.Errorf("the mapping's createStatuses gives %q the color %q: there are %s", one.Name, one.Color, colors())
		}
		names[strings.ToLower(one.Name)] = true
	}
	return nil
}

func colors() string {
	var names []string
	for _, one := range sales.Colors() {
		names = append(names, string(one.PrimaryColor))
	}
	return strings.Join(names, ", ")
}

func stageInputs(stages []stageMapping) []*sales.PipelineStageInput {
	inputs := make([]*sales.PipelineStageInput, len(stages))
	for i, one := range stages {
		inputs[i] = &sales.PipelineStageInput{Name: one.Name, Description: optional(one.Description), Probability: one.Probability}
		if one.RottenAfter != 0 {
			inputs[i].RottenAfter = &stages[i].RottenAfter
		}
	}
	return inputs
}

func statusInputs(statuses []statusMapping) []sales.CreateLeadStatusInput {
	inputs := make([]sales.CreateLeadStatusInput, len(statuses))
	for i, one := range statuses {
		inputs[i] = sales.CreateLeadStatusInput{Name: one.Name, PrimaryColor: one.Color}
	}
	return inputs
}

// optional is a text, nil when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
