package odor

// refusalHere returns the refusal that begins at the current word and how many
// words it takes, 0 where there is none.
func (r *reader) refusalHere() (refusal, int) {
	first := r.tokens[r.at].text
	if first == "nor" && r.hasRefused() {
		return refusal{}, 0 // it joins one more to what is refused
	}
	if r.at+1 < len(r.tokens) && r.tokens[r.at+1].mark == word {
		if next, ok := refusals[first+" "+r.tokens[r.at+1].text]; ok {
			return next, 2
		}
	}
	if next, ok := refusals[first]; ok {
		return next, 1
	}
	return refusal{}, 0
}

// refuse begins a refusal behind the n words that say so. Two that follow one
// another cancel ("not without rose", "nothing other than rose"), unless the
// second only repeats the first ("don't want no musk").
func (r *reader) refuse(next refusal, n int) {
	if r.refusal.weight > 0 && !r.hasRefused() && (next.lasting || next.weight < 1) {
		r.refusal = refusal{}
		return
	}
	next.from = len(r.mentions)
	next.item = !next.lasting && r.behindComma(n)
	next.quality = next.quality && r.smellHere(r.at) > 0
	r.refusal = next
}

// behindComma reports whether a comma stands before the n words that were read
// last.
func (r *reader) behindComma(n int) bool {
	return r.at > n && r.tokens[r.at-n-1].mark == comma
}

// hasRefused reports whether the refusal in force has refused a smell.
func (r *reader) hasRefused() bool {
	return r.refusal.weight > 0 && len(r.mentions) > r.refusal.from
}

// resumes reports whether a word speaks of what is wanted again, after
// something was refused: "avoid musk and add rose".
func (r *reader) resumes(text string) bool {
	if !r.hasRefused() || r.behindOr() {
		return false
	}
	return wishes[text] || resumptions[text] && r.clause == len(r.mentions)
}

// behindOr reports whether "or" or "nor" stands before the current word.
func (r *reader) behindOr() bool {
	if r.at < 2 {
		return false
	}
	before := r.tokens[r.at-2].text
	return before == "or" || before == "nor"
}

// soften reads a word that weakens or cancels the refusal in force: "not too
// sweet" and "no heavy musk" ask for less, "not only floral" refuses nothing.
func (r *reader) soften(text string) bool {
	switch {
	case text == "only" || text == "just":
		r.refusal = refusal{}
	case excesses[text] || degrees[text] > 1:
		r.refusal.weight = min(r.refusal.weight, 0.5)
		r.refusal.single = true
	default:
		return false
	}
	return true
}

// refuseBehind refuses what stands before the word ("musk-free"); where
// nothing does, the word begins a refusal.
func (r *reader) refuseBehind() {
	if len(r.mentions) == r.clause {
		r.refuse(lasting, 1)
		return
	}
	r.mentions[len(r.mentions)-1].refused = 1
}

// joined reports whether the next word joins another smell to the refused one.
func (r *reader) joined() bool {
	return r.next("or") || r.next("nor") || r.refusal.lasting && r.next("and")
}

func (r *reader) next(text string) bool {
	return r.at < len(r.tokens) && r.tokens[r.at].text == text
}

// endRefusedItem reads a mark while a refusal is in force.
func (r *reader) endRefusedItem(m mark) {
	switch {
	case m == pause && !r.hasRefused():
		r.refusal.headed, r.refusal.lasting = true, true
	case m == comma && (r.refusal.headed || r.refusal.lasting && !r.hasRefused()):
	case m == comma && r.listGoesOn():
		r.refusal.listed = true
	default:
		r.refusal = refusal{}
	}
}

// longestList is how many words and commas a list of refused smells is followed
// for.
const longestList = 24

// listGoesOn reports whether a conjunction joins the rest of the list to what
// was refused: "no musk, vanilla or smoke", "without musk, vanilla and smoke".
// Only smells, commas and articles may stand before it.
func (r *reader) listGoesOn() bool {
	for at, end := r.at, min(len(r.tokens), r.at+longestList); at < end; {
		switch t := r.tokens[at]; {
		case t.text == "nor":
			return true
		case t.text == "or":
			return !r.refusal.item || at == r.at
		case t.text == "and":
			return r.refusal.lasting && (r.refusal.listed || at > r.at)
		case t.mark == comma || listed[t.text]:
			at++
		default:
			n := r.smellHere(at)
			if n == 0 {
				return false
			}
			at += n
		}
	}
	return false
}

// smellHere returns how many words of the smell begin at a token, 0 where none
// does.
func (r *reader) smellHere(at int) int {
	if at >= len(r.tokens) || r.tokens[at].mark != word {
		return 0
	}
	if _, n := r.lexicon.phrase(r.tokens[at:]); n > 0 {
		return n
	}
	text := r.tokens[at].text
	if _, ok := r.lexicon.guess(text); ok && !shapes(text) {
		return 1
	}
	return 0
}
