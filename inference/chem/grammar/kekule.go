package grammar

// maxUnsettled is the most aromatic atoms that may be unsettled at one time for
// the grammar to follow their Kekulé form.
const maxUnsettled = 6

// piSets is a family of sets over up to six unsettled atoms, one bit a set.
// Each set lists the unsettled atoms that still lack a double bond in one way
// of placing double bonds so far that leaves no settled atom without. An empty
// family means that there is no such way: no Kekulé form can come of the text.
// Following all of them at once decides a perfect matching exactly, in one pass
// over the text (dynamic programming over a moving frontier).
type piSets uint64

// onlyEmpty is the family of the empty set.
const onlyEmpty piSets = 1

// lacking[i] are the sets that contain atom i.
var lacking = [maxUnsettled]piSets{
	0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
	0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000,
}

// add brings in an atom that lacks a double bond.
func (f piSets) add(i uint8) piSets { return f << (1 << i) }

// satisfy gives an atom a reason to do without a double bond in the aromatic
// system. Where it has one already that is impossible.
func (f piSets) satisfy(i uint8) piSets { return f & lacking[i] >> (1 << i) }

// exclude rules out that an atom has a double bond already.
func (f piSets) exclude(i uint8) piSets { return f & lacking[i] }

// settle lets an atom go that can have no more bonds.
func (f piSets) settle(i uint8) piSets { return f &^ lacking[i] }

// join adds an aromatic bond, which may become a double one.
func (f piSets) join(i, j uint8) piSets {
	return f | f&lacking[i]&lacking[j]>>(1<<i+1<<j)
}
