package retention

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Run goes on after a failure, and says no more than there is to say.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var text bytes.Buffer
		runs := 0
		begun := time.Now()
		Run(ctx, slog.New(slog.NewTextHandler(&text, nil)), "papers", func(context.Context) (int, error) {
			switch runs++; runs {
			case 1:
				return 0, errors.New("no database")
			case 2:
				return 7, nil
			case 3:
				return 0, nil
			default:
				stop()
				return 0, ctx.Err()
			}
		})
		log := strings.Split(strings.TrimSpace(text.String()), "\n")
		if runs != 4 || len(log) != 2 || !strings.Contains(log[0], `"deleting old papers failed`) || !strings.Contains(log[1], `msg="deleted old papers" rows=7`) {
			t.Errorf("after %d runs the log is %q", runs, log)
		}
		if took := time.Since(begun); took < 2*every || took > 6*every {
			t.Errorf("four runs took %v", took)
		}
	})
}
