package request_test

import (
	"strings"
	"testing"

	"dealflow/internal/request"
)

// BenchmarkFromJSON reads requests of the usual kinds.
func BenchmarkFromJSON(b *testing.B) {
	const query = `query Board($id: ID!, $first: Int!) { pipeline(id: $id) { name stages { nodes { id name deals(first: $first) { nodes { id title rank } } } } } }`
	deal := `{"title":"Übernahme \"A\"","stageId":"stage_01jd5v0000e8mrx3k9q2w7n4tc","value":{"amount":"1200.50","currency":"EUR"},"probability":0.75,"tags":["a","b"],"contact":{"firstName":"Ada","email":"ada@example.com"}}`
	for name, body := range map[string]string{
		"query":    `{"operationName":"Board","query":"` + query + `","variables":{"id":"pipeline_01jd5v0000e8mrx3k9q2w7n4tc","first":20}}`,
		"document": `{"documentId":"sha256:7b5f3c0a4f","variables":{"input":` + deal + `}}`,
		"bulk":     `{"documentId":"sha256:7b5f3c0a4f","variables":{"input":[` + strings.Repeat(deal+",", 99) + deal + `]}}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := request.FromJSON([]byte(body), 10_000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
