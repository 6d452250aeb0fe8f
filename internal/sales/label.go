package sales

// Labelled is what the input of every mutation has beside: a text of the client's
// own, which GraphQL's answer repeats. No rule looks at it.
type Labelled struct{ ClientMutationID *Label }

// Label is that text.
type Label string

// Label returns it, or nil when the client gave none.
func (l Labelled) Label() *string { return (*string)(l.ClientMutationID) }
