package auth_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dealflow/internal/auth"
)

func TestLocalSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealflow.key")
	first, err := auth.LocalSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != auth.MinSecret || bytes.Equal(first, make([]byte, auth.MinSecret)) {
		t.Errorf("secret = %x", first)
	}
	if again, err := auth.LocalSecret(path); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the second time: %x, %v", again, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode: %v, %v", info.Mode(), err)
	}
}

func TestLocalSecretRace(t *testing.T) {
	dir := t.TempDir()
	secrets := make([][]byte, 32)
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			var err error
			if secrets[i], err = auth.LocalSecret(filepath.Join(dir, "key")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, secret := range secrets {
		if !bytes.Equal(secret, secrets[0]) {
			t.Fatal("two processes have two secrets")
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("files left: %v, %v", files, err)
	}
}

func TestLocalSecretErrors(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ path, want string }{
		"not 32 bytes": {short, "holds 3 bytes"},
		"no directory": {filepath.Join(dir, "none", "key"), "make the key file"},
		"a directory":  {dir, "read the key file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := auth.LocalSecret(test.path); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("LocalSecret: %v, want %q", err, test.want)
			}
		})
	}
}
