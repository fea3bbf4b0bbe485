// Package grammar says which SMILES tokens may follow a prefix, for code that
// writes molecules token by token: what it lets through ends as a complete text
// of a given length, with every ring and branch closed, no valence exceeded and
// a Kekulé form for the aromatic atoms.
//
// A text is taken to be what a depth-first writer writes, as [chem] and RDKit
// do. What SMILES allows and such writers never do is refused:
//
//   - a ring bond between branches, rather than to an atom on the way back to
//     the first one, as in C(C1)C1;
//   - a ring number after a branch, as in C(C)1CC1;
//   - an aromatic bond that is in no ring: a single bond between two aromatic
//     atoms is written "-";
//   - a ring number whose bond is "#" or "$";
//   - the bond ":", and "." inside a branch or while a ring is open.
//
// # How it works
//
// A [State] (state.go) is a prefix of a text. It keeps the atoms on the way
// from the first atom to the last, the open branches and the open rings;
// atoms.go and rings.go say what each token does to it. Of aromatic atoms it
// follows, in all ways at once, which of them lack a double bond (kekule.go).
//
// A token is allowed if, once it stands, the text can still end in exactly the
// tokens that are left. complete.go decides that: by a short completion found
// without a search (shortcompletion.go, with the chain of carbons of chain.go
// that closes all rings), or else by a bounded search.
//
// The grammar knows no names and no statistics: whatever obeys the rules may
// follow.
package grammar
