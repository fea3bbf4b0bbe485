// Package pattern finds what has a form of its own in a text: personal data,
// secrets, fragments of code that attack whoever interprets them, and
// identifiers of chemicals.
//
// A rule author gets each as a [Kind] with its place in the text. A team so
// refuses card numbers on one route and only counts them on another, keeps
// markup out of a service that shows its answers on a page, or asks for the CAS
// numbers in a prompt and compares them with a table. Where a number has a
// check digit it is checked, and a form that ordinary prose may have by chance
// is no match: scents with an ampersand, prices, "notes: top -> heart -> base",
// a smile or a heart, 5'- in the name of a chemical.
//
// What is encoded is found in the layers of package decode: look at each of
// them, too.
package pattern
