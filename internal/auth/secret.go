package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LocalSecret is the secret kept in the file at path, which it makes, readable
// by its owner alone, if there is none: tokens then outlive a restart. Processes
// that race to make it all get the same secret.
func LocalSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeSecret(path); err != nil {
			return nil, fmt.Errorf("auth: make the key file: %w", err)
		}
		secret, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("auth: read the key file: %w", err)
	}
	if len(secret) != MinSecret {
		return nil, fmt.Errorf("auth: the key file %s holds %d bytes, not %d; remove it to have a new one made, which ends every token made with it",
			path, len(secret), MinSecret)
	}
	return secret, nil
}

// makeSecret puts a new secret at path, unless another process is first. The
// file is written under another name, then linked to its own: a link fails if
// the name is taken, like O_EXCL, but nobody ever reads a file half written.
func makeSecret(path string) (err error) {
	secret := make([]byte, MinSecret)
	rand.Read(secret) // never fails
	// CreateTemp's files are the owner's alone, mode 0600.
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()

	_, err = temp.Write(secret)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err = os.Link(temp.Name(), path); errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
