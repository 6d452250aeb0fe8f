package server

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime/debug"

	"dealflow"
)

// build is what the program was built from.
type build struct {
	version, revision, goVersion string
	schema                       string // a hash of the API's
}

func readBuild() build {
	sum := sha256.Sum256([]byte(dealflow.Schema()))
	b := build{"unknown", "unknown", "unknown", hex.EncodeToString(sum[:8])}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.version, b.goVersion = info.Main.Version, info.GoVersion
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			b.revision = setting.Value
		}
	}
	return b
}
