package rank

// Spread returns n ascending ranks for a column that is filled in one go, none
// for n below 1. They are the integers from [First] on, so each is as short as
// a rank can be and leaves the same room on both sides.
func Spread(n int) []string {
	ranks := make([]string, max(n, 0))
	fill(ranks, "", "")
	return ranks
}

// SpreadBetween returns n ascending ranks, all above a and below b, none for n
// below 1. The bounds and the errors are those of [Between].
//
// Between two ranks it halves the gap again and again, so the ranks grow with
// the logarithm of n, where a chain of calls of Between would make them grow
// with n itself.
func SpreadBetween(a, b string, n int) ([]string, error) {
	if err := checkBounds(a, b); err != nil {
		return nil, err
	}
	ranks := make([]string, max(n, 0))
	fill(ranks, a, b)
	return ranks, nil
}

// fill sets ranks to ascending ones between a and b.
func fill(ranks []string, a, b string) {
	switch {
	case len(ranks) == 0:
	case b == "":
		for i := range ranks {
			a = between(a, "")
			ranks[i] = a
		}
	case a == "":
		for i := range ranks {
			b = before(b)
			ranks[len(ranks)-1-i] = b
		}
	default:
		middle := len(ranks) / 2
		ranks[middle] = between(a, b)
		fill(ranks[:middle], a, ranks[middle])
		fill(ranks[middle+1:], ranks[middle], b)
	}
}
