package term

// Size returns about how many bytes of memory the dictionary takes.
func (d *Dictionary) Size() int {
	return d.all.size() + d.words.size() + 8*len(d.words.starts)
}

func (d *index) size() int {
	const meaningSize = 64
	a := &d.automaton
	states := 4 * (len(a.first) + len(a.fail) + len(a.longest) + len(a.pattern) + len(a.rows) + len(a.start))
	total := len(a.code) + states + 4*len(d.firsts) + meaningSize*len(d.meanings)
	for _, m := range d.meanings {
		total += len(m.gaps)
	}
	return total
}

// ScanLetters is [Dictionary.Scan] without the short way for ASCII.
func (d *Dictionary) ScanLetters(text string, found func(Hit) bool) { d.all.scan(text, found) }
