package photo_test

import (
	"testing"

	"dealflow/internal/photo"
)

func TestExists(t *testing.T) {
	s, _ := mustOpen(t)
	name := mustSave(t, s, ours, mustPNG(t))
	t.Run("its own", func(t *testing.T) {
		if found, err := s.Exists(t.Context(), ours, name); err != nil || !found {
			t.Errorf("Exists = %v, %v", found, err)
		}
	})
	t.Run("another organization's", func(t *testing.T) {
		if found, err := s.Exists(t.Context(), theirs, name); err != nil || found {
			t.Errorf("Exists = %v, %v", found, err)
		}
	})
	t.Run("a path", func(t *testing.T) {
		if found, err := s.Exists(t.Context(), theirs, "../"+ours.String()+"/"+name); err != nil || found {
			t.Errorf("Exists = %v, %v", found, err)
		}
	})
	t.Run("the bucket fails", func(t *testing.T) {
		closed, err := photo.Open(t.Context(), "mem://")
		if err != nil {
			t.Fatal(err)
		}
		closed.Close()
		if _, err := closed.Exists(t.Context(), ours, name); err == nil {
			t.Error("no error")
		}
	})
}
