package main

import "dealflow/internal/cost"

// maxCostFlag says how much one operation may read.
type maxCostFlag struct {
	MaxCost int `group:"Limits:" default:"500000" min:"1" max:"1000000000" placeholder:"POINTS" help:"What one operation may cost; a point is about a row that it reads. Default: ${default}"`
}

// costFlags say how much operations may read.
type costFlags struct {
	maxCostFlag
	CostBudget int `group:"Limits:" default:"10000" min:"1" max:"1000000000" placeholder:"POINTS" help:"What each user or key may spend each second, at each server. Default: ${default}"`
	CostBurst  int `group:"Limits:" default:"1000000" min:"1" max:"1000000000" placeholder:"POINTS" help:"What each user or key may save up, at each server; at least --max-cost. Default: ${default}"`
}

// costs are the limits, if they go together.
func (f costFlags) costs() (cost.Limits, error) {
	return cost.Limits{Max: f.MaxCost, Budget: f.CostBudget, Burst: f.CostBurst}.WithDefaults()
}
