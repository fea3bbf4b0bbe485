package odor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func interpreter(t testing.TB) *Interpreter {
	t.Helper()
	in, err := DefaultInterpreter()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// describe writes an interpretation in one line: "+rose:1.5@top -musk
// ~sweet:0.5 =linalool ≠limonene ?asdf".
func describe(i Interpretation) string {
	var parts []string
	for _, w := range i.Descriptors {
		part := "+" + w.Descriptor
		if w.Weight != 1 {
			part += fmt.Sprintf(":%.2g", w.Weight)
		}
		if w.Note != "" {
			part += "@" + string(w.Note)
		}
		parts = append(parts, part)
	}
	for _, e := range i.Excluded {
		if e.Weight == 1 {
			parts = append(parts, "-"+e.Descriptor)
			continue
		}
		parts = append(parts, fmt.Sprintf("~%s:%.2g", e.Descriptor, e.Weight))
	}
	for _, o := range i.Odorants {
		parts = append(parts, "="+o)
	}
	for _, o := range i.ExcludedOdorants {
		parts = append(parts, "≠"+o)
	}
	for _, u := range i.Unrecognised {
		parts = append(parts, "?"+u)
	}
	return strings.Join(parts, " ")
}

func TestInterpret(t *testing.T) {
	tests := []struct{ name, prompt, want string }{
		// Words and their forms.
		{"descriptor", "musk", "+musk"},
		{"broader descriptor is implied", "lemon", "+lemon +citrus:0.4"},
		{"case and diacritics do not matter", "MÚSK", "+musk"},
		{"other word", "talcum", "+powdery"},
		{"plural", "roses", "+rose +floral:0.4"},
		{"plural in -ies", "cherries", "+cherry +fruity:0.4"},
		{"plural in -ves", "leaves", "+leafy +green:0.4"},
		{"adjective in -y", "peachy", "+peach +fruity:0.4"},
		{"adjective with a doubled letter", "figgy", "+fig +fruity:0.4"},
		{"participle", "spiced", "+spicy"},
		{"phrase before its words", "bell pepper", "+bell pepper +green:0.4 +vegetable:0.4"},
		{"hyphens separate", "orange-blossom", "+orange blossom +floral:0.4"},
		{"stated weight stands above the implied", "floral rose", "+floral +rose"},
		{"mentioned twice counts once", "musk, musk and musk", "+musk"},

		// Compounds.
		{"a phrase written as one word", "orangeblossom", "+orange blossom +floral:0.4"},
		{"two smells written as one word", "warmherbaceous", "+warm +herbal"},
		{"a short part is no word", "teabags", "?teabags"},

		// Misspellings.
		{"one letter too few", "vanila", "+vanilla +sweet:0.4"},
		{"letters swapped", "jasmnie", "+jasmine +floral:0.4"},
		{"two mistakes in a long word", "sandelwod", "+sandalwood +woody:0.4"},
		{"short words are not guessed", "rase", "?rase"},
		{"another initial is not guessed", "zanilla", "?zanilla"},

		// Accords.
		{"wet cedar", "wet cedar", "+cedar +watery:0.6 +woody:0.5 +earthy:0.3"},
		{"fresh-cut grass", "fresh-cut grass", "+grassy +green:0.8 +fresh:0.4"},
		{"sea breezes", "sea breezes", "+marine +ozonic:0.9 +fresh:0.6 +watery:0.4"},
		{"leather armchair", "leather armchair", "+leather +tobacco:0.5 +woody:0.5 +smoky:0.3"},
		{"crème brûlée", "crème brûlée", "+caramel +vanilla:0.8 +creamy:0.8 +burnt:0.4 +sweet:0.4"},

		// Degrees.
		{"less", "slightly smoky", "+smoky:0.5"},
		{"more", "strong musk", "+musk:1.5"},
		{"degrees multiply", "very strong musk", "+musk:2"},
		{"a degree governs the next smell only", "a hint of smoke and musk", "+smoky:0.5 +musk"},
		{"a degree does not cross a comma", "strong, musk", "+musk"},

		// Refusals.
		{"no", "amber, no musk", "+amber -musk"},
		{"without", "amber without smoky notes", "+amber -smoky"},
		{"no … or", "no musk or vanilla", "-musk -vanilla"},
		{"no, … or", "no musk, vanilla or smoke; amber", "+amber -musk -vanilla -smoky"},
		{"no … and ends", "no musk and amber", "+amber -musk"},
		{"without … and goes on", "without musk and vanilla", "-musk -vanilla"},
		{"a comma ends", "no musk, amber", "+amber -musk"},
		{"but ends", "without musk but with amber", "+amber -musk"},
		{"a full stop ends", "I don't like musk. Amber!", "+amber -musk"},
		{"don't with a curly apostrophe", "I don’t want musk", "-musk"},
		{"not too", "not too sweet", "~sweet:0.5"},
		{"not too governs one smell", "a not too sweet amber", "+amber ~sweet:0.5"},
		{"no strong", "amber, no strong musk", "+amber ~musk:0.5"},
		{"less of", "amber with less musk", "+amber ~musk:0.5"},
		{"un-", "unsweetened tea", "+tea -sweet"},
		{"-less", "smokeless leather", "+leather -smoky"},
		{"a word that un- does not negate", "amber under unsung hay", "+amber +hay ?unsung"},
		{"cloying is too much of it", "sweet, but not cloying", "+sweet"},
		{"go easy on", "amber, go easy on the musk", "+amber ~musk:0.5"},
		{"-free", "musk-free amber", "+amber -musk"},
		{"free of", "amber free of musk", "+amber -musk"},
		{"non-", "non-musky amber", "+amber -musk"},
		{"anything but", "amber, anything but musk", "+amber -musk"},
		{"not only refuses nothing", "not only amber but also musk", "+amber +musk"},
		{"excluded is not wanted", "amber and musk, no musk", "+amber -musk"},
		{"no lemon leaves citrus", "citrus, no lemon", "+citrus -lemon"},
		{"a list does not go on over a turn", "no musk, amber with hay or tea", "+amber +hay +tea -musk"},
		{"a list does not go on over another refusal", "no musk, amber, no hay or tea", "+amber -musk -hay -tea"},
		{"a new line ends", "no musk\namber", "+amber -musk"},
		{"refused twice, the stronger counts", "amber, less musk, no musk", "+amber -musk"},
		{"less of a named odorant is less of its smell", "amber, not too much furfural", "+amber ~bready:0.5 ~almond:0.42 ~caramel:0.35 ~nutty:0.26 ~sweet:0.21"},
		{"a refused accord", "amber, no tea tree", "+amber ~medicinal:0.9 ~herbal:0.8 ~camphor:0.6"},

		// Notes.
		{"note behind", "citrus top, floral heart and woody base", "+citrus@top +floral@heart +woody@base"},
		{"note before", "top notes of citrus and pepper; base of amber", "+citrus@top +pepper@top +amber@base +spicy:0.4@top"},
		{"note with a colon", "Base: amber, musk", "+amber@base +musk@base"},
		{"a turn ends a note", "a base of amber with musk", "+amber@base +musk"},
		{"a note apart places all", "amber and musk, base notes", "+amber@base +musk@base"},
		{"a refused note is not understood", "amber, no top notes", "+amber ?top"},
		{"two notes for one descriptor", "amber heart, amber base", "+amber"},

		{"verbs of place", "opens with citrus and pepper, then settles into amber", "+citrus@top +pepper@top +amber@base +spicy:0.4@top"},
		{"a verb of place ends what came before", "a woody heart that dries down to musk", "+woody@heart +musk@base"},
		{"a verb of place ends a refusal", "no musk, opens with lemon", "+lemon@top +citrus:0.4@top -musk"},

		// Names.
		{"odorant", "something like methional", "+potato +savory:0.85 +vegetable:0.7 +cooked:0.55 =methional"},
		{"Greek letters", "β-santalol", "+sandalwood +creamy:0.85 +woody:0.7 +animal:0.55 =beta-santalol"},
		{"numbers in names", "1,8-cineole", "+eucalyptus +camphor:0.85 +cooling:0.7 +herbal:0.6 +fresh:0.55 +rosemary:0.4 =1,8-cineole"},
		{"stereo prefix", "(E)-2-nonenal", "+cucumber +fatty:0.85 +aldehydic:0.7 +green:0.6 =(E)-2-nonenal"},
		{"refused by name", "amber without vanillin", "+amber ≠vanillin"},

		// What is not understood.
		{"unknown words", "asdf and qwerty, asdf", "?asdf ?qwerty"},
		{"unknown beside known", "grumpy musk", "+musk ?grumpy"},
		{"filler words are no smell", "please make me a perfume that smells of musk", "+musk"},
		{"numbers are no smell", "give me 5 molecules of musk", "+musk"},
		{"empty", "", ""},
		{"marks only", "?!,.;()", ""},
		{"another script", "麝香", "?麝香"},
	}
	in := interpreter(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(in.Interpret(tt.prompt)); got != tt.want {
				t.Errorf("%q\n got %s\nwant %s", tt.prompt, got, tt.want)
			}
		})
	}
}

func TestNotesAreListedFromTopToBase(t *testing.T) {
	got := interpreter(t).Interpret("woody base, citrus top, floral heart, amber base").Notes
	if !slices.Equal(got, Notes) {
		t.Errorf("notes %v, want %v", got, Notes)
	}
}

func TestUnderstood(t *testing.T) {
	for prompt, want := range map[string]bool{"musk": true, "top notes": true, "no musk": false, "asdf": false, "": false} {
		if got := interpreter(t).Interpret(prompt).Understood(); got != want {
			t.Errorf("%q is understood: %v, want %v", prompt, got, want)
		}
	}
}

// The grammar is looked up after whole phrases: no word may be both.
func TestGrammarAndLexiconDoNotOverlap(t *testing.T) {
	in := interpreter(t)
	check := func(text string) {
		if _, n := in.lexicon.phrase([]token{{text: text}}); n > 0 {
			t.Errorf("%q shapes a prompt and names a smell", text)
		}
	}
	for text := range degrees {
		check(text)
	}
	for text := range refusals {
		check(text)
	}
	for text := range noteWords {
		check(text)
	}
	for _, words := range []map[string]bool{excesses, refusedBehind, wishes, resumptions, listed, turns, joints, fillers} {
		for text := range words {
			check(text)
		}
	}
}

// Every word of the tables must be reachable under its own spelling, and every
// odorant by its name.
func TestEveryEntryIsFoundByItsOwnWords(t *testing.T) {
	in := interpreter(t)
	v := library(t).Vocabulary()
	for _, descriptor := range v.Descriptors() {
		for _, text := range append([]string{descriptor}, v.terms[descriptor].words...) {
			i := in.Interpret(text)
			if len(i.Descriptors) == 0 || i.Descriptors[0].Descriptor != descriptor || i.Descriptors[0].Weight != 1 || len(i.Unrecognised) > 0 {
				t.Errorf("%q is read as %s, want %s", text, describe(i), descriptor)
			}
		}
	}
	for _, o := range library(t).Odorants() {
		if v.Has(o.Name) {
			continue // the smell takes precedence, as for camphor
		}
		if i := in.Interpret("the scent of " + o.Name); !slices.Equal(i.Odorants, []string{o.Name}) || len(i.Unrecognised) > 0 {
			t.Errorf("%q is read as %s", o.Name, describe(i))
		}
	}
}

func FuzzInterpret(f *testing.F) {
	for _, seed := range []string{
		"fresh citrus over wet cedar, no musk", "top notes of bergamot; heart: rose", "not too sweet", "sugar-free (E)-2-hexenal",
		"without musk, vanilla or", "no no no free free but", "\xff\xfe", "(((", "’s'", "top top top base", "anything but",
		"neither musk nor", "not without", "avoid: musk, vanilla - hay", "w/o a/b & c", "no musk, , , or", "nor nor or - : —", "instead of",
	} {
		f.Add(seed)
	}
	in := interpreter(f)
	v := library(f).Vocabulary()
	f.Fuzz(func(t *testing.T, prompt string) {
		i := in.Interpret(prompt)
		seen := map[string]bool{}
		for _, w := range i.Descriptors {
			if !v.Has(w.Descriptor) || seen[w.Descriptor] || !(w.Weight > 0 && w.Weight <= MaxWeight) || w.Note != "" && !w.Note.Valid() {
				t.Errorf("%q: wanted %+v", prompt, w)
			}
			seen[w.Descriptor] = true
		}
		for _, e := range i.Excluded {
			if !v.Has(e.Descriptor) || !(e.Weight > 0 && e.Weight <= 1) {
				t.Errorf("%q: excluded %+v", prompt, e)
			}
			if e.Weight == 1 && seen[e.Descriptor] {
				t.Errorf("%q: %s is wanted and excluded", prompt, e.Descriptor)
			}
		}
		if again := in.Interpret(prompt); describe(again) != describe(i) {
			t.Errorf("%q is read as %s, then as %s", prompt, describe(i), describe(again))
		}
	})
}

func TestDistanceOfWords(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"musk", "musk", 0}, {"musk", "msuk", 1}, {"musk", "mus", 1}, {"musk", "dusk", 1}, {"musk", "muskk", 1},
		{"musk", "rose", 3}, {"abc", "", 3}, {"ca", "abc", 3},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if back := distance(tt.b, tt.a); back != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.b, tt.a, back, tt.want)
		}
	}
}

func TestWeightsStayInBounds(t *testing.T) {
	i := interpreter(t).Interpret(strings.Repeat("barely ", 400) + "musk " + strings.Repeat("very ", 2000) + "amber")
	for _, w := range i.Descriptors {
		if !(w.Weight > 0.01 && w.Weight <= MaxWeight) {
			t.Errorf("%+v", w)
		}
	}
}

// Words that are right as they are must not be taken for the smell that they
// look like.
func TestOrdinaryWordsAreNoSmell(t *testing.T) {
	in := interpreter(t)
	for text := range ordinary {
		if i := in.Interpret(text); len(i.Descriptors) > 0 {
			t.Errorf("%q is read as %s", text, describe(i))
		}
		if _, known := in.lexicon.phrases[text]; known || shapes(text) {
			t.Errorf("%q is ordinary and in another table", text)
		}
	}
}
