package term

// Size returns about how many bytes of memory the dictionary takes.
func (d *Dictionary) Size() int {
	const meaningSize = 64
	a := &d.automaton
	states := 4 * (len(a.first) + len(a.fail) + len(a.longest) + len(a.pattern) + len(a.rows) + len(a.start))
	total := len(a.code) + states + 4*len(d.firsts) + meaningSize*len(d.meanings)
	for _, m := range d.meanings {
		total += len(m.gaps)
	}
	return total
}
