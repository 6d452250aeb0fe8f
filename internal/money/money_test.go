package money_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dealflow/internal/money"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, decimal, currency string
		want                    int64
		decimalBack             string
	}{
		{"Cents", "122.22", "USD", 12222, "122.22"},
		{"WholeUnits", "122", "USD", 12200, "122.00"},
		{"OneDecimal", "0.5", "EUR", 50, "0.50"},
		{"SmallestUnit", "0.01", "USD", 1, "0.01"},
		{"Zero", "0", "USD", 0, "0.00"},
		{"LeadingZeros", "0012.5", "USD", 1250, "12.50"},
		{"TrailingZeros", "1.50000", "USD", 150, "1.50"},
		{"NoDecimals", "1500", "JPY", 1500, "1500"},
		{"NoDecimalsButZeros", "1500.00", "JPY", 1500, "1500"},
		{"ThreeDecimals", "1.234", "KWD", 1234, "1.234"},
		{"FourDecimals", "1.2345", "CLF", 12345, "1.2345"},
		{"Greatest", "100000000000.00", "USD", money.MaxAmount, "100000000000.00"},
		{"GreatestWithoutDecimals", "10000000000000", "JPY", money.MaxAmount, "10000000000000"},
		{"ManyLeadingZeros", strings.Repeat("0", 100) + "1", "USD", 100, "1.00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := money.Parse(test.decimal, test.currency)
			if err != nil {
				t.Fatal(err)
			}
			want := money.Money{Amount: test.want, Currency: test.currency}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("money (-want +got):\n%s", diff)
			}
			if got := got.Decimal(); got != test.decimalBack {
				t.Errorf("Decimal() = %q, want %q", got, test.decimalBack)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const hint = " is not a decimal; send digits, with a point before the decimals, such as 1200.50"
	tests := []struct {
		name, decimal, currency string
		rule, message           string
	}{
		{"Empty", "", "USD", money.RuleDecimal, `""` + hint},
		{"Words", "ten", "USD", money.RuleDecimal, `"ten"` + hint},
		{"Exponent", "1e3", "USD", money.RuleDecimal, `"1e3"` + hint},
		{"ThousandsSeparator", "1,200.50", "USD", money.RuleDecimal, `"1,200.50"` + hint},
		{"DecimalComma", "12,50", "USD", money.RuleDecimal, `"12,50"` + hint},
		{"Plus", "+1", "USD", money.RuleDecimal, `"+1"` + hint},
		{"SpaceBefore", " 1", "USD", money.RuleDecimal, `" 1"` + hint},
		{"SpaceAfter", "1\n", "USD", money.RuleDecimal, `"1\n"` + hint},
		{"NothingBeforePoint", ".5", "USD", money.RuleDecimal, `".5"` + hint},
		{"NothingAfterPoint", "5.", "USD", money.RuleDecimal, `"5."` + hint},
		{"OnlyPoint", ".", "USD", money.RuleDecimal, `"."` + hint},
		{"TwoPoints", "1.2.3", "USD", money.RuleDecimal, `"1.2.3"` + hint},
		{"OnlyMinus", "-", "USD", money.RuleDecimal, `"-"` + hint},
		{"TwoMinuses", "--1", "USD", money.RuleDecimal, `"--1"` + hint},
		{"Underscore", "1_000", "USD", money.RuleDecimal, `"1_000"` + hint},
		{"Hexadecimal", "0x10", "USD", money.RuleDecimal, `"0x10"` + hint},
		{"Infinity", "Inf", "USD", money.RuleDecimal, `"Inf"` + hint},
		{"OtherDigits", "١٢", "USD", money.RuleDecimal, `"١٢"` + hint},
		{"Long", strings.Repeat("x", 41), "USD", money.RuleDecimal, `"` + strings.Repeat("x", 40) + `"` + hint},
		{"Negative", "-12.50", "USD", money.RuleMin, `"-12.50" is negative; an amount is 0 or more`},
		{"NegativeZero", "-0", "USD", money.RuleMin, `"-0" is negative; an amount is 0 or more`},
		{"TooManyDecimals", "1.234", "USD", money.RuleScale,
			`"1.234" has 3 decimals; an amount in USD has at most 2`},
		{"TooManyDecimalsOfThree", "1.23450", "KWD", money.RuleScale,
			`"1.23450" has 4 decimals; an amount in KWD has at most 3`},
		{"DecimalsWhereNone", "1.5", "JPY", money.RuleScale,
			`"1.5" has decimals; an amount in JPY is a whole number`},
		{"AboveMax", "100000000000.01", "USD", money.RuleMax,
			`"100000000000.01" is too much; an amount is at most 100000000000.00 USD`},
		{"AboveInt64", "9223372036854775808", "JPY", money.RuleMax,
			`"9223372036854775808" is too much; an amount is at most 10000000000000 JPY`},
		{"NoCurrency", "1", "", money.RuleCurrency,
			`"" is not a currency; send a code of ISO 4217, such as USD`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := money.Parse(test.decimal, test.currency)
			mustBeError(t, err, &money.Error{Rule: test.rule, Message: test.message})
			if diff := cmp.Diff(money.Money{}, got); diff != "" {
				t.Errorf("refused, and yet answered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	tests := []struct {
		name     string
		amount   int64
		currency string
		want     string
	}{
		{"Negative", -12222, "USD", "-122.22"},
		{"NegativeBelowOne", -5, "USD", "-0.05"},
		{"Zero", 0, "USD", "0.00"},
		{"ZeroWithoutDecimals", 0, "JPY", "0"},
		{"NegativeWithoutDecimals", -7, "JPY", "-7"},
		{"ThreeDecimals", 5, "KWD", "0.005"},
		{"Sum", 900_000 * money.MaxAmount, "USD", "90000000000000000.00"},
		{"Greatest", math.MaxInt64, "USD", "92233720368547758.07"},
		{"Least", math.MinInt64, "USD", "-92233720368547758.08"},
		{"LeastWithoutDecimals", math.MinInt64, "JPY", "-9223372036854775808"},
		{"UnknownCurrency", 150, "", "1.50"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := money.Format(test.amount, test.currency); got != test.want {
				t.Errorf("Format(%d, %q) = %q, want %q", test.amount, test.currency, got, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"122.22", "USD"}, {"1500", "JPY"}, {"1.234", "KWD"}, {"1.50000", "EUR"}, {"-1", "USD"},
		{"100000000000.01", "USD"}, {"1e3", "USD"}, {"1", "usd"}, {"1", "XXX"}, {"٣", "USD"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, decimal, currency string) {
		m, err := money.Parse(decimal, currency)
		if err != nil {
			if e, ok := errors.AsType[*money.Error](err); !ok || e.Rule == "" || e.Message == "" {
				t.Errorf("Parse(%q, %q): %#v says too little", decimal, currency, err)
			}
			return
		}
		if m.Amount < 0 || m.Amount > money.MaxAmount || m.Currency != currency {
			t.Errorf("Parse(%q, %q) = %+v", decimal, currency, m)
		}
		// The canonical text differs from the one given in zeros alone.
		if got, want := withoutZeros(m.Decimal()), withoutZeros(decimal); got != want {
			t.Errorf("Parse(%q, %q).Decimal() = %q", decimal, currency, m.Decimal())
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add(int64(12222), "USD")
	f.Add(money.MaxAmount, "KWD")
	f.Add(int64(math.MinInt64), "JPY")
	f.Fuzz(func(t *testing.T, amount int64, currency string) {
		text := money.Format(amount, currency)
		got, err := money.Parse(text, currency)
		if _, known := money.ParseCurrency(currency); known != nil || amount < 0 || amount > money.MaxAmount {
			if err == nil {
				t.Errorf("Parse(%q, %q) = %+v, want an error", text, currency, got)
			}
			return
		}
		if want := (money.Money{Amount: amount, Currency: currency}); err != nil || got != want {
			t.Errorf("Parse(%q, %q) = %+v, %v, want %+v", text, currency, got, err, want)
		}
	})
}

// withoutZeros drops the zeros that do not change a decimal's value.
func withoutZeros(decimal string) string {
	if strings.Contains(decimal, ".") {
		decimal = strings.TrimRight(strings.TrimRight(decimal, "0"), ".")
	}
	return strings.TrimLeft(decimal, "0")
}

// mustBeError stops the test unless err is the *money.Error wanted.
func mustBeError(t *testing.T, err error, want *money.Error) {
	t.Helper()
	got, ok := errors.AsType[*money.Error](err)
	if !ok {
		t.Fatalf("error %v is no *money.Error", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("error (-want +got):\n%s", diff)
	}
}
