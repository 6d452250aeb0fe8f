package document

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"dealflow/ent"
	"dealflow/ent/apikey"
	"dealflow/ent/document"
	"dealflow/internal/auth"
	"dealflow/internal/store"
)

// Outcome is what publishing did with a document.
type Outcome string

// The outcomes.
const (
	New       Outcome = "new"
	Unchanged Outcome = "unchanged"
	// Current is that of a version which was there already, and which is what its
	// name means from now on: it was retired, or a newer one had come.
	Current Outcome = "current again"
)

// Holders are the keys of a client that are good, and so will run what is
// published for it.
func Holders(ctx context.Context, s *store.Store, client string, at time.Time) ([]Holder, error) {
	keys, err := s.Client.APIKey.Query().
		Where(apikey.Client(client), apikey.RevokedAtIsNil(), apikey.Or(apikey.ExpiresAtIsNil(), apikey.ExpiresAtGT(at))).
		Order(apikey.ByID()).
		All(ctx)
	if err != nil {
		return nil, err
	}
	holders := make([]Holder, len(keys))
	for i, key := range keys {
		holders[i].Name = fmt.Sprintf("the key %s (%s)", key.GlobalID(), key.Name)
		if key.Budget != nil {
			holders[i].Budget = *key.Budget
		}
		for _, name := range key.Permissions {
			holders[i].Permissions |= auth.PermissionsOf(auth.Permission(name))
		}
	}
	return holders, nil
}

// Publish makes documents that were checked a client's, in the organization of the
// context's viewer: all of them, or none. It may be repeated. The version of a
// name that was published last is what the name means. A document whose id has
// another text already is a Problem: an id is for ever.
func Publish(ctx context.Context, s *store.Store, client string, list []Checked, at time.Time) ([]Outcome, error) {
	if !auth.IsClient(client) {
		return nil, wrong("%q is no name of a client: up to 64 letters, digits, dots, hyphens and underscores, of which the first is a letter or a digit", client)
	}
	at = at.UTC().Truncate(time.Microsecond)
	var outcomes []Outcome
	publish := func(ctx context.Context, db *ent.Client) (err error) {
		outcomes, err = publishAll(ctx, db, client, list, at)
		return err
	}
	err := s.Tx(ctx, publish)
	if ent.IsConstraintError(err) { // another one has published the same in this moment
		err = s.Tx(ctx, publish)
	}
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

func publishAll(ctx context.Context, db *ent.Client, client string, list []Checked, at time.Time) ([]Outcome, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return nil, store.ErrNoViewer
	}
	there, err := publishedOf(ctx, db, client)
	if err != nil {
		return nil, err
	}
	var problems Problems
	var added []*ent.DocumentCreate
	outcomes := make([]Outcome, len(list))
	for i, one := range list {
		old, known := there.byKey[one.Key]
		switch {
		case !known:
			outcomes[i] = New
			hash := sha256.Sum256([]byte(one.Body))
			added = append(added, db.Document.Create().
				SetOrganizationID(viewer.OrganizationID).SetClient(client).SetKey(one.Key).
				SetName(one.Name).SetKind(one.Kind).SetBody(one.Body).SetHash(hash[:]).SetPublishedAt(at))
		case old.Body != one.Body:
			problems.add(Entry{Key: one.Key, Name: one.Name}.label(), "another text was published under its id on %s, and an id is for ever: "+
				"have your build make ids of the texts, as by a hash", old.PublishedAt.UTC().Format(time.DateOnly))
		case old.RetiredAt != nil || there.newest[one.Name] != old:
			outcomes[i] = Current
			err := db.Document.UpdateOne(old).SetPublishedAt(at).ClearRetiredAt().Exec(ctx)
			if err != nil {
				return nil, err
			}
		default:
			outcomes[i] = Unchanged
		}
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	return outcomes, insert(ctx, db, added)
}

// insert writes documents: few in a statement, for they may be long.
func insert(ctx context.Context, db *ent.Client, list []*ent.DocumentCreate) error {
	const chunk = 100
	for len(list) > 0 {
		n := min(chunk, len(list))
		if err := db.Document.CreateBulk(list[:n]...).Exec(ctx); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// published is what a client has already.
type published struct {
	byKey  map[string]*ent.Document
	newest map[string]*ent.Document // of each name, and not retired
}

func publishedOf(ctx context.Context, db *ent.Client, client string) (published, error) {
	p := published{map[string]*ent.Document{}, map[string]*ent.Document{}}
	list, err := db.Document.Query().Where(document.Client(client)).Order(oldestFirst()...).Modify(store.Lock).All(ctx)
	for _, one := range list {
		p.byKey[one.Key] = one
		if one.RetiredAt == nil {
			p.newest[one.Name] = one
		}
	}
	return p, err
}

func oldestFirst() []document.OrderOption {
	return []document.OrderOption{document.ByPublishedAt(), document.ByID()}
}

func newestFirst() []document.OrderOption {
	return []document.OrderOption{document.ByPublishedAt(sql.OrderDesc()), document.ByID(sql.OrderDesc())}
}

// List is what was published for a client, or for all when it is "", with what was
// retired: by client and name, the newest of a name first.
func List(ctx context.Context, s *store.Store, client string) ([]*ent.Document, error) {
	query := s.Client.Document.Query().Order(append([]document.OrderOption{document.ByClient(), document.ByName()}, newestFirst()...)...)
	if client != "" {
		query.Where(document.Client(client))
	}
	return query.All(ctx)
}

// Retire takes a document out of use by its id, or else all that have a name. It
// returns those that were in use.
func Retire(ctx context.Context, s *store.Store, client, keyOrName string, at time.Time) (retired []*ent.Document, err error) {
	err = s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
		if retired, err = named(ctx, db, client, keyOrName); err != nil {
			return err
		}
		for _, one := range retired {
			if err := db.Document.UpdateOne(one).SetRetiredAt(at.UTC().Truncate(time.Microsecond)).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return retired, err
}

// named are the documents in use that are meant by an id, or else by a name.
func named(ctx context.Context, db *ent.Client, client, keyOrName string) ([]*ent.Document, error) {
	there, err := publishedOf(ctx, db, client)
	if err != nil {
		return nil, err
	}
	one, isKey := there.byKey[keyOrName]
	var list []*ent.Document
	known := isKey
	for _, other := range there.byKey {
		known = known || other.Name == keyOrName
		if other.RetiredAt == nil && (other == one || !isKey && other.Name == keyOrName) {
			list = append(list, other)
		}
	}
	if !known {
		return nil, wrong("the client %s has no document with the id, or the name, %q: see those it has with `dealflow documents list`", shorten(client), shorten(keyOrName))
	}
	return list, nil
}
