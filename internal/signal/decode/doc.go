// Package decode finds what a text says in another writing: in base64, hex or
// URL escapes, with HTML entities, in rot13 or backwards (all of it or each of
// its words), in leet, with its letters spaced out or doubled, or in
// characters that do not show.
//
// [Layers] returns the text again for each such writing, with the encoded part
// decoded in its place: "explain c2FyaW4= please" has the layer "explain sarin
// please". A rule about a word, and the classifier, so judge every layer like
// the text itself, and whoever encodes a request gains nothing. What is found
// in a layer is told by its place in the text that the client sent: see
// [Layer.Origin].
//
// Ordinary texts have no layer, and looking at one takes two microseconds (of
// 300 bytes) and no memory. Names of chemicals, SMILES, CAS numbers, versions,
// brand names, numbers and long words are ordinary. A rule may so take a layer
// by itself as a sign: nobody asks for a scent in base64.
//
// Names and formulas of chemicals show no language by which one could tell how
// they are written. Of a short text with something like them, Layers also
// guesses: see [Layer.Guess].
//
// Decoding is bounded in depth, in the number of layers and in bytes. A text
// that would have more is reported as truncated, which a rule may refuse.
package decode
