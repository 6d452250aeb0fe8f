package document

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cache remembers texts, up to a number of them and of their bytes: what was
// asked for last stays longest. It is safe for concurrent use.
type cache[K comparable, V any] struct {
	mostBytes int

	mu    sync.Mutex
	lru   *simplelru.LRU[K, cached[V]]
	bytes int
}

type cached[V any] struct {
	value V
	size  int
	until time.Time // zero for as long as there is room
}

func newCache[K comparable, V any](most, mostBytes int) *cache[K, V] {
	c := &cache[K, V]{mostBytes: mostBytes}
	lru, err := simplelru.NewLRU(most, func(_ K, gone cached[V]) { c.bytes -= gone.size })
	if err != nil {
		panic(err) // only a size below one is refused
	}
	c.lru = lru
	return c
}

// get is what was put there, if it still holds.
func (c *cache[K, V]) get(key K, now time.Time) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.lru.Get(key)
	if !ok || !found.until.IsZero() && !now.Before(found.until) {
		return value, false
	}
	return found.value, true
}

// put remembers a value of a size until a time; what is too large by itself is not
// remembered.
func (c *cache[K, V]) put(key K, value V, size int, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	if size > c.mostBytes {
		return
	}
	for c.bytes+size > c.mostBytes {
		c.lru.RemoveOldest()
	}
	c.lru.Add(key, cached[V]{value, size, until})
	c.bytes += size
}
