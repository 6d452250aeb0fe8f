package photo

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Path is where the handler expects photos: Path and a name.
const Path = "/photos/"

// linkTime is how long a link's URL stays the same. It is good for that long at
// least, and twice that at most.
const linkTime = time.Hour

// Links makes the URLs of photos. A browser sends no bearer token with an <img>,
// so a link carries a signature that stands in for one, for a while. The zero
// Links signs nothing and accepts nothing: its URLs need a bearer token.
type Links struct {
	key []byte
	now func() time.Time
}

// NewLinks signs links with a secret of at least 32 bytes, which every replica
// must share. It may be the one that signs tokens: the key is derived from it, and
// tells nothing of it.
func NewLinks(secret []byte, now func() time.Time) (Links, error) {
	if len(secret) < 32 {
		return Links{}, errors.New("photo: the secret that signs links needs at least 32 bytes")
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "dealflow photo links", sha256.Size)
	if err != nil {
		return Links{}, fmt.Errorf("photo: derive the links' key: %w", err)
	}
	return Links{key: derived, now: now}, nil
}

// URL is the path and query of a photo of the organization's. It changes once an
// hour, not with every call, so that browsers find the photo in their cache.
func (l Links) URL(organizationID uuid.UUID, name string) string {
	path := Path + url.PathEscape(name)
	if l.key == nil {
		return path
	}
	organization := organizationID.String()
	expires := strconv.FormatInt(l.now().Truncate(linkTime).Add(2*linkTime).Unix(), 10)
	return path + "?" + url.Values{
		"org":       {organization},
		"expires":   {expires},
		"signature": {base64.RawURLEncoding.EncodeToString(l.sign(organization, name, expires))},
	}.Encode()
}

// organization is whose photo of that name the query's signature opens; false
// without a good one.
func (l Links) organization(name string, query url.Values) (uuid.UUID, bool) {
	if l.key == nil {
		return uuid.Nil, false
	}
	organization, expires := query.Get("org"), query.Get("expires")
	signature, err := base64.RawURLEncoding.Strict().DecodeString(query.Get("signature"))
	if err != nil || !hmac.Equal(signature, l.sign(organization, name, expires)) {
		return uuid.Nil, false
	}
	// What is signed is what URL made: these parse.
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !l.now().Before(time.Unix(seconds, 0)) {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(organization)
	return id, err == nil
}

// sign authenticates the parts of a link. None that URL signs has a line break, so
// a signature fits these three parts only.
func (l Links) sign(organization, name, expires string) []byte {
	mac := hmac.New(sha256.New, l.key)
	fmt.Fprintf(mac, "%s\n%s\n%s", organization, name, expires)
	return mac.Sum(nil)
}
