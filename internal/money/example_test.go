package money_test

import (
	"errors"
	"fmt"

	"dealflow/internal/money"
)

func ExampleParse() {
	m, err := money.Parse("122.2", "USD")
	fmt.Println(m.Amount, m.Currency, m.Decimal(), err)
	// Output: 12220 USD 122.20 <nil>
}

func ExampleError() {
	_, err := money.Parse("1.5", "JPY")
	if e, ok := errors.AsType[*money.Error](err); ok {
		fmt.Println(e.Rule)
		fmt.Println(e.Message)
	}
	// Output:
	// scale
	// "1.5" has decimals; an amount in JPY is a whole number
}

func ExampleFormat() {
	fmt.Println(money.Format(-5, "USD"), money.Format(1500, "JPY"), money.Format(1234, "KWD"))
	// Output: -0.05 1500 1.234
}
