package event_test

import (
	"errors"
	"testing"

	entevent "dealflow/ent/event"
	"dealflow/internal/apitest"
	"dealflow/internal/event"
)

// TestSetBack sets the database back to a backup under a server that runs: who
// watches is told that what they have seen is not what there is.
func TestSetBack(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		db := api.Store.Client
		make := func(name string) {
			ada.Must(t, `mutation ($name: String!) { createPipeline(input: {name: $name, stages: []}) { userErrors { message } } }`,
				apitest.Vars{"name": name})
		}
		make("one")
		reader, err := api.Events.Read(ada.Context, event.Range{})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		make("two")
		if next, err := reader.Next(ada.Context); err != nil || len(next) == 0 {
			t.Fatalf("%v, %v", next, err)
		}
		// The backup ended with the first event, and others have followed.
		first := db.Event.Query().Order(entevent.BySeq()).FirstX(ada.Context)
		db.Event.Delete().Where(entevent.SeqGT(first.Seq)).ExecX(ada.Context)
		db.EventHead.Update().SetSeq(first.Seq).ExecX(ada.Context)
		for _, name := range []string{"three", "four", "five"} {
			make(name)
		}
		_, err = reader.Next(ada.Context)
		gap, ok := errors.AsType[*event.Gap](err)
		if !ok {
			t.Fatal("no gap")
		}
		make("six")
		next, err := reader.Next(ada.Context)
		if err != nil || next[0].Seq != gap.From.Seq+1 {
			t.Errorf("after the gap at %d come %v, %v", gap.From.Seq, next, err)
		}
	})
}
