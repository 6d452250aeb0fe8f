package money_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dealflow/internal/money"
)

func TestParseCurrency(t *testing.T) {
	for _, code := range []string{"USD", "EUR", "JPY", "KWD", "DEM"} {
		if got, err := money.ParseCurrency(code); err != nil || got != code {
			t.Errorf("ParseCurrency(%q) = %q, %v", code, got, err)
		}
	}
}

func TestParseCurrencyRefuses(t *testing.T) {
	const hint = " is not a currency; send a code of ISO 4217, such as USD"
	tests := []struct{ name, code, message string }{
		{"Empty", "", `""` + hint},
		{"Unknown", "AAA", `"AAA"` + hint},
		{"Symbol", "$", `"$"` + hint},
		{"TooLong", "USDT", `"USDT"` + hint},
		{"SpaceAfter", "USD ", `"USD "` + hint},
		{"NoCurrency", "XXX", `"XXX"` + hint},
		{"ForTests", "XTS", `"XTS"` + hint},
		{"LowerCase", "usd", `"usd" is not a currency; send it in capitals: USD`},
		{"MixedCase", "Eur", `"Eur" is not a currency; send it in capitals: EUR`},
		{"Long", strings.Repeat("é", 41), `"` + strings.Repeat("é", 40) + `"` + hint},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := money.ParseCurrency(test.code)
			mustBeError(t, err, &money.Error{Rule: money.RuleCurrency, Message: test.message})
			if got != "" {
				t.Errorf("refused, and yet answered %q", got)
			}
		})
	}
}

// TestScalesStandStill fails when an update of golang.org/x/text gives a
// currency other decimals. Amounts in the database would then mean ten or a
// hundred times as much or as little: they need a migration before the update.
func TestScalesStandStill(t *testing.T) {
	want := map[int]string{
		0: "ADP AFN ALL AMD BIF BYR CLP COP DJF ESP GNF GYD IDR IQD IRR ISK ITL JPY " +
			"KMF KPW KRW LAK LBP LUF MGA MGF MMK MNT MRO MUR PKR PYG RSD RWF SLL SOS " +
			"STD SYP TMM TRL TZS UGX UYI UZS VND VUV XAF XOF XPF YER ZMK ZWD",
		3: "BHD JOD KWD LYD OMR TND",
		4: "CLF",
	}
	got := map[int]string{}
	for _, code := range threeLetters() {
		if _, err := money.ParseCurrency(code); err != nil {
			continue
		}
		if scale := money.Scale(code); scale != 2 {
			got[scale] = strings.TrimSpace(got[scale] + " " + code)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("currencies without 2 decimals (-want +got):\n%s", diff)
	}
}

func TestScaleOfUnknownCurrency(t *testing.T) {
	for _, code := range []string{"", "AAA", "XXX", "dollars"} {
		if got := money.Scale(code); got != 2 {
			t.Errorf("Scale(%q) = %d, want 2", code, got)
		}
	}
}

// threeLetters returns all texts of three capitals, AAA to ZZZ.
func threeLetters() []string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var texts []string
	for _, a := range letters {
		for _, b := range letters {
			for _, c := range letters {
				texts = append(texts, string([]rune{a, b, c}))
			}
		}
	}
	return texts
}
