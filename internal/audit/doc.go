// Package audit keeps a trail of security events that cannot be changed
// unnoticed: append-only segments of records, chained by hashes, signed, and if
// wanted encrypted so that not even the writer can read them afterwards.
//
// # Records
//
// A trail is a folder of segments, 00000001.audit and so on. A segment is a
// text file of records, one a line, each in canonical JSON (RFC 8785):
//
//	{"body":…,"prev":"…","seq":12}
//
// seq counts the records of the whole trail from 1. prev is the SHA-256 of the
// line before, without its line feed, in base64; the first record of the trail
// has the hash of nothing but zeros. So each record commits to all before it,
// over the ends of segments too. The body is an event:
//
//	{"event":"request.refused","fields":{…},"principal":"…",
//	 "request":"…","time":"…"}
//
// or, in an encrypted trail, a string: the sealed event in base64. Hashes are
// of what is on the disk, so that a trail is verified without a key.
//
// The events whose names begin with "trail." are the trail's own, and are never
// sealed: a verifier needs them, and they say nothing of a request.
//
//	trail.segment    the first record of a segment: format, trail, number, public key
//	trail.signature  a signature of the record before
//	trail.gap        events that could not be recorded, and how many
//	trail.clock      the clock went back
//	trail.rollback   the trail was not what it was when it was signed last
//	trail.retention  segments that were deleted because they were old
//
// # Signatures
//
// A signature is Ed25519, over the text of a [Checkpoint] of the record before:
// the trail, the record's number and hash, the segment, and the time. It is
// made after the first record of a segment, after a number of records, after a
// time, and at the end of a segment. So the second record of every segment is a
// signature, and a segment without it was not begun. The first record says with
// max_unsigned how many records without a signature may follow each other; more
// are a fault. A trail goes on after a restart only if the last segment and the
// one before it fit together and all their signatures fit.
//
// What was written since the last signature
// is protected by nothing but the chain, which anyone can compute who may write
// the file. And whoever has the signing key can write another history. Against
// both there are checkpoints that are kept elsewhere: a verifier that has one
// finds any change before it, with the key or without.
//
// The last checkpoint is also kept beside the signing key. A trail that does
// not have what it vouches for was rolled back, or somebody wrote there without
// the key. Whoever opens it refuses that or records it, as [Options] say. That
// holds against those who can write the segments, but not where the key is.
//
// A new key is endorsed by the one before it: a signature over
//
//	odordiff-audit key <the new public key in base64>
//
// which the next segment's first record carries.
//
// # Encryption
//
// Each segment has a key of its own: 32 random bytes, encrypted to the
// recipients as an ordinary age file, which stands in the segment's first
// record. From this chain key come a sealing key and the next chain key:
//
//	next ‖ seal = HKDF-Expand(SHA-256, chain, "odordiff-audit/1 seal", 64)
//
// An event is sealed with ChaCha20-Poly1305 under its own sealing key, with the
// number of the event in its segment, from 0, as the nonce (a 64-bit
// little-endian number and four zeros), and with the trail's id, a line feed
// and seq as additional data. Then the chain key is overwritten by the next. So
// a process can seal further events, but cannot open those that it wrote: it
// takes the identity of a recipient, and the segment from its start. age
// encrypts in chunks of 64 KiB; here every record is whole on the disk by
// itself, so none that was acknowledged waits for a chunk to fill.
//
// What this does not do: it does not hide how many events there are, when they
// were written within the bounds of the signatures, and how long each is. It
// does not protect events from whoever controls the process while they happen.
// Go's runtime may have copied a key before it was overwritten. And age does
// not authenticate who encrypted: that an event is the gateway's follows from
// the chain and its signatures.
package audit
