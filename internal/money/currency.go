package money

import "golang.org/x/text/currency"

// defaultScale is the decimals CLDR gives a currency it says nothing about.
const defaultScale = 2

// ParseCurrency returns code if it is the code of a currency: three capitals
// that ISO 4217 gives to one, today or in the past. Lower case is refused, so
// that a currency has one spelling in the database; so are XXX and XTS, which
// stand for no currency and for tests.
//
// Any error is an [*Error] whose Rule is [RuleCurrency].
func ParseCurrency(code string) (string, error) {
	unit, err := currency.ParseISO(code)
	if err != nil || unit == currency.XXX || unit == currency.XTS {
		return "", errCurrency(code)
	}
	if code != unit.String() {
		return "", errCurrencyCase(code, unit.String())
	}
	// The library's string, not the caller's, which may be part of a request.
	return unit.String(), nil
}

// Scale returns how many decimals a currency has: 2 for USD, 0 for JPY, 3 for
// KWD; and 2, the commonest, for a code that [ParseCurrency] refuses.
func Scale(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return defaultScale
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}
