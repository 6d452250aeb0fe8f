// Package queries has the documents that are measured, as an application would
// send them: w1.graphql to w5.graphql.
package queries

import (
	"embed"
	"fmt"
)

//go:embed *.graphql
var files embed.FS

// Document is the text of a work, such as w1.
func Document(work string) (string, error) {
	text, err := files.ReadFile(work + ".graphql")
	if err != nil {
		return "", fmt.Errorf("there is no work %q: w1 to w5 are those there are", work)
	}
	return string(text), nil
}
