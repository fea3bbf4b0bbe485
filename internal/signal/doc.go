// Package signal measures texts for rules: plain figures that a rule compares
// with a threshold of its own, such as a length, a share of letters or how many
// characters do not show.
//
// Nothing here is a verdict. A prompt in three scripts may be a poem, and one
// of high entropy a list of names; a rule puts such figures together with what
// else is known about a request.
package signal
