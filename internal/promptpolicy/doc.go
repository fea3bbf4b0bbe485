// Package promptpolicy decides with Rego whether a request may pass. It
// compiles a directory of rules, data and JSON Schemas into a [Policy]. An
// [Engine] keeps the policy of a changing directory current. It puts a new
// version in force only if it compiles, passes its own tests and decides a few
// trial requests sensibly.
//
// Everything that is not a well-formed decision is an error, and an error means
// a refusal: a request never passes because a decision is missing. No error
// text contains any part of a prompt.
package promptpolicy
