// Package document keeps trusted documents: operations that an operator has
// published for a client, such as a partner's program, which then asks for them by
// their ids. A key of the client runs these, and nothing else.
//
// A client's build writes its operations into a manifest (manifest.go); each is
// checked (check.go) and written into the database (publish.go), where the server
// finds it when a request names it (library.go, extension.go). Versions of an
// operation stand side by side, each under an id of its own, until they are
// retired: a program that is not up to date goes on working.
//
// First-party clients, whose texts need no leave, may leave out those that they
// have sent before (apq.go).
package document
