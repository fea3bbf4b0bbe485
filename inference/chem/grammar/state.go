package grammar

import "fmt"

// Limits on what a State follows. A token that would go beyond is not allowed.
const (
	// MaxPath is the longest way, in atoms, from the first atom to the last.
	MaxPath = 128
	// MaxOpenRings is the most ring numbers open at one time.
	MaxOpenRings = 12
	// MaxBranchDepth is how deep branches may be nested.
	MaxBranchDepth = 24
)

// State is a prefix of a SMILES. It is a value: assigning it copies it, and
// nothing is allocated. Grammar.Start makes one.
//
// Only the atoms on the way from the first one to the last are kept, since all
// others are complete.
type State struct {
	head
	path [MaxPath]place
}

// head is a State but for the atoms.
type head struct {
	grammar *Grammar
	// tip is the place on the path of the last atom, -1 if there is none.
	tip int16
	// pending is the bond symbol waiting for its second atom, 0 for none.
	pending byte
	// fresh reports whether a branch has just been opened.
	fresh bool
	// numbered reports whether ring numbers may follow: no branch has yet.
	numbered bool

	nRings, nBranches uint8
	rings             [MaxOpenRings]openRing
	branches          [MaxBranchDepth]int16 // the places that branches start from

	// pi follows the double bonds of the aromatic atoms; tracked are the
	// numbers in use in it, and trackedAt the place of the atom that has each.
	pi        piSets
	tracked   uint8
	trackedAt [maxUnsettled]int16
	// untracked reports whether there were too many unsettled atoms: the Kekulé
	// form is then left to chem.Parse.
	untracked bool

	// bonded are the places that the tip has closed rings to.
	bonded  [anyValence]int16
	nBonded uint8
}

// copyTo makes another state equal, which assigning does too, but without the
// unused rest of the path.
func (s *State) copyTo(other *State) {
	other.head = s.head
	copy(other.path[:s.tip+1], s.path[:s.tip+1])
}

// openRing is a ring number waiting for its partner.
type openRing struct {
	number uint8
	symbol byte
	place  int16
}

// place is an atom on the path.
type place struct {
	atom atom // with what is left of its valence
	// open counts its ring numbers that wait for their partner.
	open uint8
	// unsettled is its number in the family of sets, or settled.
	unsettled uint8
	need      ringNeed
}

// settled stands for an atom that is not in the family of sets.
const settled = 255

// ringNeed is what has to become part of a ring yet.
type ringNeed uint8

const (
	noNeed ringNeed = iota
	// atomNeed is an aromatic atom outside rings so far.
	atomNeed
	// bondNeed is an aromatic bond to the atom before, outside rings so far.
	bondNeed
)

// Push appends a token. The error says why it cannot stand here; the state is
// then as it was. Push does not know how long the text will be: that a text of
// a given length can be completed is what Allowed looks after.
func (s *State) Push(id int) error {
	t, err := s.grammar.token(id)
	if err != nil {
		return err
	}
	next := *s
	if fault := next.push(&t); fault != fits {
		return fmt.Errorf("token %d (%q): %s", id, s.grammar.words[id], fault)
	}
	*s = next
	return nil
}

// Complete reports whether the text may end here.
func (s *State) Complete() bool {
	return s.tip >= 0 && s.nBranches == 0 && s.nRings == 0 && s.pending == 0 &&
		s.path[s.tip].need == noNeed && s.pi&onlyEmpty != 0
}

// push appends a token. After a fault the state is of no use.
func (s *State) push(t *token) fault {
	switch t.kind {
	case atomToken:
		return s.pushAtom(t.atom)
	case bondToken:
		return s.pushBond(t.symbol)
	case openToken:
		return s.openBranch()
	case closeToken:
		return s.closeBranch()
	case ringToken:
		return s.pushNumber(t.number)
	case dotToken:
		return s.pushDot()
	}
	return noToken
}

// fault says why a token cannot stand somewhere.
type fault uint8

const (
	fits fault = iota
	noToken
	noAtomBefore
	bondDangles
	tooManyBonds
	outsideRing
	noDash
	noKekule
	emptyBranch
	noBranch
	ringLeftOpen
	lateNumber
	ringTooSmall
	ringSymbols
	tooLarge
	badBond
	badDot
)

var faultTexts = [...]string{ //nolint:gosec // these are no credentials
	fits:         "fits",
	noToken:      "no token of SMILES",
	noAtomBefore: "no atom before it",
	bondDangles:  "a bond waits for its atom",
	tooManyBonds: "an atom would have too many bonds",
	outsideRing:  "an aromatic atom would be in no ring",
	noDash:       "a single bond between aromatic atoms is written '-'",
	noKekule:     "no Kekulé form could come of it",
	emptyBranch:  "the branch is empty",
	noBranch:     "no branch is open",
	ringLeftOpen: "a ring opened in the branch is not closed in it",
	lateNumber:   "ring numbers stand directly after their atom",
	ringTooSmall: "the ring would have fewer than three atoms, or a bond twice",
	ringSymbols:  "the ring bond has another symbol at its other end",
	tooLarge:     "beyond the limits of the grammar",
	badBond:      "this bond cannot stand here",
	badDot:       "a ring or a branch is open",
}

func (f fault) String() string { return faultTexts[f] }
