package cost

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"dealflow/internal/auth"
)

// Limits say how much may be read. The zero value of each stands for its default.
type Limits struct {
	Max    int // points of one operation: 500,000
	Budget int // points a second, of each user and key: 10,000
	Burst  int // points that may be saved up: 1,000,000
}

// WithDefaults is l with every field set, if they go together.
func (l Limits) WithDefaults() (Limits, error) {
	for field, usual := range map[*int]int{&l.Max: 500_000, &l.Budget: 10_000, &l.Burst: 1_000_000} {
		if *field <= 0 {
			*field = usual
		}
	}
	if l.Burst < l.Max {
		return l, fmt.Errorf("an operation may cost %d points, and no more than %d can be saved up for it: raise --cost-burst, or lower --max-cost", l.Max, l.Burst)
	}
	return l, nil
}

// Most is what one operation may cost of somebody with a budget, or, with 0, of
// everyone who has none of their own. The limits have all of their fields.
func (l Limits) Most(budget int) int64 {
	size, _ := l.savings(budget)
	return min(int64(l.Max), int64(size))
}

// savings are how many points may be saved up with a budget, and come back each
// second. Whoever has one of their own can save up for as many seconds as everyone
// else.
func (l Limits) savings(budget int) (size, rate float64) {
	if budget <= 0 {
		return float64(l.Burst), float64(l.Budget)
	}
	return float64(l.Burst) / float64(l.Budget) * float64(budget), float64(budget)
}

// bucketsKept bounds the buckets that are remembered: about 10 MB. Who is forgotten
// begins with a full one again.
const bucketsKept = 100_000

// Buckets hold the points that everyone has left. They are safe for concurrent use.
type Buckets struct {
	limits Limits
	now    func() time.Time

	mu    sync.Mutex
	known *simplelru.LRU[owner, *bucket]
}

// NewBuckets makes buckets that are all full. The limits have all of their fields.
func NewBuckets(limits Limits, now func() time.Time) *Buckets {
	known, err := simplelru.NewLRU[owner, *bucket](bucketsKept, nil)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &Buckets{limits: limits, now: now, known: known}
}

// owner is whose bucket it is: a user's, or a key's.
type owner struct{ organization, user, key uuid.UUID }

// bucket is how many points somebody had at a time.
type bucket struct {
	points float64
	at     time.Time
}

// account is the bucket of a viewer, and how it fills.
type account struct {
	owner
	rate float64 // points a second
	size float64
}

// accountOf is the account of a viewer.
func (b *Buckets) accountOf(v auth.Viewer) account {
	size, rate := b.limits.savings(v.Budget)
	return account{owner{v.OrganizationID, v.UserID, v.KeyID}, rate, size}
}

// take takes points, if there are so many. It returns how many are left, and, if they
// are too few, when there will be enough.
func (b *Buckets) take(a account, points int64) (left int64, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.filled(a)
	if short := float64(points) - found.points; short > 0 {
		return int64(math.Floor(found.points)), time.Duration(math.Ceil(short / a.rate * float64(time.Second)))
	}
	found.points -= float64(points)
	return int64(math.Floor(found.points)), 0
}

// giveBack puts points back that were taken and not used; or, if there are fewer
// than none, takes those that were used beyond: somebody may come to owe some. It
// returns how many there are.
func (b *Buckets) giveBack(a account, points int64) (left int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.filled(a)
	found.points = min(found.points+float64(points), a.size)
	return int64(math.Floor(found.points))
}

// filled is somebody's bucket as it is now; b is locked.
func (b *Buckets) filled(a account) *bucket {
	now := b.now()
	found, ok := b.known.Get(a.owner)
	if !ok {
		found = &bucket{a.size, now}
		b.known.Add(a.owner, found)
	}
	if since := now.Sub(found.at); since > 0 {
		found.points, found.at = found.points+since.Seconds()*a.rate, now
	}
	found.points = min(found.points, a.size) // its budget may be another one by now
	return found
}
