package cost

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/auth"
)

// clock is a time that goes on when it is told to.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func viewer(budget int) auth.Viewer {
	return auth.Viewer{OrganizationID: uuid.New(), UserID: uuid.New(), Budget: budget}
}

func TestBucket(t *testing.T) {
	c := &clock{}
	b := NewBuckets(Limits{Max: 100, Budget: 10, Burst: 200}, c.now)
	ada, grace := b.accountOf(viewer(0)), b.accountOf(viewer(0))
	take := func(a account, points, left int64, wait time.Duration) {
		t.Helper()
		if gotLeft, gotWait := b.take(a, points); gotLeft != left || gotWait != wait {
			t.Errorf("%d points: %d left, wait %s; want %d left, wait %s", points, gotLeft, gotWait, left, wait)
		}
	}
	take(ada, 150, 50, 0)
	take(ada, 60, 50, time.Second)
	take(grace, 60, 140, 0) // it is her own
	c.advance(500 * time.Millisecond)
	take(ada, 60, 55, 500*time.Millisecond)
	c.advance(500 * time.Millisecond)
	take(ada, 60, 0, 0)
	c.advance(-time.Hour) // a clock that is set back restores nothing, and takes nothing
	take(ada, 1, 0, 100*time.Millisecond)
	c.advance(2 * time.Hour)
	take(ada, 0, 200, 0) // and no more than that
	if left := b.giveBack(ada, 50); left != 200 {
		t.Errorf("%d left of 200", left)
	}
	if left := b.giveBack(ada, -250); left != -50 {
		t.Errorf("%d left, want -50: what was read beyond is owed", left)
	}
	take(ada, 10, -50, 6*time.Second)
}

func TestBucketOfAKey(t *testing.T) {
	c := &clock{}
	b := NewBuckets(Limits{Max: 100, Budget: 10, Burst: 200}, c.now)
	key := viewer(2)
	key.KeyID = uuid.New()
	if a := b.accountOf(key); a.rate != 2 || a.size != 40 {
		t.Errorf("rate %v, size %v; want 2, and 20 seconds of it", a.rate, a.size)
	}
	b.take(b.accountOf(key), 40)
	c.advance(3 * time.Second)
	if left, _ := b.take(b.accountOf(key), 0); left != 6 {
		t.Errorf("%d left after 3 seconds, want 6", left)
	}
	other := key // of the same user, or of none
	other.KeyID = uuid.New()
	if left, _ := b.take(b.accountOf(other), 0); left != 40 {
		t.Errorf("another key has %d left, want 40 of its own", left)
	}
	key.Budget = 1 // as of now
	c.advance(time.Hour)
	if left, _ := b.take(b.accountOf(key), 0); left != 20 {
		t.Errorf("%d left, want 20", left)
	}
}

// TestBucketsAreBounded shows what forgetting somebody means.
func TestBucketsAreBounded(t *testing.T) {
	c := &clock{}
	b := NewBuckets(Limits{Max: 100, Budget: 10, Burst: 200}, c.now)
	first := b.accountOf(viewer(0))
	b.take(first, 200)
	for range bucketsKept {
		b.take(b.accountOf(viewer(0)), 1)
	}
	if got := b.known.Len(); got != bucketsKept {
		t.Errorf("%d buckets, want %d", got, bucketsKept)
	}
	if left, _ := b.take(first, 0); left != 200 {
		t.Errorf("%d left, want a full bucket", left)
	}
}

func TestBucketAtOnce(t *testing.T) {
	c := &clock{}
	b := NewBuckets(Limits{Max: 100, Budget: 10, Burst: 200}, c.now)
	a := b.accountOf(viewer(0))
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 10 {
				if _, wait := b.take(a, 3); wait == 0 {
					taken.Add(3)
				}
			}
		})
	}
	all.Wait()
	if taken.Load() != 198 {
		t.Errorf("%d points were taken of 200, three at a time", taken.Load())
	}
}

func TestLimits(t *testing.T) {
	if _, err := (Limits{Max: 10, Burst: 9}).WithDefaults(); err == nil {
		t.Error("an operation may cost more than anybody can save up")
	}
	if l, err := (Limits{}).WithDefaults(); err != nil || l.Max == 0 || l.Budget == 0 || l.Burst < l.Max {
		t.Errorf("%+v, %v", l, err)
	}
}
