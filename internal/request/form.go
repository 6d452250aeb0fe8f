package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/strict"
)

// maxFiles bounds the files of a form, and the places that they go to.
const maxFiles = 20

// FromForm reads a multipart request by its specification: a part operations, like a
// JSON body of so many values at most, a part map, which says where in the variables
// each file goes, and the files in the map's order or any other.
// https://github.com/jaydenseric/graphql-multipart-request-spec
func FromForm(contentType string, body []byte, values int) (*graphql.RawParams, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, badForm("the Content-Type cannot be read")
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	text, ok := field(form, "operations")
	if !ok {
		return nil, badForm(`its first part must be operations, a JSON object: {"query": "…", "variables": {"file": null}}`)
	}
	operation, err := FromJSON(text, values)
	if err != nil {
		return nil, badForm("its part operations: %w", err)
	}
	text, _ = field(form, "map")
	places, err := placesOf(text, values)
	if err != nil {
		return nil, badForm(`its second part must be map, a JSON object of lists of paths (%w): {"0": ["variables.file"]}`, err)
	}
	if err := checkPlaces(operation.Variables, places); err != nil {
		return nil, err
	}
	return operation, readFiles(form, operation, places)
}

// placesOf reads a form's map: the places of each file.
func placesOf(text []byte, values int) (map[string][]string, error) {
	members, err := strict.Object(text, values)
	if err != nil {
		return nil, err
	}
	var places map[string][]string
	if json.Unmarshal(text, &places) != nil {
		return nil, fmt.Errorf("one of its %d members is another thing", len(members))
	}
	return places, nil
}

// checkPlaces refuses a map with a path to where no file can go. Each place gets
// one file.
func checkPlaces(variables map[string]any, places map[string][]string) error {
	taken := map[string]bool{}
	for _, paths := range places {
		if len(paths) == 0 {
			return badForm("its map does not name a place for each file")
		}
		for _, path := range paths {
			if len(taken) == maxFiles {
				return badForm("its map has more than %d paths", maxFiles)
			}
			if taken[path] || !hasPlace(variables, path) {
				return badForm("its map names a path, such as variables.file, that is no null in operations, or names one twice")
			}
			taken[path] = true
		}
	}
	return nil
}

// readFiles puts the files that follow in their places.
func readFiles(form *multipart.Reader, operation *graphql.RawParams, places map[string][]string) error {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && len(places) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return badForm("a file that its map names is missing")
		case err != nil:
			return badForm("it ends early")
		}
		name := part.FormName()
		paths, wanted := places[name]
		if !wanted {
			return badForm("it has a part that its map does not name, or names once")
		}
		delete(places, name)
		content, err := io.ReadAll(part)
		if err != nil {
			return badForm("it ends early")
		}
		for _, path := range paths {
			upload := graphql.Upload{
				File: bytes.NewReader(content), Filename: part.FileName(), Size: int64(len(content)),
				ContentType: part.Header.Get("Content-Type"),
			}
			if err := operation.AddUpload(upload, name, path); err != nil {
				return badForm("a file has no place")
			}
		}
	}
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

func badForm(format string, arguments ...any) *Error {
	return Wrong("the multipart request is not one for GraphQL: "+format, arguments...)
}
