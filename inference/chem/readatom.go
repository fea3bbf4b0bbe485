package chem

// ReadAtom reads one atom as SMILES writes it, "C", "Cl", "c", "[nH]" or
// "[C@@H]", and nothing else. An unbracketed atom has no hydrogens yet: they
// depend on its bonds. The error is a *SyntaxError.
func ReadAtom(text string) (atom Atom, bracket bool, err error) {
	if text == "" {
		return Atom{}, false, syntaxErrorf(0, "empty text")
	}
	if len(text) > MaxLength {
		return Atom{}, false, syntaxErrorf(MaxLength, "text longer than the %d bytes allowed", MaxLength)
	}
	s := newScanner(text)
	read := s.bareAtom
	if text[0] == '[' {
		read = s.bracketAtom
	}
	if err := read(); err != nil {
		return Atom{}, false, err
	}
	if s.pos < len(text) {
		return Atom{}, false, syntaxErrorf(s.pos, "unexpected %q after the atom", text[s.pos:s.pos+1])
	}
	return s.draft.mol.atoms[0], text[0] == '[', nil
}
