package sales

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/leadstatus"
	"dealflow/ent/organization"
	"dealflow/ent/user"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// What is here serves the operator's commands and the server itself. It works
// across organizations, and so is never for what a request asks for.

// The answers of EnsureUser to a token that is good and yet of no use.
var (
	ErrNoOrganization = errors.New("the token's org claim names an organization that does not exist")
	ErrBadSubject     = errors.New("the token's sub claim is longer than 255 bytes, or is not text")
)

// maxSubject is how long the subject of a token may be, in bytes.
const maxSubject = 255

// CreateOrganization makes an organization, with the lead statuses to begin with.
func (s *Sales) CreateOrganization(ctx context.Context, name, currency string) (*ent.Organization, error) {
	var k check
	name = k.text("name", name, maxName)
	currency = k.currency("currency", currency)
	if err := k.err(); err != nil {
		return nil, err
	}
	var created *ent.Organization
	err := s.asServer(store.System(ctx), auth.Viewer{OrganizationID: id.New()}, func(ctx context.Context, c *change) (err error) {
		created, err = c.insertOrganization(ctx, name, currency)
		return err
	})
	if store.Violates(err, "organizations_name_key") {
		return nil, refuse(CodeAlreadyExists, "unique", in("name"), "Another organization has the name %q.", name)
	}
	if err != nil {
		return nil, err
	}
	return created, nil
}

// insertOrganization writes an organization, its lead statuses, and their
// activities, which are the server's own doing.
func (c *change) insertOrganization(ctx context.Context, name, currency string) (*ent.Organization, error) {
	created, err := c.db.Organization.Create().
		SetID(c.organization).
		SetName(name).
		SetCurrency(currency).
		SetCreatedAt(c.at).
		SetUpdatedAt(c.at).
		Save(ctx)
	if err != nil {
		return nil, err
	}
	var d diff
	d.note("name", nil, name)
	d.note("currency", nil, currency)
	c.record(activity.ActionCREATED, activity.EntityTypeORGANIZATION, created.ID, d)
	return created, c.seedStatuses(ctx)
}

// seedStatuses gives a new organization the lead statuses to begin with.
func (c *change) seedStatuses(ctx context.Context) error {
	_, err := c.insertStatuses(ctx, []*ent.LeadStatus{
		{Name: "New", PrimaryColor: leadstatus.PrimaryColorBLUE, Position: 0},
		{Name: "Contacted", PrimaryColor: leadstatus.PrimaryColorTEAL, Position: 1},
		{Name: "Qualified", PrimaryColor: leadstatus.PrimaryColorGREEN, Position: 2},
		{Name: "Unqualified", PrimaryColor: leadstatus.PrimaryColorGRAY, Position: 3},
	})
	return err
}

// EnsureUser is the user of a token's subject, made on first sight, with the
// name and the email of the token, where it has them. When nothing is new it
// costs one SELECT. A token of no use is ErrNoOrganization or ErrBadSubject.
func (s *Sales) EnsureUser(ctx context.Context, viewer auth.Viewer) (*ent.User, error) {
	if len(viewer.Subject) > maxSubject || clean(viewer.Subject) != viewer.Subject {
		return nil, ErrBadSubject
	}
	ctx = auth.WithViewer(ctx, viewer)
	name, email := printable(viewer.Name, maxName), printable(viewer.Email, maxEmail)
	for range attempts {
		found, err := s.store.Client.User.Query().Where(user.Subject(viewer.Subject)).Only(ctx)
		switch {
		case err == nil:
			return s.refreshUser(ctx, viewer, found, name, email)
		case !ent.IsNotFound(err):
			return nil, err
		}
		created, err := s.createUser(ctx, viewer, cmp.Or(name, printable(viewer.Subject, maxName)), email)
		if !ent.IsConstraintError(err) {
			return created, err
		}
		// Another request made the user a moment ago: go and find them.
	}
	return nil, errAgain
}

// createUser writes a user of an organization that exists.
func (s *Sales) createUser(ctx context.Context, viewer auth.Viewer, name, email string) (*ent.User, error) {
	exists, err := s.store.Client.Organization.Query().Where(organization.ID(viewer.OrganizationID)).Exist(ctx)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, ErrNoOrganization
	}
	var created *ent.User
	err = s.asServer(ctx, viewer, func(ctx context.Context, c *change) (err error) {
		create := c.db.User.Create().
			SetOrganizationID(viewer.OrganizationID).
			SetSubject(viewer.Subject).
			SetName(name).
			SetCreatedAt(c.at).
			SetUpdatedAt(c.at)
		if email != "" {
			create.SetEmail(email)
		}
		created, err = create.Save(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

// asServer runs a change that is not the viewer's own doing, once.
func (s *Sales) asServer(ctx context.Context, viewer auth.Viewer, fn func(context.Context, *change) error) error {
	viewer.UserID = uuid.Nil
	return s.store.Tx(auth.WithViewer(ctx, viewer), func(ctx context.Context, db *ent.Client) error {
		c := s.begin(db, viewer)
		if err := fn(ctx, c); err != nil {
			return err
		}
		return s.finish(ctx, c)
	})
}

// refreshUser gives a user the name and the email that their token has. What it
// does not say stays: a person's next token, of another program, may say less.
func (s *Sales) refreshUser(ctx context.Context, viewer auth.Viewer, found *ent.User, name, email string) (*ent.User, error) {
	name, email = cmp.Or(name, found.Name), cmp.Or(email, deref(found.Email))
	if name == found.Name && email == deref(found.Email) {
		return found, nil
	}
	var saved *ent.User
	err := s.asServer(ctx, viewer, func(ctx context.Context, c *change) (err error) {
		update := c.db.User.UpdateOneID(found.ID).SetName(name).SetUpdatedAt(c.at)
		if email != "" {
			update.SetEmail(email)
		}
		saved, err = update.Save(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

// printable is a claim of a token as the database can keep it, cut to a length.
// Tokens are others' to write.
func printable(claim string, most int) string {
	claim = strings.TrimSpace(clean(claim))
	if runes := []rune(claim); len(runes) > most {
		claim = string(runes[:most])
	}
	return claim
}

// clean is a text without what Postgres does not take for text.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
