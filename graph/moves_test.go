package graph_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/rank"
	"dealflow/internal/store/storetest"
)

// cardKind is what moving deals and moving leads have in common.
type cardKind struct {
	kind  id.Kind
	noun  string
	table string
	move  string // the mutation
}

var cardKinds = []cardKind{
	{id.Deal, "deal", "deals", "moveDeal"},
	{id.Lead, "lead", "leads", "moveLead"},
}

// columns are cards, in order, by stage; those on no board are under "".
type columns map[string][]string

// board is the boards of an organization, as clients read and change them.
type boards struct {
	*apitest.Client
	api    *apitest.API
	random *rand.Rand
}

// columns reads the cards of one kind, in all stages.
func (b *boards) columns(t testing.TB, k cardKind) columns {
	t.Helper()
	data := b.Must(t, `{ stages(first: 100) { nodes { id cards: `+k.noun+`s(first: 500) { nodes { id } } } } leads(filter: {stageId: {isNull: true}}, orderBy: [{field: CREATED_AT}]) { nodes { id } } }`, nil)
	read := columns{"": {}}
	for _, stage := range data.Get("stages.nodes").List() {
		read[stage.Get("id").String()] = stage.Get("cards.nodes").All("id")
	}
	if k.kind == id.Lead {
		read[""] = data.Get("leads.nodes").All("id")
	}
	return read
}

// pick is one of a list, in a random way.
func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// stages are the stages of the columns, and cards all cards in them.
func (c columns) stages() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c)), func(stage string) bool { return stage == "" })
}

func (c columns) cards() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(c))...)))
}

// of is the stage that a card is in, "" for none.
func (c columns) of(card string) string {
	for stage, cards := range c {
		if slices.Contains(cards, card) {
			return stage
		}
	}
	return ""
}

// put is the columns with a card at a place of a stage, and nowhere else.
func (c columns) put(card, stage string, at func([]string) int) columns {
	next := columns{}
	for one, cards := range c {
		next[one] = slices.DeleteFunc(slices.Clone(cards), func(other string) bool { return other == card })
	}
	next[stage] = slices.Insert(next[stage], at(next[stage]), card)
	return next
}

func atTop([]string) int          { return 0 }
func atBottom(cards []string) int { return len(cards) }

// anyMove is a move of a card to some place, and what is to come of it.
func (b *boards) anyMove(now columns) (apitest.Vars, columns) {
	card, other := pick(b.random, now.cards()), pick(b.random, now.cards())
	stage, own, others := pick(b.random, now.stages()), now.of(card), now.of(other)
	input := apitest.Vars{"id": card}
	beside := b.random.IntN(2)
	switch how := b.random.IntN(6); {
	case how == 0 && own != "": // with no place at all
		return input, now.put(card, own, atBottom)
	case how == 1 && own != "":
		input["at"] = "FIRST"
		return input, now.put(card, own, atTop)
	case how == 2 || how < 2 || card == other || others == "":
		input["stageId"] = stage
		return input, now.put(card, stage, atBottom)
	case how == 3:
		input["stageId"], input["at"] = stage, pick(b.random, []string{"FIRST", "LAST"})
		if input["at"] == "FIRST" {
			return input, now.put(card, stage, atTop)
		}
		return input, now.put(card, stage, atBottom)
	case how == 4:
		input["stageId"] = others // the neighbour's, which goes without saying
	}
	input[[]string{"before", "after"}[beside]] = other
	return input, now.put(card, others, func(cards []string) int { return slices.Index(cards, other) + beside })
}

// call runs a mutation that may be refused, and answers the codes of the reasons.
func (b *boards) call(t testing.TB, mutation, selection string, input apitest.Vars) (apitest.Value, []string) {
	t.Helper()
	title := strings.ToUpper(mutation[:1]) + mutation[1:]
	answer := b.Do(t, "mutation($input: "+title+"Input!) { "+mutation+"(input: $input) { "+selection+" userErrors { code message } } }", apitest.Vars{"input": input})
	if len(answer.Errors) > 0 {
		t.Errorf("%s of %v failed: %s", mutation, input, answer.Raw)
	}
	return answer.Data.Get(mutation), answer.Data.Get(mutation + ".userErrors").All("code")
}

// must runs a mutation that is not to be refused.
func (b *boards) must(t testing.TB, mutation, selection string, input apitest.Vars) apitest.Value {
	t.Helper()
	value, refused := b.call(t, mutation, selection, input)
	if len(refused) > 0 {
		t.Fatalf("%s of %v: %v", mutation, input, value)
	}
	return value
}

// newBoards makes two pipelines of two stages each, with the cards of both kinds.
func newBoards(t *testing.T, api *apitest.API) *boards {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed is %d", seed)
	b := &boards{api.Organization(t, "acme"), api, rand.New(rand.NewPCG(seed, 0))}
	fillBoard(t, b.Client, 0)
	fillBoard(t, b.Client, 1)
	b.must(t, "createLead", "lead { id }", apitest.Vars{"firstName": "on no board"})
	return b
}

// TestMovesAsAsked makes random changes of the boards, one by one. After each of
// them the cards are in the order that was asked for, and their histories agree.
func TestMovesAsAsked(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		b := newBoards(t, api)
		for _, k := range cardKinds {
			want := b.columns(t, k)
			for range 60 {
				api.Clock.Advance(time.Second)
				what, next := b.anyStep(t, k, want)
				if got := b.columns(t, k); fmt.Sprint(got) != fmt.Sprint(next) {
					t.Fatalf("after %s the boards were\n%v\nand are\n%v, not\n%v", what, want, got, next)
				}
				want = next
			}
		}
		b.checkRanks(t)
		b.checkStays(t)
	})
}

// anyStep changes the boards in some way, and says what is to come of it.
func (b *boards) anyStep(t testing.TB, k cardKind, now columns) (string, columns) {
	t.Helper()
	stage, target := pick(b.random, now.stages()), pick(b.random, now.stages())
	switch how := b.random.IntN(12); {
	case how == 0 && stage != target && len(now.stages()) > 2:
		next := now
		for _, card := range now[stage] {
			next = next.put(card, target, atBottom)
		}
		delete(next, stage)
		input := apitest.Vars{"id": stage, "moveCardsToStageId": target}
		b.must(t, "deleteStage", "deletedStageId", input)
		return fmt.Sprint("deleteStage", input), next
	case how == 1 || how == 0 && len(now.stages()) <= 2:
		next := maps.Clone(now)
		made := b.must(t, "createStage", "stage { id }", apitest.Vars{"name": "New", "order": 0}).Get("stage.id").String()
		next[made] = []string{}
		return "createStage", next
	case how == 2 && k.kind == id.Lead:
		card := pick(b.random, now.cards())
		if now.of(card) == "" {
			return "nothing", now
		}
		input := apitest.Vars{"leadId": card, "stageId": now.of(card)}
		b.must(t, "removeLeadFromStage", "lead { id }", input)
		next := now.put(card, "", atBottom)
		// Those on no board are in the order of their making.
		next[""] = b.columns(t, k)[""]
		return fmt.Sprint("removeLeadFromStage", input), next
	case how == 3 && k.kind == id.Lead:
		card := pick(b.random, now.cards())
		input := apitest.Vars{"leadId": card, "stageId": stage}
		b.must(t, "addLeadToStage", "lead { id }", input)
		if now.of(card) == stage {
			return fmt.Sprint("addLeadToStage where it is ", input), now
		}
		return fmt.Sprint("addLeadToStage", input), now.put(card, stage, atBottom)
	case how == 4:
		return b.spoilRanks(t, k, now, stage)
	}
	input, next := b.anyMove(now)
	b.must(t, k.move, k.noun+" { id }", input)
	return fmt.Sprint(k.move, input), next
}

// spoilRanks writes ranks that tie, or are too long, into a column, as no move
// would. Cards that tie are in the order of their ids.
func (b *boards) spoilRanks(t testing.TB, k cardKind, now columns, stage string) (string, columns) {
	t.Helper()
	next, long := maps.Clone(now), b.random.IntN(2) == 0
	if !long {
		next[stage] = slices.Sorted(slices.Values(now[stage]))
	}
	for i, card := range next[stage] {
		key := "a5"
		if long {
			key = "a5" + strings.Repeat("V", rank.MaxLen) + rank.Spread(len(next[stage]))[i] + "V"
		}
		b.write(t, k, card, key)
	}
	return fmt.Sprint("spoiling the ranks of ", stage), next
}

// write writes a rank past the rules.
func (b *boards) write(t testing.TB, k cardKind, card, key string) {
	t.Helper()
	uuid, err := k.kind.Decode(card)
	must(t, err)
	_, err = b.api.Store.Client.ExecContext(b.Context, fmt.Sprintf("UPDATE %s SET rank = '%s' WHERE id = '%s'", k.table, key, uuid))
	must(t, err)
}

// TestMovesHealRanks moves a card into a column of ranks that tie or are too
// long, to each place that there is. The column gets new ranks in the same order.
func TestMovesHealRanks(t *testing.T) {
	long := "a0" + strings.Repeat("V", rank.MaxLen)
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		b := newBoards(t, api)
		for _, k := range cardKinds {
			cards, away := b.columns(t, k).cards(), b.columns(t, k).stages()[0]
			stage := b.must(t, "createStage", "stage { id }", apitest.Vars{"name": "New"}).Get("stage.id").String()
			for _, one := range cards[1:5] {
				b.must(t, k.move, k.noun+" { id }", apitest.Vars{"id": one, "stageId": stage})
			}
			card := cards[0]
			for name, keys := range map[string][]string{
				"a tie of all": {"a1", "a1", "a1", "a1"}, "a tie in the middle": {"a0", "a1", "a1", "a2"}, "a tie at the ends": {"a0", "a0", "a2", "a2"},
				"long in the middle": {"a0", long, long + "V", "a2"}, "long at the ends": {long, "a1", "a2", "a2" + long[2:]},
				"the least and the greatest": {"A0000000000000000000000000" + "1", "a1", "a2", "z" + strings.Repeat("z", 26)},
			} {
				for i := range 5 { // before each, and after the last
					place, beside := min(i, 3), i/4
					b.must(t, k.move, k.noun+" { id }", apitest.Vars{"id": card, "stageId": away})
					for j, other := range slices.Sorted(slices.Values(b.columns(t, k)[stage])) {
						b.write(t, k, other, keys[j])
					}
					now := b.columns(t, k)
					other := now[stage][place]
					b.must(t, k.move, k.noun+" { id }", apitest.Vars{"id": card, []string{"before", "after"}[beside]: other})
					want := now.put(card, stage, func(cards []string) int { return slices.Index(cards, other) + beside })
					if got := b.columns(t, k); fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%s, place %d: the boards are\n%v, not\n%v", name, i, got, want)
					}
					uuid, err := k.kind.Decode(card)
					must(t, err)
					key := rowsOf(t, api.Store, "SELECT rank FROM "+k.table+" WHERE id = '"+uuid.String()+"'")[0][0]
					if len(key) > rank.MaxLen || !rank.Valid(key) {
						t.Errorf("%s, place %d: the rank is %q", name, i, key)
					}
				}
			}
		}
	})
}

// TestConcurrentMoves has many move cards at once, while stages are made and
// deleted. No card is lost or doubled, no two tie, and each has one history.
func TestConcurrentMoves(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) { moveAtOnce(t, api) })
}

// TestConcurrentMovesOfReplicas is the same over two servers of one database.
func TestConcurrentMovesOfReplicas(t *testing.T) {
	one, other := storetest.Two(t)
	api := apitest.New(t, one)
	moveAtOnce(t, api, api.Beside(t, other))
}

func moveAtOnce(t *testing.T, api *apitest.API, beside ...*apitest.API) {
	t.Helper()
	b := newBoards(t, api)
	before := map[id.Kind]columns{}
	for _, k := range cardKinds {
		before[k.kind] = b.columns(t, k)
	}
	keep := before[id.Deal].stages()
	clients := []*apitest.Client{b.Client}
	for _, other := range beside {
		clients = append(clients, other.Client(t, b.Organization))
	}
	var movers sync.WaitGroup
	for mover := range 6 * len(clients) {
		one := &boards{clients[mover/2%len(clients)], api, rand.New(rand.NewPCG(b.random.Uint64(), 0))}
		movers.Go(func() {
			for range 25 {
				api.Clock.Advance(time.Millisecond)
				k := cardKinds[mover%2]
				input, _ := one.anyMove(before[k.kind])
				one.expected(t, input, "NOT_FOUND", "REQUIRED")(one.call(t, k.move, k.noun+" { id }", input))
			}
		})
	}
	movers.Go(func() { b.churn(t, keep) })
	movers.Wait()
	for _, k := range cardKinds {
		after := b.columns(t, k)
		if got, want := after.cards(), before[k.kind].cards(); !slices.Equal(got, want) {
			t.Errorf("the %ss were\n%v and are\n%v", k.noun, want, got)
		}
	}
	b.checkRanks(t)
	b.checkStays(t)
	b.checkEvents(t)
}

// checkEvents shows that the events are numbered without a gap, and that the last one of
// each card says where it is.
func (b *boards) checkEvents(t testing.TB) {
	t.Helper()
	for i, row := range rowsOf(t, b.api.Store, "SELECT seq FROM events ORDER BY seq") {
		if row[0] != fmt.Sprint(i+1) {
			t.Fatalf("event %s is number %d", row[0], i+1)
		}
	}
	for _, k := range cardKinds {
		lost := rowsOf(t, b.api.Store, `SELECT c.id FROM `+k.table+` c WHERE COALESCE(CAST(c.stage_id AS TEXT), '') <>
			(SELECT COALESCE(CAST(e.to_stage_id AS TEXT), '') FROM events e WHERE e.entity_id = c.id ORDER BY e.seq DESC LIMIT 1)`)
		if len(lost) > 0 {
			t.Errorf("the last events of these %s are elsewhere: %v", k.table, lost)
		}
	}
}

// churn makes stages, moves cards there, and deletes the stages again.
func (b *boards) churn(t *testing.T, keep []string) {
	for range 8 {
		b.api.Clock.Advance(time.Millisecond)
		made := b.must(t, "createStage", "stage { id }", apitest.Vars{"name": "Short-lived"}).Get("stage.id").String()
		for _, k := range cardKinds {
			card := pick(b.random, b.columns(t, k).cards())
			b.expected(t, card)(b.call(t, k.move, k.noun+" { id }", apitest.Vars{"id": card, "stageId": made}))
		}
		b.must(t, "deleteStage", "deletedStageId", apitest.Vars{"id": made, "moveCardsToStageId": pick(b.random, keep)})
	}
}

// expected checks that an answer was refused for one of these reasons, if at all.
func (b *boards) expected(t *testing.T, what any, codes ...string) func(apitest.Value, []string) {
	return func(answer apitest.Value, refused []string) {
		for _, code := range refused {
			if !slices.Contains(codes, code) {
				t.Errorf("%v: %s", what, answer)
			}
		}
	}
}

// checkRanks shows that no two cards of a column tie, but for those whose ranks
// were spoiled and which nobody moved since.
func (b *boards) checkRanks(t testing.TB) {
	t.Helper()
	for _, k := range cardKinds {
		for _, row := range rowsOf(t, b.api.Store, "SELECT rank, COUNT(*) FROM "+k.table+" WHERE stage_id IS NOT NULL GROUP BY stage_id, rank") {
			if !rank.Valid(row[0]) || (row[1] != "1" && row[0] != "a5") {
				t.Errorf("%s %ss have the rank %q", row[1], k.noun, row[0])
			}
		}
	}
}

// checkStays holds the history of each card to where it is: its stays follow
// each other in time, and the last goes on, in the card's stage.
func (b *boards) checkStays(t testing.TB) {
	t.Helper()
	for _, k := range cardKinds {
		data := b.Must(t, "{ "+k.noun+"s(first: 100) { nodes { id stage { id } stageHistory { stage { id } stageName enteredAt leftAt durationSeconds } } } }", nil)
		for _, card := range data.Get(k.noun + "s.nodes").List() {
			history := card.Get("stageHistory").List()
			for i, stay := range history {
				left, last := stay.Get("leftAt"), i == len(history)-1
				if !left.IsNull() && parsed(t, left).Before(parsed(t, stay.Get("enteredAt"))) {
					t.Errorf("%s leaves before it enters: %s", card.Get("id"), stay)
				}
				switch {
				case last && left.IsNull() != (card.Get("stage.id").String() != "null"), left.IsNull() && !last:
					t.Errorf("%s is in %s: %s", card.Get("id"), card.Get("stage"), card.Get("stageHistory"))
				case last && left.IsNull() && stay.Get("stage.id").String() != card.Get("stage.id").String():
					t.Errorf("%s is in %s, and its last stay is %s", card.Get("id"), card.Get("stage"), stay)
				case !last && k.kind == id.Deal && left.String() != history[i+1].Get("enteredAt").String():
					t.Errorf("%s is nowhere after %s: %s", card.Get("id"), left, card.Get("stageHistory"))
				case !last && parsed(t, left).After(parsed(t, history[i+1].Get("enteredAt"))):
					t.Errorf("%s is in two stages at %s: %s", card.Get("id"), left, card.Get("stageHistory"))
				}
			}
		}
	}
}

func parsed(t testing.TB, moment apitest.Value) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, moment.String())
	must(t, err)
	return at
}
