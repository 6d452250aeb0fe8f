// Package money reads and writes amounts of money: a decimal text in the API,
// a whole number of the currency's minor units in the database.
//
// How many decimals a currency has is what Unicode's CLDR says, through
// golang.org/x/text/currency: 2 for most, 0 for JPY, 3 for KWD. For some it is
// fewer than in ISO 4217, because nobody uses the coins: COP, IDR, PKR and RSD
// have 0. Amounts in the database mean what these decimals make of them, so a
// change of any of them is a migration; a test holds them still.
package money

import (
	"math"
	"strconv"
	"strings"
)

// MaxAmount is the greatest amount, in minor units, that [Parse] accepts:
// 10^13, a hundred billion dollars. It keeps sums safe: 900,000 amounts of
// this size still fit an int64, the type the databases add them up in.
const MaxAmount int64 = 10_000_000_000_000

// Money is an amount in a currency.
type Money struct {
	Amount   int64  // in the currency's minor units: cents for USD, yen for JPY
	Currency string // ISO 4217 code, such as "USD"
}

// Decimal returns the amount as [Parse] reads it, with all of the currency's
// decimals: "122.22", "122.00". It does not name the currency.
func (m Money) Decimal() string {
	return Format(m.Amount, m.Currency)
}

// Parse returns the money that a decimal, such as "122.22", is in a currency.
//
// It takes digits, and a point between digits; no sign, exponent, thousands
// separators or spaces. Zeros may follow past the currency's decimals, other
// digits may not: nothing is rounded. The amount is 0 to [MaxAmount].
//
// Any error is an [*Error], whose Rule names what was broken.
func Parse(decimal, currency string) (Money, error) {
	currency, err := ParseCurrency(currency)
	if err != nil {
		return Money{}, err
	}
	whole, frac, err := splitDecimal(decimal)
	if err != nil {
		return Money{}, err
	}
	frac = strings.TrimRight(frac, "0")
	scale := Scale(currency)
	if len(frac) > scale {
		return Money{}, errScale(decimal, len(frac), currency, scale)
	}
	amount, ok := minorUnits(whole + frac + zeros(scale-len(frac)))
	if !ok {
		return Money{}, errMax(decimal, currency)
	}
	return Money{Amount: amount, Currency: currency}, nil
}

// Format returns an amount in minor units as a decimal with all of the
// currency's decimals. Unlike [Parse] it takes any amount, so that it serves
// sums and differences too: Format(-5, "USD") is "-0.05".
func Format(amount int64, currency string) string {
	sign, magnitude := "", uint64(amount)
	if amount < 0 {
		// Negating the unsigned value is right even for the least int64.
		sign, magnitude = "-", -magnitude
	}
	text := strconv.FormatUint(magnitude, 10)
	scale := Scale(currency)
	if scale == 0 {
		return sign + text
	}
	text = zeros(scale+1-len(text)) + text
	point := len(text) - scale
	return sign + text[:point] + "." + text[point:]
}

// splitDecimal returns the digits before and after the point of a decimal.
func splitDecimal(decimal string) (whole, frac string, err error) {
	unsigned, negative := strings.CutPrefix(decimal, "-")
	whole, frac, hasPoint := strings.Cut(unsigned, ".")
	if !isDigits(whole) || hasPoint && !isDigits(frac) {
		return "", "", errDecimal(decimal)
	}
	if negative {
		return "", "", errMin(decimal)
	}
	return whole, frac, nil
}

// isDigits reports whether s is digits, at least one.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// minorUnits returns the number digits stand for, and false if it is above
// MaxAmount.
func minorUnits(digits string) (int64, bool) {
	amount, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		// They are digits, so all that can be wrong is that they are too many.
		amount = math.MaxInt64
	}
	return amount, amount <= MaxAmount
}

// zeros returns n zeros, none for a negative n.
func zeros(n int) string {
	return strings.Repeat("0", max(n, 0))
}
