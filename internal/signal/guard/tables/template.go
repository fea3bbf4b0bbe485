package tables

import (
	"math/rand/v2"
	"regexp"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// slot is a place of a template that a part fills.
var slot = regexp.MustCompile(`\{(\w+)\}`)

// Fill fills a template with parts of its language at random. A part may have
// slots itself.
func (p Parts) Fill(rng *rand.Rand, language, template string) string {
	for range 3 {
		template = slot.ReplaceAllStringFunc(template, func(found string) string {
			values := p[language][found[1:len(found)-1]]
			if len(values) == 0 {
				return found
			}
			return values[rng.IntN(len(values))]
		})
	}
	return textnorm.Normalise(template)
}
