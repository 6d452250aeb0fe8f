package sales_test

import (
	"math"
	"strconv"
	"testing"

	"dealflow/ent/leadstatus"
	"dealflow/internal/sales"
)

func TestColorsAreAllOfTheSchema(t *testing.T) {
	for _, one := range sales.Colors() {
		if err := leadstatus.PrimaryColorValidator(one.PrimaryColor); err != nil {
			t.Error(err)
		}
		if sales.Hex(one.PrimaryColor) != one.Hex || sales.SecondaryColor(one.PrimaryColor) != one.SecondaryColor {
			t.Errorf("%s is drawn as %s on %s", one.PrimaryColor, sales.Hex(one.PrimaryColor), sales.SecondaryColor(one.PrimaryColor))
		}
	}
	if len(sales.Colors()) != 10 {
		t.Errorf("%d colours", len(sales.Colors()))
	}
}

// TestColorsAreReadable checks what WCAG 2 asks of text: a contrast of 4.5 to 1.
func TestColorsAreReadable(t *testing.T) {
	for _, one := range sales.Colors() {
		dark, light := luminance(t, one.Hex), luminance(t, one.SecondaryColor)
		if contrast := (light + 0.05) / (dark + 0.05); contrast < 4.5 {
			t.Errorf("%s: the contrast of %s on %s is %.2f", one.PrimaryColor, one.Hex, one.SecondaryColor, contrast)
		}
	}
}

// luminance is a colour's relative luminance, as WCAG 2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) != 7 || hex[0] != '#' {
		t.Fatalf("%q is not a colour of CSS", hex)
	}
	value, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(shift int) float64 {
		channel := float64(value>>shift&0xff) / 255
		if channel <= 0.04045 {
			return channel / 12.92
		}
		return math.Pow((channel+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}
