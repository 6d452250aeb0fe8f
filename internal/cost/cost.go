// Package cost says what an operation may read, before it reads it, and keeps
// everyone within what they may.
//
// A point is a row that the database hands over, or as much work as one takes. The
// schema says what each field costs, in the directives of the GraphQL cost
// directives specification: @cost where a field is not one row for each of its
// objects, @listSize for how many objects there are. Page sizes multiply. A list
// without a page counts as longer than such lists are: an operation costs at least as
// many points as it reads rows, wherever that holds.
//
// Where it does not hold, an operation is charged what it read all the same, and no
// response reads more rows than an operation may cost. What a query did not read is
// given back once it is answered: see Extension.
package cost

// most is what costs are counted up to: more is as much. It is an Int of GraphQL and
// of every client.
const most = 1<<31 - 1

// Cost is what something costs. It is never negative, and never over 2,147,483,647
// of either.
type Cost struct {
	// Rows are those that the database may hand over.
	Rows int64
	// Work is what takes time and hands over few rows: counts and searches.
	Work int64
}

// Total is all of it, in points.
func (c Cost) Total() int64 { return capped(c.Rows + c.Work) }

func (c Cost) plus(d Cost) Cost {
	return Cost{capped(c.Rows + d.Rows), capped(c.Work + d.Work)}
}

func (c Cost) times(n int64) Cost {
	return Cost{capped(c.Rows * n), capped(c.Work * n)}
}

// unsure is the cost of what hangs on a list whose length is not known: its work may
// not be done at all.
func (c Cost) unsure() Cost { return Cost{Rows: c.Total()} }

// capped bounds the sum or the product of two numbers up to most, which no int64 is
// too small for.
func capped(n int64) int64 { return min(n, most) }

// dearer is the one that costs more.
func dearer(c, d Cost) Cost {
	if d.Total() > c.Total() {
		return d
	}
	return c
}
