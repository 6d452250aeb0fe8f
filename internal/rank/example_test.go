package rank_test

import (
	"fmt"

	"dealflow/internal/rank"
)

// A card is dropped at the top of a column, at its bottom, and between two
// others.
func ExampleBetween() {
	top, _ := rank.Between("", "a0")
	bottom, _ := rank.Between("a1", "")
	middle, _ := rank.Between("a0", "a1")
	fmt.Println(top, bottom, middle)
	// Output: Zz a2 a0V
}

// Two cards that were dropped into one gap at once tie, and nothing fits
// between them until the column is ranked anew.
func ExampleBetween_tie() {
	_, err := rank.Between("a0V", "a0V")
	fmt.Println(err)
	// Output: ranks out of order: "a0V" is not below "a0V"
}

func ExampleSpread() {
	fmt.Println(rank.Spread(4))
	// Output: [a0 a1 a2 a3]
}

// Three cards are dragged into one gap together.
func ExampleSpreadBetween() {
	ranks, _ := rank.SpreadBetween("a0", "a1", 3)
	fmt.Println(ranks)
	// Output: [a0F a0V a0k]
}
