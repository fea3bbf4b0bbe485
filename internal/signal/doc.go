// Package signal finds out what a text has, before rules judge it: terms,
// dangerous substances, patterns such as a key or a fragment of a script, what
// it says in other writings, what it is about, and plain figures. All of it is
// found in one reading, with the place in the text as the client sent it.
//
// Nothing here is a verdict. A prompt in three scripts may be a poem, and one
// of high entropy a list of names; a rule puts such figures together with what
// else is known about a request.
package signal
