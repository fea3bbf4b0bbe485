package grammar

import (
	"fmt"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
)

// Tokenise splits a SMILES into tokens: bare atoms ("C", "Cl", "c"), whole
// bracket atoms ("[nH]"), bonds, parentheses, dots and ring numbers ("1",
// "%10"). It checks each token alone, not how they follow each other; the error
// is a *chem.SyntaxError.
func Tokenise(smiles string) ([]string, error) {
	if len(smiles) > chem.MaxLength {
		return nil, &chem.SyntaxError{
			Pos: chem.MaxLength,
			Msg: fmt.Sprintf("text longer than the %d bytes allowed", chem.MaxLength),
		}
	}
	tokens := make([]string, 0, len(smiles))
	for pos := 0; pos < len(smiles); {
		text := firstToken(smiles[pos:])
		if _, ok := readToken(text); !ok {
			return nil, &chem.SyntaxError{Pos: pos, Msg: fmt.Sprintf("%.16q is no SMILES token", text)}
		}
		tokens = append(tokens, text)
		pos += len(text)
	}
	return tokens, nil
}

// firstToken returns the token that a text begins with, as far as its first
// character tells.
func firstToken(text string) string {
	switch {
	case text[0] == '[':
		if end := strings.IndexByte(text, ']'); end >= 0 {
			return text[:end+1]
		}
		return text
	case text[0] == '%':
		return text[:min(3, len(text))]
	case strings.HasPrefix(text, "Cl"), strings.HasPrefix(text, "Br"):
		return text[:2]
	}
	return text[:1]
}
