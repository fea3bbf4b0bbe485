package term

// automaton finds patterns in a sequence of codes (Aho and Corasick, Efficient
// String Matching, CACM 18(6), 1975).
//
// Its states are the prefixes of the patterns, numbered by length and then in
// order, so that the states that continue one follow one another. The shortest,
// where a search spends nearly all its time, have a full row of followers for
// the codes of ASCII. A state takes 17 bytes and a row 148.
type automaton struct {
	// code is what leads into a state, from the state that it continues.
	code []byte
	// first is the first state that continues a state; the last is the one
	// before the next state's.
	first []int32
	// fail is the longest state that a state ends with, apart from itself.
	fail []int32
	// longest is the longest state that a state ends with, itself included, which
	// is a whole pattern; the root if there is none.
	longest []int32
	// pattern is the number of the pattern that a state is.
	pattern []int32
	// rows are the followers of the first states.
	rows []int32
	// start are the states of one code.
	start [256]int32
}

// root is the state of the empty prefix.
const root = 0

// maxRows is how many states of all terms have a row.
const maxRows = 4 << 10

// newAutomaton returns the automaton of patterns, which are sorted, distinct
// and not empty. The patterns are numbered in their order. The first states, as
// many as rows, have a row.
func newAutomaton(patterns []string, rows int) automaton {
	var a automaton
	a.addStates(patterns)
	a.addFailures(rows)
	return a
}

// addStates adds the states of all prefixes, the shortest first.
func (a *automaton) addStates(patterns []string) {
	type prefix struct{ from, to, length int32 } // of the patterns that share it
	prefixes := []prefix{{0, int32(len(patterns)), 0}}
	a.code = []byte{0}
	for state := 0; state < len(prefixes); state++ {
		p := prefixes[state]
		a.first = append(a.first, int32(len(prefixes)))
		a.pattern = append(a.pattern, -1)
		if p.from < p.to && len(patterns[p.from]) == int(p.length) {
			a.pattern[state] = p.from
			p.from++
		}
		for p.from < p.to {
			c := patterns[p.from][p.length]
			to := p.from + 1
			for to < p.to && patterns[to][p.length] == c {
				to++
			}
			a.code = append(a.code, codes[c])
			prefixes = append(prefixes, prefix{p.from, to, p.length + 1})
			p.from = to
		}
	}
	a.first = append(a.first, int32(len(prefixes)))
}

// addFailures links each state to the longest that it ends with, the shortest
// first, and makes the rows.
func (a *automaton) addFailures(rows int) {
	states := len(a.code)
	a.fail = make([]int32, states)
	a.longest = make([]int32, states)
	rows = min(states, rows)
	a.rows = make([]int32, rows*asciiCodes)
	for child := a.first[root]; child < a.first[root+1]; child++ {
		a.start[a.code[child]] = child
	}
	for state := range int32(states) {
		fail := a.fail[state]
		if a.longest[state] = a.longest[fail]; a.pattern[state] >= 0 {
			a.longest[state] = state
		}
		if int(state) < rows && state != root {
			copy(a.rows[int(state)*asciiCodes:], a.rows[int(fail)*asciiCodes:][:asciiCodes])
		}
		for child := a.first[state]; child < a.first[state+1]; child++ {
			if state != root {
				a.fail[child] = a.next(fail, a.code[child])
			}
			if int(state) < rows && a.code[child] < asciiCodes {
				a.rows[int(state)*asciiCodes+int(a.code[child])] = child
			}
		}
	}
}

// next returns the longest state that the codes so far end with, after one
// more.
func (a *automaton) next(state int32, code byte) int32 {
	for {
		if at := int(state)*asciiCodes + int(code); code < asciiCodes && at < len(a.rows) {
			return a.rows[at]
		}
		if state == root {
			return a.start[code]
		}
		if follower := a.follower(state, code); follower != root {
			return follower
		}
		state = a.fail[state]
	}
}

// few is how many followers are looked through one by one.
const few = 8

// follower returns the state that continues a state with a code; the root for
// none.
func (a *automaton) follower(state int32, code byte) int32 {
	low, high := a.first[state], a.first[state+1]
	for high-low > few {
		middle := low + (high-low)/2
		if a.code[middle] <= code {
			low = middle
		} else {
			high = middle
		}
	}
	for ; low < high; low++ {
		if a.code[low] == code {
			return low
		}
	}
	return root
}
