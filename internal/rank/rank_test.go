package rank_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"dealflow/internal/rank"
)

// least and greatest are the integers at the two ends of the scheme.
var (
	least    = "A" + strings.Repeat("0", 26)
	greatest = "z" + strings.Repeat("z", 26)
)

func TestBetween(t *testing.T) {
	tests := []struct{ name, a, b, want string }{
		{"EmptyColumn", "", "", "a0"},
		{"Append", "a0", "", "a1"},
		{"AppendAfterDigitsAndCapitals", "a9", "", "aA"},
		{"AppendAfterFraction", "a0V", "", "a1"},
		{"AppendCarries", "az", "", "b00"},
		{"AppendCarriesTwice", "bzz", "", "c000"},
		{"AppendCrossesZero", "Zz", "", "a0"},
		{"AppendBelowZeroShortens", "Yzz", "", "Z0"},
		{"AppendAfterGreatest", greatest, "", greatest + "V"},
		{"AppendAfterGreatestFraction", greatest + "z", "", greatest + "zV"},
		{"Prepend", "", "a1", "a0"},
		{"PrependCrossesZero", "", "a0", "Zz"},
		{"PrependBeforeFraction", "", "a0V", "a0"},
		{"PrependBorrows", "", "b00", "az"},
		{"PrependBelowZeroLengthens", "", "Z0", "Yzz"},
		{"PrependBeforeSecondLeast", "", least[:26] + "1", least + "V"},
		{"PrependBeforeLeast", "", least + "V", least + "F"},
		{"PrependBeforeLeastOfAll", "", least + "1", least + "0V"},
		{"Neighbours", "a0", "a1", "a0V"},
		{"IntegerBetween", "a0", "a5", "a1"},
		{"IntegerOfTheBound", "a0V", "a1V", "a1"},
		{"IntegerBelowBound", "a0V", "a1", "a0k"},
		{"SharedDigits", "a0V", "a0W", "a0VV"},
		{"ShorterFirst", "a0", "a0V", "a0F"},
		{"ShortestOfBound", "a0V", "a0WV", "a0W"},
		{"ZerosOfBound", "a0", "a001", "a000V"},
		{"LastDigit", "a0z", "a1", "a0zV"},
		{"AcrossZero", "Zz", "a0", "ZzV"},
		{"FarApart", least + "1", greatest, least[:26] + "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := rank.Between(test.a, test.b)
			if err != nil || got != test.want {
				t.Errorf("Between(%q, %q) = %q, %v, want %q", test.a, test.b, got, err, test.want)
			}
			mustBeBetween(t, test.a, got, test.b)
		})
	}
}

func TestBetweenRefuses(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       error
	}{
		{"Equal", "a0", "a0", rank.ErrOrder},
		{"Backwards", "a1", "a0", rank.ErrOrder},
		{"BackwardsInFraction", "a0V", "a0", rank.ErrOrder},
		{"TrailingZero", "a00", "", rank.ErrInvalid},
		{"TrailingZeroOfBound", "", "a0V0", rank.ErrInvalid},
		{"BadCharacter", "a0-", "", rank.ErrInvalid},
		{"InvalidBeforeOrder", "a1", "?", rank.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := rank.Between(test.a, test.b); !errors.Is(err, test.want) || got != "" {
				t.Errorf("Between = %q, %v, want %v", got, err, test.want)
			}
			if got, err := rank.SpreadBetween(test.a, test.b, 2); !errors.Is(err, test.want) || got != nil {
				t.Errorf("SpreadBetween = %q, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestValid(t *testing.T) {
	tests := []struct {
		name, rank string
		want       bool
	}{
		{"First", rank.First(), true},
		{"Integer", "b00", true},
		{"Fraction", "a0V", true},
		{"ZeroInsideFraction", "a00V", true},
		{"Greatest", greatest, true},
		{"LeastWithFraction", least + "1", true},
		{"Least", least, false},
		{"Empty", "", false},
		{"DigitFirst", "0a", false},
		{"IntegerCutShort", "b0", false},
		{"OnlyHead", "a", false},
		{"TrailingZero", "a0V0", false},
		{"BadCharacterInInteger", "a-", false},
		{"BadCharacterInFraction", "a0é", false},
		{"NUL", "a0\x00", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := rank.Valid(test.rank); got != test.want {
				t.Errorf("Valid(%q) = %t, want %t", test.rank, got, test.want)
			}
		})
	}
}

func TestMillionAppendsStayShort(t *testing.T) {
	last := ""
	for range 1_000_000 {
		next := mustBetween(t, last, "")
		if next <= last || len(next) > 5 {
			t.Fatalf("%q came after %q", next, last)
		}
		last = next
	}
}

func TestMillionPrependsStayShort(t *testing.T) {
	first := rank.First()
	for range 1_000_000 {
		next := mustBetween(t, "", first)
		if next >= first || len(next) > 5 {
			t.Fatalf("%q came before %q", next, first)
		}
		first = next
	}
}

// TestSameGapGrowsSlowly drops card after card into one gap, each beside the
// last. The count is the one the comment of MaxLen promises.
func TestSameGapGrowsSlowly(t *testing.T) {
	const cards = 200
	t.Run("AboveTheLast", func(t *testing.T) {
		mustStayShort(t, make([]bool, cards))
	})
	t.Run("BelowTheLast", func(t *testing.T) {
		mustStayShort(t, slices.Repeat([]bool{true}, cards))
	})
	t.Run("EitherSide", rapid.MakeCheck(func(t *rapid.T) {
		mustStayShort(t, rapid.SliceOfN(rapid.Bool(), cards, cards).Draw(t, "below"))
	}))
}

// mustStayShort drops cards between two neighbours, each below or above the
// one before it, and stops the test once a rank is longer than MaxLen.
func mustStayShort(t tester, below []bool) {
	t.Helper()
	a, b := "a0", "a1"
	for i, below := range below {
		middle := mustBetween(t, a, b)
		mustBeBetween(t, a, middle, b)
		if len(middle) > rank.MaxLen {
			t.Fatalf("%d characters after %d cards", len(middle), i+1)
		}
		if below {
			b = middle
		} else {
			a = middle
		}
	}
}

func TestSpread(t *testing.T) {
	tests := []struct {
		name   string
		n      int
		maxLen int
	}{
		{"Negative", -1, 0}, {"None", 0, 0}, {"One", 1, 2}, {"Board", 500, 3}, {"Many", 100_000, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ranks := rank.Spread(test.n)
			mustAscend(t, "", ranks, "")
			if len(ranks) != max(test.n, 0) || longest(ranks) > test.maxLen {
				t.Errorf("%d ranks of at most %d characters", len(ranks), longest(ranks))
			}
		})
	}
}

func TestSpreadBetween(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       []string
	}{
		{"EmptyColumn", "", "", []string{"a0", "a1", "a2"}},
		{"AtTheEnd", "a0", "", []string{"a1", "a2", "a3"}},
		{"AtTheStart", "", "a1", []string{"Zy", "Zz", "a0"}},
		{"InAGap", "a0", "a1", []string{"a0F", "a0V", "a0k"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := rank.SpreadBetween(test.a, test.b, 3)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ranks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpreadBetweenGrowsWithTheLogarithm(t *testing.T) {
	const n = 100_000
	ranks, err := rank.SpreadBetween("a0", "a1", n)
	if err != nil {
		t.Fatal(err)
	}
	mustAscend(t, "a0", ranks, "a1")
	// A character holds at least 5 halvings.
	if got, most := longest(ranks), 2+int(math.Ceil(math.Log2(n)/5)); got > most {
		t.Errorf("the longest of %d has %d characters, want at most %d", n, got, most)
	}
}

// TestColumn moves cards about as people do and checks the column's order
// after every one.
func TestColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var column []string
		// insert puts a card at position i of the column.
		insert := func(t *rapid.T, i int) {
			a, b := neighbours(column, i)
			key := mustBetween(t, a, b)
			mustBeBetween(t, a, key, b)
			column = slices.Insert(column, i, key)
		}
		t.Repeat(map[string]func(*rapid.T){
			"Front": func(t *rapid.T) { insert(t, 0) },
			"End":   func(t *rapid.T) { insert(t, len(column)) },
			"Anywhere": func(t *rapid.T) {
				insert(t, rapid.IntRange(0, len(column)).Draw(t, "position"))
			},
			"SameGap": func(t *rapid.T) {
				i := rapid.IntRange(0, len(column)).Draw(t, "position")
				for range rapid.IntRange(1, 50).Draw(t, "cards") {
					insert(t, i+rapid.IntRange(0, min(1, len(column)-i)).Draw(t, "side"))
				}
			},
			"Several": func(t *rapid.T) {
				i := rapid.IntRange(0, len(column)).Draw(t, "position")
				a, b := neighbours(column, i)
				ranks, err := rank.SpreadBetween(a, b, rapid.IntRange(0, 50).Draw(t, "cards"))
				if err != nil {
					t.Fatal(err)
				}
				column = slices.Insert(column, i, ranks...)
			},
			"Remove": func(t *rapid.T) {
				if len(column) == 0 {
					t.Skip("no card to remove")
				}
				i := rapid.IntRange(0, len(column)-1).Draw(t, "position")
				column = slices.Delete(column, i, i+1)
			},
			"": func(t *rapid.T) { mustAscend(t, "", column, "") },
		})
	})
}

// TestBetweenAnyTwoRanks takes ranks that no series of moves is likely to make,
// those at the ends of the scheme among them.
func TestBetweenAnyTwoRanks(t *testing.T) {
	ranks := rapid.Custom(func(t *rapid.T) string {
		integer := rapid.SampledFrom([]string{
			least, least[:26] + "1", "Yzz", "Z0", "Zz", "a0", "a1", "az", "b00", greatest[:26] + "y", greatest,
		}).Draw(t, "integer")
		return integer + rapid.StringMatching(`([01Vz]{0,4}[1Vz])?`).Draw(t, "fraction")
	}).Filter(rank.Valid)
	rapid.Check(t, func(t *rapid.T) {
		a, b := ranks.Draw(t, "a"), ranks.Draw(t, "b")
		if a == b {
			t.Skip("nothing between")
		}
		a, b = min(a, b), max(a, b)
		mustBeBetween(t, a, mustBetween(t, a, b), b)
		mustBeBetween(t, "", mustBetween(t, "", a), a)
		mustBeBetween(t, b, mustBetween(t, b, ""), "")
	})
}

func FuzzBetween(f *testing.F) {
	for _, pair := range [][2]string{
		{"", ""}, {"a0", ""}, {"", "a0"}, {"a0", "a1"}, {"a0V", "a0W"}, {"a0", "a001"},
		{least + "1", greatest}, {"", least + "01"}, {greatest + "z", ""}, {"a00", "a0"}, {"?", "é"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := rank.Between(a, b)
		valid := (a == "" || rank.Valid(a)) && (b == "" || rank.Valid(b))
		switch {
		case err == nil:
			mustBeBetween(t, a, got, b)
		case errors.Is(err, rank.ErrInvalid):
			if valid {
				t.Errorf("Between(%q, %q) calls a rank invalid", a, b)
			}
		case errors.Is(err, rank.ErrOrder):
			if !valid || a < b {
				t.Errorf("Between(%q, %q) calls the bounds out of order", a, b)
			}
		default:
			t.Errorf("Between(%q, %q) = %v", a, b, err)
		}
	})
}

// FuzzColumn reads each byte as the place, out of 256, for the next card.
func FuzzColumn(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255})
	f.Add([]byte{128, 0, 255, 64, 64, 64, 64})
	f.Fuzz(func(t *testing.T, places []byte) {
		var column []string
		for _, place := range places {
			i := int(place) * (len(column) + 1) / 256
			a, b := neighbours(column, i)
			column = slices.Insert(column, i, mustBetween(t, a, b))
		}
		mustAscend(t, "", column, "")
	})
}

func FuzzSpreadBetween(f *testing.F) {
	f.Add("a0", "a1", uint8(9))
	f.Add("", "a0", uint8(200))
	f.Add("a0", "", uint8(0))
	f.Fuzz(func(t *testing.T, a, b string, n uint8) {
		ranks, err := rank.SpreadBetween(a, b, int(n))
		if err != nil {
			t.Skip("not two bounds")
		}
		if len(ranks) != int(n) {
			t.Errorf("%d ranks, want %d", len(ranks), n)
		}
		mustAscend(t, a, ranks, b)
	})
}

func BenchmarkBetween(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = rank.Between("a0V", "a0W")
	}
}

// neighbours returns the ranks around position i of a column, "" past its ends.
func neighbours(column []string, i int) (a, b string) {
	if i > 0 {
		a = column[i-1]
	}
	if i < len(column) {
		b = column[i]
	}
	return a, b
}

// longest returns the length of the longest rank.
func longest(ranks []string) int {
	n := 0
	for _, r := range ranks {
		n = max(n, len(r))
	}
	return n
}

// tester is what tests, fuzz targets and rapid's properties have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// mustBetween returns a rank between a and b or stops the test.
func mustBetween(t tester, a, b string) string {
	t.Helper()
	got, err := rank.Between(a, b)
	if err != nil {
		t.Fatalf("Between(%q, %q): %v", a, b, err)
	}
	return got
}

// mustBeBetween stops the test unless got is a rank between a and b.
func mustBeBetween(t tester, a, got, b string) {
	t.Helper()
	if !rank.Valid(got) || got <= a || b != "" && got >= b {
		t.Fatalf("%q is no rank between %q and %q", got, a, b)
	}
}

// mustAscend stops the test unless ranks ascend from a to b, each a rank and
// no two the same.
func mustAscend(t tester, a string, ranks []string, b string) {
	t.Helper()
	for _, r := range ranks {
		mustBeBetween(t, a, r, b)
		a = r
	}
}
