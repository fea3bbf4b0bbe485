package odor

import "testing"

func TestRefusals(t *testing.T) {
	tests := []struct{ prompt, want string }{
		// The words that refuse.
		{"neither musk nor vanilla, hay", "+hay -musk -vanilla"},
		{"hay, neither musk nor vanilla", "+hay -musk -vanilla"},
		{"hay with neither musk nor vanilla", "+hay -musk -vanilla"},
		{"everything apart from musk", "-musk"},
		{"aside from musk, hay", "+hay -musk"},
		{"everything except musk and vanilla", "-musk -vanilla"},
		{"everything but musk; hay", "+hay -musk"},
		{"anything other than vanilla; hay", "+hay -vanilla"},
		{"skip the musk", "-musk"},
		{"hold the musk", "-musk"},
		{"hay and amber, but hold the vanilla", "+hay +amber -vanilla"},
		{"lacks sweetness", "-sweet"},
		{"hay that lacks any musk", "+hay -musk"},
		{"a lack of sweetness, hay", "+hay -sweet"},
		{"lacking sweetness and smoke, hay", "+hay -sweet -smoky"},
		{"absence of musk, hay", "+hay -musk"},
		{"omit vanilla, smoke and musk", "-vanilla -smoky -musk"},
		{"refuse musk, hay", "+hay -musk"},
		{"leave out the vanilla and use hay", "+hay -vanilla"},
		{"stay away from musk, hay", "+hay -musk"},
		{"get rid of the musk, add hay", "+hay -musk"},
		{"I can't stand musk, hay", "+hay -musk"},
		{"hay, far from sweet", "+hay -sweet"},
		{"unlike musk, hay", "+hay -musk"},
		{"free of smoke", "-smoky"},
		{"free from musk or vanilla, with hay", "+hay -musk -vanilla"},
		{"free of musk, full of hay", "+hay:1.3 -musk"},
		{"without being sweet", "-sweet"},
		{"hay without being sweet or smoky", "+hay -sweet -smoky"},
		{"hay w/o musk and vanilla", "+hay -musk -vanilla"},
		{"hay without (any) musk", "+hay -musk"},
		{"nothing sweet or smoky", "-sweet -smoky"},
		{"no trace of smoke or musk, just hay", "+hay -smoky -musk"},
		{"hay. Nor vanilla", "+hay -vanilla"},
		{"hay, vanilla should be avoided", "+hay -vanilla"},
		{"excluded: musk", "-musk"},
		{"I do not want musk and vanilla", "-musk -vanilla"},
		{"I don't like musk or want vanilla", "-musk -vanilla"},

		// One for another.
		{"instead of hay, amber", "+amber -hay"},
		{"amber instead of hay", "+amber -hay"},
		{"instead of hay use amber", "+amber -hay"},
		{"amber rather than hay", "+amber -hay"},
		{"rather than musk, give me hay", "+hay -musk"},
		{"hay rather than sweet or powdery", "+hay -sweet -powdery"},
		{"a rather sweet hay", "+sweet:0.9 +hay"},

		// Refusing twice is asking for it.
		{"not without hay", "+hay"},
		{"I can't do without hay", "+hay"},
		{"don't forget the hay", "+hay"},
		{"no lack of hay", "+hay"},
		{"I do not hate hay", "+hay"},
		{"nothing but hay", "+hay"},
		{"nothing other than hay", "+hay"},
		{"nothing less than hay", "+hay"},
		{"avoid anything except hay", "+hay"},
		{"I do not want anything other than hay", "+hay"},
		{"don't want no musk", "-musk"},
		{"not only hay but amber", "+hay +amber"},

		// What is wanted again behind a refusal.
		{"I hate vanilla and love hay", "+hay -vanilla"},
		{"avoid musk and add hay", "+hay -musk"},
		{"avoid musk and I like hay", "+hay -musk"},
		{"hate musk, love hay", "+hay -musk"},
		{"no musk I want hay", "+hay -musk"},
		{"I don't like musk, but I like hay", "+hay -musk"},
		{"no vanilla but lots of hay", "+hay:1.4 -vanilla"},
		{"without musk and more hay", "+hay:1.3 -musk"},
		{"keep the hay and skip the musk", "+hay -musk"},
		{"love hay, skip vanilla, add amber", "+hay +amber -vanilla"},
		{"I love hay and hate musk", "+hay -musk"},
		{"please don't add musk or vanilla, use hay", "+hay -musk -vanilla"},
		{"instead of musk or vanilla, use hay and amber", "+hay +amber -musk -vanilla"},
		{"without sweet things like honey, hay", "+hay -sweet -honey"},

		// Lists.
		{"no musk please, I want hay or amber", "+hay +amber -musk"},
		{"no musk, please add hay or amber", "+hay +amber -musk"},
		{"no musk, something with hay or amber", "+hay +amber -musk"},
		{"no musk, lots of hay or amber", "+hay:1.4 +amber -musk"},
		{"hay, no musk, amber or tea", "+hay +amber +tea -musk"},
		{"hay, no musk, or vanilla", "+hay -musk -vanilla"},
		{"hay, no musk, vanilla nor smoke", "+hay -musk -vanilla -smoky"},
		{"hay, without musk, vanilla or smoke", "+hay -musk -vanilla -smoky"},
		{"hay with no musk, vanilla or smoke", "+hay -musk -vanilla -smoky"},
		{"no musk, a vanilla note or the smoke", "-musk -vanilla -smoky"},
		{"neither musk, vanilla nor smoke, but hay", "+hay -musk -vanilla -smoky"},
		{"without musk, vanilla and smoke", "-musk -vanilla -smoky"},
		{"without musk, vanilla, and smoke; hay", "+hay -musk -vanilla -smoky"},
		{"without musk, and hay", "+hay -musk"},
		{"no musk, hay, amber", "+hay +amber -musk"},
		{"I want hay, not vanilla, and amber", "+hay +amber -vanilla"},
		{"no musk/vanilla", "-musk -vanilla"},
		{"without musk & vanilla", "-musk -vanilla"},
		{"hay / no musk / amber", "+hay +amber -musk"},
		{"hay (without musk) and amber", "+hay +amber -musk"},

		// Colons and dashes.
		{"no musk: hay", "+hay -musk"},
		{"no musk: hay or amber", "+hay +amber -musk"},
		{"no musk - hay", "+hay -musk"},
		{"no musk – hay", "+hay -musk"},
		{"no musk — hay and amber", "+hay +amber -musk"},
		{"no musk--hay", "+hay -musk"},
		{"hay — no musk — amber", "+hay +amber -musk"},
		{"avoid: musk, vanilla, smoke. hay", "+hay -musk -vanilla -smoky"},
		{"avoid: musk and vanilla, include: hay", "+hay -musk -vanilla"},
		{"top: tea - heart: hay - base: amber", "+tea@top +hay@heart +amber@base"},

		// Qualities.
		{"fresh but not sweet citrus", "+fresh +citrus -sweet"},
		{"neither sweet nor smoky hay", "+hay -sweet -smoky"},
		{"citrus that isn't sweet", "+citrus -sweet"},
		{"not sweet or smoky, hay", "+hay -sweet -smoky"},
		{"not a sweet citrus", "-sweet -citrus"},
		{"I do not want sweet citrus", "-sweet -citrus"},
		{"no sweet musk", "-sweet -musk"},
		{"less sweet, more citrus", "+citrus:1.3 ~sweet:0.5"},
		{"not too sweet citrus", "+citrus ~sweet:0.5"},
		{"neither too sweet nor too smoky, hay", "+hay ~sweet:0.5 ~smoky:0.5"},
	}
	in := interpreter(t)
	for _, tt := range tests {
		t.Run(tt.prompt, func(t *testing.T) {
			if got := describe(in.Interpret(tt.prompt)); got != tt.want {
				t.Errorf(" got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A dash between words is a mark; within a word, or between digits, it is none.
func TestDashesAndStrokes(t *testing.T) {
	tests := []struct{ text, want string }{
		{"orange-blossom", "orange blossom"},
		{"a - b", "a | b"}, {"a -- b", "a | b"}, {"a–b", "a | b"}, {"a — b", "a | b"}, {"a: b", "a | b"},
		{"- a", "a"}, {"a -", "a"}, {"1:2", "1 2"},
		{"a/b", "a or b"}, {"a / b", "a , b"}, {"a & b", "a and b"},
		{"w/o a", "w o a"}, {"raw/oak", "raw or oak"}, {"w/oak", "w or oak"}, {"w/ a", "w , a"},
	}
	signs := map[mark]string{comma: ",", pause: "|", stop: "."}
	for _, tt := range tests {
		var got string
		for i, token := range tokenise(tt.text) {
			if i > 0 {
				got += " "
			}
			got += token.text + signs[token.mark]
		}
		if got != tt.want {
			t.Errorf("%q is read as %q, want %q", tt.text, got, tt.want)
		}
	}
}
