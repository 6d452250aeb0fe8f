package sales

import "dealflow/ent/leadstatus"

// LeadStatusColorOption is a colour on offer for lead statuses, as CSS: that of
// the text and the one behind it, on which the text is easy to read.
type LeadStatusColorOption struct {
	PrimaryColor   leadstatus.PrimaryColor
	Hex            string
	SecondaryColor string
}

// Colors lists the colours on offer, in the order of the schema.
func Colors() []*LeadStatusColorOption {
	return []*LeadStatusColorOption{
		{leadstatus.PrimaryColorGRAY, "#374151", "#f3f4f6"},
		{leadstatus.PrimaryColorRED, "#b91c1c", "#fee2e2"},
		{leadstatus.PrimaryColorORANGE, "#c2410c", "#ffedd5"},
		{leadstatus.PrimaryColorYELLOW, "#a16207", "#fef9c3"},
		{leadstatus.PrimaryColorGREEN, "#15803d", "#dcfce7"},
		{leadstatus.PrimaryColorTEAL, "#0f766e", "#ccfbf1"},
		{leadstatus.PrimaryColorBLUE, "#1d4ed8", "#dbeafe"},
		{leadstatus.PrimaryColorINDIGO, "#4338ca", "#e0e7ff"},
		{leadstatus.PrimaryColorPURPLE, "#7e22ce", "#f3e8ff"},
		{leadstatus.PrimaryColorPINK, "#be185d", "#fce7f3"},
	}
}

// Hex is a colour as CSS.
func Hex(color leadstatus.PrimaryColor) string { return option(color).Hex }

// SecondaryColor is the colour that goes behind a text of a colour, as CSS.
func SecondaryColor(color leadstatus.PrimaryColor) string { return option(color).SecondaryColor }

// option is how to draw a colour; one that is not on offer is drawn as gray.
func option(color leadstatus.PrimaryColor) *LeadStatusColorOption {
	all := Colors()
	for _, one := range all {
		if one.PrimaryColor == color {
			return one
		}
	}
	return all[0]
}
