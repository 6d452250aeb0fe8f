package lastuse_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
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
		written := make(chan []uuid.UUID, 10)
		log := lastuse.New(func(_ context.Context, things []uuid.UUID, _ time.Time) error {
			written <- things
			return nil
		}, time.Now, silent)
		expect := func(what string, want int) []uuid.UUID {
			t.Helper()
			select {
			case things := <-written:
				if len(things) != want {
					t.Errorf("%s: %d things are written, not %d", what, len(things), want)
				}
				return things
			default:
				if want > 0 {
					t.Errorf("%s: nothing is written", what)
				}
				return nil
			}
		}
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		for range 100 {
			log.Note(a)
		}
		log.Note(b)
		expect("at once, for which somebody would wait", 0)
		pass(2 * time.Second)
		expect("a moment later", 2)
		log.Note(a)
		pass(30 * time.Second)
		expect("the same within a minute", 0)
		pass(30 * time.Second)
		log.Note(a)
		pass(2 * time.Second)
		expect("after a minute", 1)
		pass(time.Hour)
		log.Note(b)
		log.Close(t.Context())
		if last := expect("when it is closed", 1); len(last) == 1 && last[0] != b {
			t.Errorf("closing writes %v", last)
		}
		log.Note(a)
		log.Close(t.Context())
		expect("when it was closed", 0)
	})
}

func TestLogTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes, thing := atomic.Int32{}, uuid.New()
		log := lastuse.New(func(context.Context, []uuid.UUID, time.Time) error {
			writes.Add(1)
			return errors.New("no database")
		}, time.Now, silent)
		for range 2 {
			log.Note(thing)
			time.Sleep(2 * time.Second)
			synctest.Wait()
		}
		if n := writes.Load(); n != 2 {
			t.Errorf("%d writes", n)
		}
		log.Close(t.Context())
	})
}
