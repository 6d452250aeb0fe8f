package sales

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/user"
	"dealflow/internal/id"
)

// ImportedUser names a user: by the subject of their tokens, or else by the
// name that another system knows them by.
type ImportedUser struct {
	Name    string
	Subject string
}

// importSubject begins the subject of a user whom an import made from a name.
// No token has such a subject, so nobody can sign in as that user.
const importSubject = "import:"

// subject is the subject of the user's row, when there is none yet.
func (u ImportedUser) subject() string { return cmp.Or(u.Subject, importSubject+u.Name) }

// importedUser reads who a user is; nil for nobody.
func (c *check) importedUser(field string, sent *ImportedUser) *ImportedUser {
	if sent == nil {
		return nil
	}
	read := ImportedUser{
		Name:    deref(c.optional(field, &sent.Name, maxName)),
		Subject: deref(c.optional(field, &sent.Subject, maxSubject)),
	}
	if read == (ImportedUser{}) {
		return nil
	}
	if len(read.subject()) > maxSubject {
		c.add(CodeInvalid, "max", in(field), "The %s field is too long.", field)
	}
	return &read
}

// importUsers finds the users that are wanted, and makes those that are missing.
func (c *change) importUsers(ctx context.Context, wanted []ImportedUser) (map[ImportedUser]uuid.UUID, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	known, err := c.usersNamed(ctx, wanted)
	if err != nil {
		return nil, err
	}
	found := make(map[ImportedUser]uuid.UUID, len(wanted))
	var missing []*ent.UserCreate
	for _, one := range wanted {
		if _, done := found[one]; done {
			continue
		}
		key, ok := known.key(one)
		if !ok {
			key = id.New()
			known.bySubject[one.subject()] = key
			missing = append(missing, c.createUser(key, one))
		}
		found[one] = key
	}
	return found, c.db.User.CreateBulk(missing...).Exec(ctx)
}

// createUser is the INSERT of a user whom an import speaks of.
func (c *change) createUser(key uuid.UUID, one ImportedUser) *ent.UserCreate {
	return c.db.User.Create().
		SetID(key).
		SetOrganizationID(c.organization).
		SetSubject(one.subject()).
		SetName(printable(cmp.Or(one.Name, one.Subject), maxName)).
		SetCreatedAt(c.at).
		SetUpdatedAt(c.at)
}

// usersByName are users, by what an import may call them.
type usersByName struct{ bySubject, byName map[string]uuid.UUID }

// usersNamed looks for users.
func (c *change) usersNamed(ctx context.Context, wanted []ImportedUser) (usersByName, error) {
	var subjects, names []string
	for _, one := range wanted {
		subjects = append(subjects, one.subject())
		if one.Subject == "" {
			subjects, names = append(subjects, one.Name), append(names, one.Name)
		}
	}
	// Two queries, each with an index, where one for both would read all users.
	bySubject, err := c.db.User.Query().Where(user.SubjectIn(subjects...)).All(ctx)
	if err != nil {
		return usersByName{}, err
	}
	byName, err := c.db.User.Query().Where(user.NameIn(names...)).Order(user.ByCreatedAt(), user.ByID()).All(ctx)
	if err != nil {
		return usersByName{}, err
	}
	known := usersByName{map[string]uuid.UUID{}, map[string]uuid.UUID{}}
	for _, one := range bySubject {
		known.bySubject[one.Subject] = one.ID
	}
	for _, one := range slices.Backward(byName) {
		known.byName[one.Name] = one.ID // the oldest comes last, and stays
	}
	return known, nil
}

// key is the id of a user. A name is taken for a subject first, which only one
// user has; of several with the name, the oldest is meant.
func (u usersByName) key(one ImportedUser) (uuid.UUID, bool) {
	if key, ok := u.bySubject[cmp.Or(one.Subject, one.Name)]; ok || one.Subject != "" {
		return key, ok
	}
	if key, ok := u.bySubject[one.subject()]; ok {
		return key, true
	}
	key, ok := u.byName[one.Name]
	return key, ok
}
