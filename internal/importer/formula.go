package importer

import "strings"

// A spreadsheet takes a cell that begins with one of these for a formula, which
// may call out to the world: text that strangers wrote into a lead must not run
// on the machine of whoever opens the export. Such a cell gets a ' in front, and
// so does one that begins with a ' itself, so that it can be told apart again.
const formulaStarts = "=+-@\t\r'"

// escapeFormula makes a text of what a spreadsheet would take for a formula.
func escapeFormula(cell string) string {
	if cell != "" && strings.IndexByte(formulaStarts, cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

// unescapeFormula undoes escapeFormula.
func unescapeFormula(cell string) string { return strings.TrimPrefix(cell, "'") }
