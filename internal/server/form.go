package server

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// checkForm refuses a multipart request whose first parts, operations and map,
// are not the GraphQL multipart specification's. Gqlgen would panic over a map
// with a path to a place that operations does not have. The parts that follow
// are the files, which gqlgen matches with the map.
func checkForm(contentType string, body []byte) *refusal {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return badForm("the Content-Type cannot be read")
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var operations *graphql.RawParams
	if text, ok := field(form, "operations"); !ok || decode(text, &operations) != nil || operations == nil {
		return badForm(`its first part must be operations, a JSON object: {"query": "…", "variables": {"file": null}}`)
	}
	var paths map[string][]string
	if text, ok := field(form, "map"); !ok || decode(text, &paths) != nil {
		return badForm(`its second part must be map, a JSON object of lists of paths: {"0": ["variables.file"]}`)
	}
	for _, list := range paths {
		for _, path := range list {
			if !hasPlace(operations.Variables, path) {
				return badForm(fmt.Sprintf("its map names %q, which has to be a null in operations", path[:min(len(path), 64)]))
			}
		}
	}
	return nil
}

// field is the form's next part, if it has that name.
func field(form *multipart.Reader, name string) ([]byte, bool) {
	part, err := form.NextPart()
	if err != nil || part.FormName() != name {
		return nil, false
	}
	text, err := io.ReadAll(part)
	return text, err == nil
}

// hasPlace tells whether a path of a map, such as variables.files.0, leads to a
// null, where a file shall go. A name that is a number is none: gqlgen takes it
// for a place in a list.
func hasPlace(variables map[string]any, path string) bool {
	steps := strings.Split(path, ".")
	if steps[0] != "variables" || len(steps) == 1 {
		return false
	}
	var at any = variables
	for _, step := range steps[1:] {
		index, err := strconv.Atoi(step)
		switch place := at.(type) {
		case []any:
			if err != nil || index < 0 || index >= len(place) {
				return false
			}
			at = place[index]
		case map[string]any:
			value, ok := place[step]
			if err == nil || !ok {
				return false
			}
			at = value
		default:
			return false
		}
	}
	return at == nil
}

func badForm(why string) *refusal {
	return &refusal{http.StatusBadRequest, codeBadRequest, "the multipart request is not one for GraphQL: " + why}
}
