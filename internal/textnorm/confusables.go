package textnorm

// confusables maps letters that pass for a Latin one to that letter. Keys are
// case folded and decomposed, values are lower-case ASCII.
//
// It is a choice, not the whole of Unicode's table (UTS #39): the Cyrillic and
// Greek letters, which keyboards and generators of look-alike text offer, and
// the Latin letters without a decomposition. A letter is
// chosen by its small form; where only its capital looks Latin (в as В), by
// that one, so that both cases of a word stay equal.
var confusables = map[rune]rune{
	// Cyrillic
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'ѕ': 's', 'һ': 'h', 'н': 'h',
	'і': 'i', 'ӏ': 'l', 'ј': 'j', 'к': 'k', 'м': 'm', 'о': 'o', 'р': 'p', 'ԛ': 'q',
	'т': 't', 'ц': 'u', 'ѵ': 'v', 'ԝ': 'w', 'х': 'x', 'у': 'y', 'ү': 'y', 'ғ': 'f',
	'ԍ': 'g', 'є': 'e', 'ӕ': 'a', 'ҽ': 'e', 'ո': 'n', 'ս': 'u', 'օ': 'o',
	// Greek
	'α': 'a', 'β': 'b', 'ϲ': 'c', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'μ': 'm',
	'ν': 'v', 'ο': 'o', 'ρ': 'p', 'σ': 'o', 'τ': 't', 'υ': 'u', 'χ': 'x', 'γ': 'y',
	'ζ': 'z', 'ω': 'w', 'ϳ': 'j',
	// Latin without a decomposition
	'ı': 'i', 'ɩ': 'i', 'ɪ': 'i', 'ȷ': 'j', 'ø': 'o', 'ł': 'l', 'đ': 'd', 'ð': 'd',
	'ħ': 'h', 'ŧ': 't', 'ƀ': 'b', 'ɓ': 'b', 'ɖ': 'd', 'ɗ': 'd', 'ƒ': 'f', 'ɡ': 'g', 'ɢ': 'g',
	'ɑ': 'a', 'ᴀ': 'a', 'ʙ': 'b', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ə': 'e', 'ɛ': 'e', 'ꜰ': 'f',
	'ʜ': 'h', 'ᴊ': 'j', 'ᴋ': 'k', 'ʟ': 'l', 'ᴍ': 'm', 'ɴ': 'n', 'ŋ': 'n', 'ᴏ': 'o', 'ᴘ': 'p',
	'ʀ': 'r', 'ꜱ': 's', 'ᴛ': 't', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ʏ': 'y', 'ᴢ': 'z',
}
