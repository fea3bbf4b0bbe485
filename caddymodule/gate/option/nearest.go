package option

// Nearest returns the word that is most like the text: the one that needs the
// fewest changed letters, at most a third of them. "" means none.
func Nearest(text string, words []string) string {
	best, distance := "", max(1, len(text)/3)+1
	for _, word := range words {
		if d := edits(text, word); d < distance {
			best, distance = word, d
		}
	}
	return best
}

// edits returns how many letters must be added, removed or replaced to turn a
// into b (the Levenshtein distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
