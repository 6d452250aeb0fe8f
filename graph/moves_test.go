package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/stagestay"
	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/rank"
)

// cardKind is what moving deals and moving leads have in common.
type cardKind struct {
	name string // deal, in dealId
	move string // the mutation's document
	list string // the stages of the board with their cards
}

var cardKinds = []cardKind{kindOf("deal", "Deal"), kindOf("lead", "Lead")}

func kindOf(name, typ string) cardKind {
	return cardKind{
		name: name,
		move: `mutation($input: Move` + typ + `Input!) { move: move` + typ + `(input: $input) { ` + name + ` { id stage { id } } userErrors { code message } } }`,
		list: `{ pipelines { nodes { stages { id cards: ` + name + `s(first: 500) { nodes { id } } } } } }`,
	}
}

// columns reads the board: the cards of each stage, in order.
func (k cardKind) columns(t *testing.T, c *apitest.Client) map[string][]string {
	t.Helper()
	board := map[string][]string{}
	for _, stage := range c.Must(t, k.list, nil).Get("pipelines.nodes.0.stages").List() {
		board[stage.Get("id").String()] = stage.Get("cards.nodes").All("id")
	}
	return board
}

// anyMove is a move of a card to some place: a stage, an end of one, or a
// neighbour.
func anyMove(random *rand.Rand, stages, cards []string) apitest.Vars {
	card := cards[random.IntN(len(cards))]
	other := cards[random.IntN(len(cards))]
	input := apitest.Vars{"id": card}
	switch how := random.IntN(5); {
	case how == 0:
		input["stageId"] = stages[random.IntN(len(stages))]
	case how == 1:
		input["stageId"], input["at"] = stages[random.IntN(len(stages))], "FIRST"
	case how == 2 || card == other:
		input["at"] = "LAST"
	case how == 3:
		input["before"] = other
	default:
		input["after"] = other
	}
	return input
}

// moved is where the model has the cards after a move.
func moved(board map[string][]string, input apitest.Vars) map[string][]string {
	next := map[string][]string{}
	card := input["id"].(string)
	target, _ := input["stageId"].(string)
	neighbour, _ := input["before"].(string)
	if after, ok := input["after"].(string); ok {
		neighbour = after
	}
	for stage, cards := range board {
		if target == "" && (slices.Contains(cards, neighbour) || neighbour == "" && slices.Contains(cards, card)) {
			target = stage
		}
		next[stage] = slices.DeleteFunc(slices.Clone(cards), func(c string) bool { return c == card })
	}
	at := len(next[target])
	switch {
	case input["at"] == "FIRST":
		at = 0
	case input["before"] != nil:
		at = slices.Index(next[target], neighbour)
	case input["after"] != nil:
		at = slices.Index(next[target], neighbour) + 1
	}
	next[target] = slices.Insert(next[target], at, card)
	return next
}

func stagesAndCards(board map[string][]string) (stages, cards []string) {
	for stage, column := range board {
		stages, cards = append(stages, stage), append(cards, column...)
	}
	slices.Sort(stages)
	slices.Sort(cards)
	return stages, cards
}

// TestMovesAsAsked shows that after every move the board is in the order that
// was asked for.
func TestMovesAsAsked(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		for _, kind := range cardKinds {
			random := rand.New(rand.NewPCG(1, 2))
			board := kind.columns(t, ada)
			stages, cards := stagesAndCards(board)
			for range 60 {
				input := anyMove(random, stages, cards)
				ada.Must(t, kind.move, apitest.Vars{"input": input})
				board = moved(board, input)
				if got := kind.columns(t, ada); fmt.Sprint(got) != fmt.Sprint(board) {
					t.Fatalf("after %v the board is\n%v, not\n%v", input, got, board)
				}
			}
		}
	})
}

// TestConcurrentMoves shows that cards that many move at once are neither lost
// nor doubled, that no two of a column tie, and that each has one history.
func TestConcurrentMoves(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		fillBoard(t, ada, 1) // a second board, whose cards come and go
		for _, kind := range cardKinds {
			before := allColumns(t, ada, kind)
			stages, cards := stagesAndCards(before)
			var movers sync.WaitGroup
			for mover := range 6 {
				movers.Go(func() {
					random := rand.New(rand.NewPCG(uint64(mover), 7))
					for range 20 {
						answer := ada.Do(t, kind.move, apitest.Vars{"input": anyMove(random, stages, cards)})
						if len(answer.Errors) > 0 {
							t.Errorf("a %s's move failed: %s", kind.name, answer.Raw)
						}
					}
				})
			}
			movers.Wait()
			_, after := stagesAndCards(allColumns(t, ada, kind))
			if !slices.Equal(after, cards) {
				t.Errorf("the %ss were\n%v and are\n%v", kind.name, cards, after)
			}
		}
		checkRanks(t, api, ada)
		checkStays(t, api, ada)
	})
}

// allColumns reads the columns of all boards.
func allColumns(t *testing.T, c *apitest.Client, kind cardKind) map[string][]string {
	t.Helper()
	columns := map[string][]string{}
	for _, pipeline := range c.Must(t, kind.list, nil).Get("pipelines.nodes").List() {
		for _, stage := range pipeline.Get("stages").List() {
			columns[stage.Get("id").String()] = stage.Get("cards.nodes").All("id")
		}
	}
	return columns
}

func checkRanks(t *testing.T, api *apitest.API, c *apitest.Client) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range api.Store.Client.Deal.Query().AllX(c.Context) {
		key := "deal " + d.StageID.String() + d.Rank
		if seen[key] || !rank.Valid(d.Rank) {
			t.Errorf("the rank %q of a deal is another's too, or none", d.Rank)
		}
		seen[key] = true
	}
	for _, l := range api.Store.Client.Lead.Query().AllX(c.Context) {
		key := "lead " + l.StageID.String() + l.Rank
		if seen[key] || !rank.Valid(l.Rank) {
			t.Errorf("the rank %q of a lead is another's too, or none", l.Rank)
		}
		seen[key] = true
	}
}

// checkStays holds each card's history to where the card is: one stay goes on,
// in the card's stage.
func checkStays(t *testing.T, api *apitest.API, c *apitest.Client) {
	t.Helper()
	now := map[uuid.UUID]uuid.UUID{}
	for _, stay := range api.Store.Client.StageStay.Query().Where(stagestay.LeftAtIsNil()).AllX(c.Context) {
		card := stay.DealID
		if card == nil {
			card = stay.LeadID
		}
		if _, twice := now[*card]; twice {
			t.Errorf("%s stays in two stages", card)
		}
		now[*card] = *stay.StageID
	}
	for _, d := range api.Store.Client.Deal.Query().AllX(c.Context) {
		if now[d.ID] != d.StageID {
			t.Errorf("%s is in a stage that its history does not know", d.GlobalID())
		}
	}
	for _, l := range api.Store.Client.Lead.Query().Where(lead.StageIDNotNil()).AllX(c.Context) {
		if now[l.ID] != *l.StageID {
			t.Errorf("%s is in a stage that its history does not know", l.GlobalID())
		}
	}
}

// TestMovesHealRanks shows that ranks which tie, or have grown too long, are
// made anew by the move that meets them.
func TestMovesHealRanks(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		kind := cardKinds[0]
		stages, cards := stagesAndCards(kind.columns(t, ada))
		for _, card := range cards {
			ada.Must(t, kind.move, apitest.Vars{"input": apitest.Vars{"id": card, "stageId": stages[0]}})
		}
		long := "a0"
		for len(long) <= rank.MaxLen {
			long += "V"
		}
		for name, ranks := range map[string][]string{
			"ties": {"a1", "a1", "a1", "a1"},
			"long": {"a0", long, long + "V", "a2"},
		} {
			for i, card := range cards {
				key, err := id.Deal.Decode(card)
				if err != nil {
					t.Fatal(err)
				}
				api.Store.Client.Deal.Update().Where(deal.ID(key)).SetRank(ranks[i]).ExecX(ada.Context)
			}
			board := kind.columns(t, ada)
			input := apitest.Vars{"id": board[stages[0]][0], "before": board[stages[0]][2]}
			ada.Must(t, kind.move, apitest.Vars{"input": input})
			if got, want := fmt.Sprint(kind.columns(t, ada)), fmt.Sprint(moved(board, input)); got != want {
				t.Errorf("%s: the board is\n%s, not\n%s", name, got, want)
			}
			checkRanks(t, api, ada)
		}
	})
}
