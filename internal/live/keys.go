package live

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// A key can be revoked at any time, on any server, while connections that it was
// to open stay open. So the hub asks again and again, once for all keys that have
// a connection here, whatever their number.

// holder is a connection that an API key has opened.
type holder interface {
	// revoked ends it, without waiting: its key is good no more.
	revoked()
}

// hold notes that a key has opened a connection, until release is called.
func (h *Hub) hold(key uuid.UUID, by holder) (release func()) {
	if key == uuid.Nil || h.config.Revoked == nil {
		return func() {}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return func() {}
	}
	if !h.rechecks {
		h.rechecks = true
		h.tasks.Go(h.recheck)
	}
	if h.holders[key] == nil {
		h.holders[key] = map[holder]struct{}{}
	}
	h.holders[key][by] = struct{}{}
	return func() { h.letGo(key, by) }
}

func (h *Hub) letGo(key uuid.UUID, by holder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.holders[key], by)
	if len(h.holders[key]) == 0 {
		delete(h.holders, key)
	}
}

// recheck ends what revoked keys have opened, until no key has anything open.
func (h *Hub) recheck() {
	tick := time.NewTicker(h.config.Recheck)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		keys, more := h.held()
		if !more {
			return
		}
		for _, one := range h.revokedOf(keys) {
			one.revoked() // not with the hub locked, which it leaves
		}
	}
}

// held are the keys that have a connection here. When there is none, the next one
// begins another recheck.
func (h *Hub) held() (keys []uuid.UUID, more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	keys = slices.Collect(maps.Keys(h.holders))
	h.rechecks = len(keys) > 0
	return keys, h.rechecks
}

// revokedOf are the connections of those keys that were revoked. While the
// database does not say, they stay: it has nothing to tell them either.
func (h *Hub) revokedOf(keys []uuid.UUID) []holder {
	ctx, cancel := context.WithTimeout(h.ctx, h.config.WriteTimeout)
	defer cancel()
	gone, err := h.config.Revoked(ctx, keys)
	if err != nil && h.ctx.Err() == nil {
		h.config.Log.Warn("could not tell whether API keys are still good", "error", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []holder
	for _, key := range gone {
		list = slices.AppendSeq(list, maps.Keys(h.holders[key]))
	}
	return list
}
