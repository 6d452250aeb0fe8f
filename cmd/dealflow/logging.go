package main

import (
	"io"
	"log/slog"

	"dealflow/internal/server"
)

// logFlags say what is logged, and how. The log goes to standard error.
type logFlags struct {
	LogFormat string     `group:"Log:" enum:"text,json" default:"text" help:"The log's form: text or json. Default: ${default}"`
	LogLevel  slog.Level `group:"Log:" default:"info" help:"What is logged: debug, info, warn or error, and what is worse. Default: info"`
}

// logger writes the log.
func (f logFlags) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.LogLevel}
	var handler slog.Handler = slog.NewTextHandler(w, options)
	if f.LogFormat == "json" {
		handler = slog.NewJSONHandler(w, options)
	}
	return slog.New(server.LogHandler(handler))
}
