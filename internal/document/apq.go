package document

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Limits bound the texts that first-party clients have sent, and may leave out
// from then on. The zero value of each stands for its default.
type Limits struct {
	Texts int // 10,000
	Bytes int // 16 MB
}

func (l Limits) withDefaults() Limits {
	if l.Texts <= 0 {
		l.Texts = 10_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 16 << 20
	}
	return l
}

// texts are the documents that first-party clients have sent, by their SHA-256, as
// Apollo's automatic persisted queries have it. They are in this process's memory
// alone: where one is missing, because another server heard it or there was no
// room, a client sends it again, which is one request more.
type texts struct{ known *cache[sent, string] }

// sent is a text's name: each organization has its own, so that nobody learns
// what others send.
type sent struct {
	organization uuid.UUID
	hash         string
}

func newTexts(l Limits) texts {
	l = l.withDefaults()
	return texts{newCache[sent, string](l.Texts, l.Bytes)}
}

func (t texts) get(organization uuid.UUID, hash string) (string, bool) {
	return t.known.get(sent{organization, strings.ToLower(hash)}, time.Time{})
}

func (t texts) put(organization uuid.UUID, hash, text string) {
	const beside = 200 // what goes with a text, about
	t.known.put(sent{organization, strings.ToLower(hash)}, text, beside+len(text), time.Time{})
}

// hashOf is a text's SHA-256, as clients write it.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// isHashOf tells whether a client's hash is a text's.
func isHashOf(hash, text string) bool { return strings.EqualFold(hash, hashOf(text)) }
