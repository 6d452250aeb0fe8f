package lastuse_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"dealflow/internal/lastuse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

// TestLog runs in a time of its own, so that minutes pass in no time.
func TestLog(t *testing.T) {
	a, b := uuid.New(), uuid.New()
	synctest.Test(t, func(t *testing.T) {
		var writes [][]uuid.UUID
		log := lastuse.New(func(_ context.Context, things []uuid.UUID, _ time.Time) error {
			writes = append(writes, things)
			return nil
		}, time.Now, silent)
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		for range 100 {
			log.Note(a)
		}
		log.Note(b)
		if len(writes) != 0 {
			t.Error("who uses something waits until it is written")
		}
		pass(2 * time.Second)
		if len(writes) != 1 || len(writes[0]) != 2 {
			t.Fatalf("writes %v", writes)
		}
		log.Note(a)
		pass(30 * time.Second)
		if len(writes) != 1 {
			t.Error("two writes of one thing in a minute")
		}
		pass(30 * time.Second)
		log.Note(a)
		pass(2 * time.Second)
		if len(writes) != 2 {
			t.Errorf("writes %v", writes)
		}
		pass(time.Hour)
		log.Note(b)
		log.Close(t.Context())
		if len(writes) != 3 || writes[2][0] != b {
			t.Errorf("what waits is lost: %v", writes)
		}
		log.Note(a)
		log.Close(t.Context())
		if len(writes) != 3 {
			t.Error("a closed log writes")
		}
	})
}

func TestLogTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes, thing := 0, uuid.New()
		log := lastuse.New(func(context.Context, []uuid.UUID, time.Time) error {
			writes++
			return errors.New("no database")
		}, time.Now, silent)
		for range 2 {
			log.Note(thing)
			time.Sleep(2 * time.Second)
			synctest.Wait()
		}
		if writes != 2 {
			t.Errorf("%d writes", writes)
		}
		log.Close(t.Context())
	})
}
