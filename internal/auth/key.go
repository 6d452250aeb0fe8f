package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"hash/crc32"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"dealflow/internal/id"
)

// KeyPrefix begins the text of every API key. Scanners for leaked secrets know
// one by it, and by the whole of
//
//	dfk_[0-7][0-9a-hjkmnp-tv-z]{25}_[0-9a-hjkmnp-tv-z]{40}
const KeyPrefix = "dfk_"

const (
	secretBytes   = 21 // 168 bits, which nobody guesses
	checksumBytes = 4
)

// secretText writes a secret in the alphabet of ids. 25 bytes are 40 characters
// with no bits over, so that a secret has one spelling.
var secretText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Key is an API key: the id of its row, and the secret of which the row has only
// a hash. Its text is
//
//	dfk_01jd5v0000e8mrx3k9q2w7n4tc_6v4g…
//
// with a CRC-32 after the secret: a key that was not copied whole is refused as
// such, and a scanner can tell a key from what looks like one.
type Key struct {
	ID     uuid.UUID
	secret [secretBytes]byte
}

// NewKey makes a key with a new secret for the row with an id.
func NewKey(row uuid.UUID) Key {
	k := Key{ID: row}
	rand.Read(k.secret[:]) // never fails
	return k
}

// IsKey tells whether a bearer token is to be read as an API key. No JWT begins so.
func IsKey(token string) bool { return strings.HasPrefix(token, KeyPrefix) }

// ParseKey reads the text of a key. Its error is an *Error.
func ParseKey(text string) (Key, error) {
	row, secret, _ := strings.Cut(strings.TrimPrefix(text, KeyPrefix), "_")
	// A decoder that skips line breaks would give a key several spellings.
	if !IsKey(text) || strings.ContainsAny(text, "\r\n") {
		return Key{}, refuse(badKey, nil)
	}
	key, err := id.APIKey.Decode(string(id.APIKey) + "_" + row)
	if err != nil {
		return Key{}, refuse(badKey, nil)
	}
	k := Key{ID: key}
	bytes, err := secretText.DecodeString(secret)
	if err != nil || copy(k.secret[:], bytes) != secretBytes || k.String() != text {
		return Key{}, refuse(badKey, nil)
	}
	return k, nil
}

const badKey = "the API key is not whole; copy it again, dfk_ and 67 characters more"

// String is the key's text, which is shown to its maker and then forgotten.
func (k Key) String() string {
	row := strings.TrimPrefix(id.APIKey.Encode(k.ID), string(id.APIKey)+"_")
	return KeyPrefix + row + "_" + secretText.EncodeToString(append(k.secret[:], k.checksum()...))
}

// checksum is the CRC-32 of the id and the secret.
func (k Key) checksum() []byte {
	var sum [checksumBytes]byte
	crc := crc32.NewIEEE()
	_, _ = crc.Write(k.ID[:]) // a hash takes all it is given
	_, _ = crc.Write(k.secret[:])
	return crc.Sum(sum[:0])
}

// Hash is what is stored of the secret. It needs no salt and no slowness: there
// are no 168 random bits that a table would have, or a guess would hit.
func (k Key) Hash() [sha256.Size]byte { return sha256.Sum256(k.secret[:]) }

// clientName is what a client may be called: it stands in addresses.
var clientName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// IsClient tells whether a text can be the name of a client, of which keys and
// documents are.
func IsClient(name string) bool { return clientName.MatchString(name) }
