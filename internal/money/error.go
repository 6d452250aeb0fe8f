package money

import "fmt"

// The rules an [Error] may name. They are part of the API's contract.
const (
	RuleCurrency = "currency" // the code of a currency
	RuleDecimal  = "decimal"  // digits, and a point between digits
	RuleMax      = "max"      // at most MaxAmount
	RuleMin      = "min"      // not negative
	RuleScale    = "scale"    // no more decimals than the currency has
)

// Error says why a text is no amount of money or no currency.
type Error struct {
	Rule    string // the rule it breaks, one of RuleCurrency and so on
	Message string // for the API's clients; says what to send instead
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// The messages quote at most 40 characters of what was given (%.40q), so that
// a stray document does not come back whole.

func errCurrency(code string) error {
	return &Error{RuleCurrency, fmt.Sprintf(
		"%.40q is not a currency; send a code of ISO 4217, such as USD", code)}
}

func errCurrencyCase(code, want string) error {
	return &Error{RuleCurrency, fmt.Sprintf(
		"%.40q is not a currency; send it in capitals: %s", code, want)}
}

func errDecimal(decimal string) error {
	return &Error{RuleDecimal, fmt.Sprintf(
		"%.40q is not a decimal; send digits, with a point before the decimals, such as 1200.50", decimal)}
}

func errMin(decimal string) error {
	return &Error{RuleMin, fmt.Sprintf("%.40q is negative; an amount is 0 or more", decimal)}
}

func errMax(decimal, currency string) error {
	return &Error{RuleMax, fmt.Sprintf("%.40q is too much; an amount is at most %s %s",
		decimal, Format(MaxAmount, currency), currency)}
}

func errScale(decimal string, decimals int, currency string, scale int) error {
	if scale == 0 {
		return &Error{RuleScale, fmt.Sprintf(
			"%.40q has decimals; an amount in %s is a whole number", decimal, currency)}
	}
	return &Error{RuleScale, fmt.Sprintf("%.40q has %d decimals; an amount in %s has at most %d",
		decimal, decimals, currency, scale)}
}
