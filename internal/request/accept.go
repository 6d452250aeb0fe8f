package request

import (
	"iter"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Accepted are the media types that a client takes, in the order in which its
// Accept headers name them, each with its quality: 1 for what it prefers, less for
// what will do, and 0 for what it does not take.
func Accepted(h http.Header) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for part := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
			media, parameters, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			quality := 1.0
			if text := parameters["q"]; text != "" {
				if given, err := strconv.ParseFloat(text, 64); err == nil {
					quality = given
				}
			}
			if !yield(media, quality) {
				return
			}
		}
	}
}
