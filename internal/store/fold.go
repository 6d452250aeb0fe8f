package store

import (
	sqldriver "database/sql/driver"
	"strings"

	"modernc.org/sqlite"
)

// SQLite's own lower knows ASCII alone. fold gives filters the lower case of
// every alphabet, as Postgres' lower does.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("fold", 1, fold)
}

func fold(_ *sqlite.FunctionContext, args []sqldriver.Value) (sqldriver.Value, error) {
	if text, ok := args[0].(string); ok {
		return strings.ToLower(text), nil
	}
	return args[0], nil
}
