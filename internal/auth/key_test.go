package auth_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// scanned is what a scanner for secrets looks for, as key.go says it.
var scanned = regexp.MustCompile(`^dfk_[0-7][0-9a-hjkmnp-tv-z]{25}_[0-9a-hjkmnp-tv-z]{40}$`)

func mustParse(tb testing.TB, text string) auth.Key {
	tb.Helper()
	key, err := auth.ParseKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func TestKeyText(t *testing.T) {
	row := id.New()
	key := auth.NewKey(row)
	text := key.String()
	if !scanned.MatchString(text) || !auth.IsKey(text) {
		t.Errorf("text %q", text)
	}
	if read := mustParse(t, text); read != key || read.ID != row || read.Hash() != key.Hash() {
		t.Errorf("read %v", read)
	}
	if other := auth.NewKey(row); other.Hash() == key.Hash() {
		t.Error("two keys have one secret")
	}
	changed := []byte(text)
	for i := range changed {
		was := changed[i]
		changed[i] = '0' + (was-'0'+1)%10 // another character
		if _, err := auth.ParseKey(string(changed)); err == nil {
			t.Errorf("%s is taken for %s", changed, text)
		}
		changed[i] = was
	}
	for _, bad := range []string{"", "dfk_", text[:len(text)-1], text + "0", text + "\n", strings.ToUpper(text),
		strings.Replace(text, "dfk_", "", 1), text[:10] + "\n" + text[10:], strings.Replace(text, "_", "__", 2)} {
		if _, err := auth.ParseKey(bad); err == nil {
			t.Errorf("%q is taken for a key", bad)
		} else {
			message(t, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(auth.NewKey(id.New()).String())
	f.Add("dfk_00000000000000000000000000_0000000000000000000000000000000000000000")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := auth.ParseKey(text)
		if err == nil && key.String() != text {
			t.Errorf("%q is another spelling of %q", text, key)
		}
	})
}

// ring is the rows of keys, and who asked for them.
type ring struct {
	rows  map[uuid.UUID]*ent.APIKey
	finds int
	used  []uuid.UUID
	now   time.Time
	fails error
	keys  *auth.Keys
}

func newRing() *ring {
	r := &ring{rows: map[uuid.UUID]*ent.APIKey{}, now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}
	r.keys = auth.NewKeys(func(_ context.Context, key uuid.UUID) (*ent.APIKey, error) {
		r.finds++
		if row, ok := r.rows[key]; ok {
			return row, r.fails
		}
		return nil, auth.ErrNoKey
	}, func(key uuid.UUID) { r.used = append(r.used, key) }, func() time.Time { return r.now })
	return r
}

// add makes a key.
func (r *ring) add(change func(*ent.APIKey)) auth.Key {
	key := auth.NewKey(id.New())
	hash := key.Hash()
	row := &ent.APIKey{ID: key.ID, OrganizationID: uuid.New(), Name: "ERP", Client: "acme", Hash: hash[:], Permissions: []string{"EDIT_LEADS"}}
	change(row)
	r.rows[key.ID] = row
	return key
}

func TestKeysVerify(t *testing.T) {
	r := newRing()
	later, before, budget := r.now.Add(time.Hour), r.now, 7
	good := r.add(func(k *ent.APIKey) { k.ExpiresAt, k.Budget = &later, &budget })
	row := r.rows[good.ID]
	viewer, err := r.keys.Verify(t.Context(), good.String())
	want := auth.Viewer{
		OrganizationID: row.OrganizationID, Subject: "key|" + id.APIKey.Encode(good.ID), Name: "ERP", Role: auth.RolePartner,
		Permissions: auth.PermissionsOf(auth.EditLeads), KeyID: good.ID, Client: "acme", Budget: 7, ExpiresAt: later,
	}
	if err != nil || viewer != want {
		t.Fatalf("Verify = %+v, %v", viewer, err)
	}
	impostor := auth.NewKey(good.ID)
	tests := map[string]struct {
		key  auth.Key
		want string
	}{
		"another secret":        {impostor, "not one of this server's"},
		"no such key":           {auth.NewKey(id.New()), "not one of this server's"},
		"revoked":               {r.add(func(k *ent.APIKey) { k.RevokedAt = &before }), "was revoked"},
		"expired":               {r.add(func(k *ent.APIKey) { k.ExpiresAt = &before }), "has expired"},
		"revoked, wrong secret": {auth.NewKey(r.add(func(k *ent.APIKey) { k.RevokedAt = &before }).ID), "not one of this server's"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				r.finds = 0
				_, err := r.keys.Verify(t.Context(), test.key.String())
				if err == nil {
					t.Fatal("let in")
				}
				if got := message(t, err); !strings.Contains(got, test.want) {
					t.Errorf("message %q", got)
				}
				if r.finds != 1 { // also while the good key with its id is remembered
					t.Errorf("%d look-ups: the time that it takes tells what is wrong", r.finds)
				}
			}
		})
	}
	if len(r.used) != 1 || r.used[0] != good.ID {
		t.Errorf("used: %v", r.used)
	}
	r.fails = errors.New("no database")
	_, err = r.keys.Verify(t.Context(), impostor.String())
	if refused := new(auth.Error); err == nil || errors.As(err, &refused) {
		t.Errorf("a database that is away is the client's fault: %v", err)
	}
}

// TestKeysRemember shows for how long a key that was good needs no look-up: half a
// second, so that a revoked one is refused within a second, wherever it was used.
func TestKeysRemember(t *testing.T) {
	r := newRing()
	end := r.now.Add(2 * time.Second)
	key := r.add(func(k *ent.APIKey) { k.ExpiresAt = &end })
	verify := func() error {
		_, err := r.keys.Verify(t.Context(), key.String())
		return err
	}
	steps := []struct {
		after time.Duration
		do    func()
		finds int
		want  string
	}{
		{0, func() {}, 1, ""},
		{499 * time.Millisecond, func() { r.rows[key.ID].RevokedAt = &r.now }, 1, ""},
		{time.Millisecond, func() {}, 2, "was revoked"},
		{0, func() { r.rows[key.ID].RevokedAt = nil }, 3, ""},
		{time.Second, func() {}, 4, ""},
		{500 * time.Millisecond, func() {}, 5, "has expired"},
	}
	for i, step := range steps {
		r.now = r.now.Add(step.after)
		step.do()
		checkRefusal(t, verify(), step.want)
		if r.finds != step.finds {
			t.Errorf("step %d: %d look-ups, not %d", i, r.finds, step.finds)
		}
	}
}

func TestIsClient(t *testing.T) {
	for name, want := range map[string]bool{
		"acme": true, "acme-erp_2.0": true, "A": true, "7": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "-a": false, ".": false, "a b": false, "a/b": false, "ä": false, "a\n": false,
	} {
		if auth.IsClient(name) != want {
			t.Errorf("IsClient(%q) is %t", name, !want)
		}
	}
}
