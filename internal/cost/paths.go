package cost

import (
	"cmp"
	"math"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// shown is how many paths are told.
const shown = 5

// longest bounds a path's name, in bytes: the end of a longer one is left out.
const longest = 200

// Path is a field of an operation, and what it costs by itself, without what is
// selected of it.
type Path struct {
	// Path is the names of the fields that lead there: `pipelines.nodes.stages`.
	Path string `json:"path"`
	Cost int64  `json:"cost"`
	// Share is which part of the whole cost it is, from 0 to 1.
	Share float64 `json:"share"`
}

// Paths are the fields of an operation that cost most, at most five of them.
func (p *Prices) Paths(operation *ast.OperationDefinition, variables map[string]any) []Path {
	total, w := p.walk(operation, variables, true)
	list := make([]Path, len(w.paths))
	for i, one := range w.paths {
		cost := one.cost.Total()
		list[i] = Path{one.name, cost, math.Round(1000*float64(cost)/float64(total.Total())) / 1000}
	}
	return list
}

// paths are the ones that cost most, the most expensive first. A field that is asked
// for under many aliases is one.
type paths []path

type path struct {
	name string
	cost Cost
}

// with adds more, and keeps the most expensive.
func (p paths) with(more paths) paths {
	if len(more) == 0 {
		return p
	}
	all := slices.Clone(p)
	for _, one := range more {
		i := slices.IndexFunc(all, func(other path) bool { return other.name == one.name })
		switch {
		case i >= 0:
			all[i].cost = all[i].cost.plus(one.cost)
		case one.cost.Total() > 0:
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b path) int { return cmp.Compare(b.cost.Total(), a.cost.Total()) })
	return all[:min(len(all), shown)]
}

// under adds what is below a field, so many times.
func (p paths) under(field string, below paths, times int64) paths {
	prefixed := make(paths, len(below))
	for i, one := range below {
		prefixed[i] = path{one.name, one.cost.times(times)}
		if len(one.name) > longest {
			prefixed[i].name = "…"
		}
		if field != "" {
			prefixed[i].name = field + "." + prefixed[i].name
		}
	}
	return p.with(prefixed)
}
