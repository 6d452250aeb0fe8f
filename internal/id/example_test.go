package id_test

import (
	"fmt"

	"github.com/google/uuid"

	"dealflow/internal/id"
)

func ExampleKind_Encode() {
	u := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	fmt.Println(id.Lead.Encode(u))
	// Output: lead_01h455vb4pex5vsknk084sn02q
}

func ExampleKind_Decode() {
	_, err := id.Lead.Decode("stage_01h455vb4pex5vsknk084sn02q")
	fmt.Println(err)
	_, err = id.Lead.Decode("42")
	fmt.Println(err)
	// Output:
	// "stage_01h455vb4pex5vsknk084sn02q" is a stage id; a lead id (lead_…) belongs here
	// "42" is not an id; a lead id looks like lead_01j…
}

func ExampleParse() {
	kind, u, err := id.Parse("status_01h455vb4pex5vsknk084sn02q")
	fmt.Println(kind.Noun(), u, err)
	// Output: lead status 01890a5d-ac96-774b-bcce-b302099a8057 <nil>
}
