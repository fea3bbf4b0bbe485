// Package promptpolicy decides with Rego whether a request may pass. It compiles
// a directory of rules, data and JSON Schemas into a [Policy], and keeps the
// policy of a changing directory current with an [Engine], which lets a new
// version in only when it compiles, passes its own tests and answers sensibly.
//
// Everything that is not a well-formed decision is an error, and an error is
// a refusal: the package never allows by silence. No error text contains
// anything of a prompt.
package promptpolicy
